"""Masks secrets in texts of servers and proxies.

These quote what they were sent: headers, canonical requests, URLs. A known secret is masked where
it is verbatim or quoted; a text that holds it in another encoding is masked as a whole. An unknown
secret is found by its form or by the name before it.
"""

import re
from collections import Counter
from collections.abc import Iterable
from string import whitespace
from urllib.parse import quote

from bulkeic.core.errors import InputError
from bulkeic.core.texts.encoded_secrets import fragments, holds_fragment

HIDDEN = "***"
LEAST_CHARACTERS = 16
"""Shorter values are not keys of AWS, and may be everyday words."""

# The rest of a longer error helps no reader, and would take long to search.
_MAX_CHARACTERS = 16_384
# What may be between a name and its value; also in URL encoding.
_BLANK = r"""(?:["'\\\s]|%2[027])*"""
_IS = rf"{_BLANK}(?:[:=>]|%3[ade]){_BLANK}"
_NAMES = (
    "(?:security-token|signature|credential|access_?key_?id|secret_?access_?key|session_?token)"
)
_VALUE = r"""(?:(?!%(?:0[ad]|2[027c]))[^\s"'<>,;&()\\])+"""
_named = re.compile(rf"(?i)({_NAMES}{_IS}){_VALUE}")
_words = re.compile(r"""[^\s"'<>]+""")
_percent = re.compile(r"%[0-9A-F]{2}")
_scheme = re.compile(r":(?:\\?/){2}")
_is_arn = re.compile(r"[\w:/$.-]+").fullmatch
_LONGEST_ARN = 300
# Everything that ``_named`` and ``_authorization`` find contains one of these words.
_NAME_WORDS = ("token", "key", "signature", "credential", "authorization")
_authorization = re.compile(rf"(?i)(authorization{_IS}(?:basic|bearer){_BLANK}){_VALUE}")
# Access key ids, and everything that looks like a signature.
_keys_and_signatures = re.compile(r"A[KS]IA[0-9A-Z]{12,}|[0-9a-f]{64,}")


class KnownSecrets:
    """Values that must be masked; thousands are found as fast as one.

    Args:
        values: the first ones; short values are ignored.

    Attributes:
        changes: how often a value was added or removed.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.changes = 0
        self._by_start: dict[str, Counter[str]] = {}
        self._fragments: Counter[str] = Counter()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Adds a value; it is masked until it is removed as often as it was added."""
        self.changes += 1
        for form in _forms(value):
            self._by_start.setdefault(form[:LEAST_CHARACTERS], Counter())[form] += 1
        if len(value) >= LEAST_CHARACTERS:
            self._fragments.update(fragments(value))

    def remove(self, value: str) -> None:
        """Removes a value that was added."""
        self.changes += 1
        for form in _forms(value):
            start = form[:LEAST_CHARACTERS]
            counts = self._by_start[start]
            counts[form] -= 1
            if not counts[form]:
                del counts[form]
            if not counts:
                del self._by_start[start]
        if len(value) >= LEAST_CHARACTERS:
            for fragment in fragments(value):
                self._fragments[fragment] -= 1
                if not self._fragments[fragment]:
                    del self._fragments[fragment]

    def is_in(self, text: str) -> bool:
        """Whether a text holds a part of a known value, in any encoding."""
        return holds_fragment(text, self._fragments)

    def mask(self, text: str) -> str:
        """The text with every known value masked."""
        starts: Iterable[str] = (
            text[at : at + LEAST_CHARACTERS] for at in range(len(text) - LEAST_CHARACTERS + 1)
        )
        if len(self._by_start) < len(text):
            starts = [start for start in self._by_start if start in text]
        found = {form for start in starts for form in self._by_start.get(start, ()) if form in text}
        for form in sorted(found, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text


def _forms(value: str) -> set[str]:
    """A value verbatim, in its URL encodings, and with the escaped slashes of some JSON encoders.

    Each form also without trailing ``=``, which some JSON encoders escape, too.
    """
    forms = set()
    for text in {value, value.rstrip("=")}:
        if len(text) >= LEAST_CHARACTERS:
            quoted = {quote(text, safe=safe, errors="replace") for safe in ("", "/")}
            lower = {_percent.sub(lambda found: found[0].lower(), each) for each in quoted}
            forms |= {text, text.replace("/", "\\/")} | quoted | lower
    return forms


def _mask_login(found: re.Match[str]) -> str:
    """Masks the login of a word that is a URL; the login may hold slashes."""
    word = found[0]
    end = word.rfind("@")
    begin = _scheme.search(word, 0, max(end, 0))
    return word if begin is None else word[: begin.end()] + HIDDEN + word[end:]


def _mask_value(found: re.Match[str]) -> str:
    """Masks the value after a name, except in an ARN, where a function may have that name."""
    begin = found.string.rfind("arn:aws", max(found.start() - _LONGEST_ARN, 0), found.start())
    in_arn = begin >= 0 and _is_arn(found.string, begin, found.end())
    return found[0] if in_arn else found[1] + HIDDEN


def redact(text: str, known: KnownSecrets = KnownSecrets()) -> str:  # noqa: B008 - never changed
    """Masks the secrets in a text, and cuts a very long one.

    Args:
        text: any text.
        known: values to mask in every form.
    """
    if len(text) > _MAX_CHARACTERS:
        # A secret that is cut in two would not be found, so the last word is cut, too.
        text = text[:_MAX_CHARACTERS]
        text = text[: max(map(text.rfind, whitespace)) + 1] + "…"
    text = known.mask(text)
    if "@" in text:
        text = _words.sub(_mask_login, text)
    if _may_have_name(text):
        text = _named.sub(_mask_value, text)
        text = _authorization.sub(rf"\1{HIDDEN}", text)
    text = _keys_and_signatures.sub(HIDDEN, text)
    return HIDDEN if known.is_in(text) else text


def _may_have_name(text: str) -> bool:
    """Whether a text may hold one of the names. Some letters outside ASCII match letters in it."""
    lower = text.lower()
    return not text.isascii() or any(word in lower for word in _NAME_WORDS)


def parse_endpoint(url: str) -> str:
    """Checks the URL of an endpoint and returns it; a login in it would be printed and never used.

    Raises:
        InputError: it has a login; the text does not repeat it.
    """
    if "@" in url:
        raise InputError(
            "a URL with a login is invalid, because requests are signed; "
            "remove everything up to the @"
        )
    return url
