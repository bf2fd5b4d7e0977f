"""Finds secrets that are encoded, split, cut or written in other case.

A secret is looked for by fragments, in every text that the given one decodes to. What is between
the letters and digits does not count, and neither does case.
"""

import base64
import binascii
import html
import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import unquote

FRAGMENT = 16
"""Letters and digits of a fragment. A shorter piece of a secret is not found."""

_MAX_VIEWS = 64
_MAX_CHARACTERS = 65_536
_not_alphanumeric = re.compile(r"[^0-9a-z]+")
_NOT_ALPHANUMERIC_ASCII = bytes(set(range(128)) - set(b"0123456789abcdefghijklmnopqrstuvwxyz"))
# Shorter words hold no whole fragment.
_find_base64 = re.compile(r"[A-Za-z0-9+/_-]{22,}").findall
_json_escape = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))")
_ALIGNMENTS = 4


def fragments(secret: str) -> Iterator[str]:
    """The fragments by which a secret is found: one after another, and its end."""
    text = _folded(secret)
    last = len(text) - FRAGMENT
    if last < 0:
        return
    for start in {*range(0, last + 1, FRAGMENT), last}:
        fragment = text[start : start + FRAGMENT]
        # Account ids and zeros are no secrets.
        if not fragment.isdigit():
            yield fragment


def holds_fragment(text: str, known: Counter[str]) -> bool:
    """Whether a text holds a fragment in any encoding.

    Args:
        text: of any length; what is behind some ten thousand characters is not read.
        known: the fragments of all secrets.
    """
    if not known:
        return False
    waiting, seen = [text[:_MAX_CHARACTERS]], {text}
    while waiting:
        view = waiting.pop()
        if _holds(view, known):
            return True
        for decoded in _decoded(view):
            if decoded in seen:
                continue
            seen.add(decoded)
            # What is not ASCII was no text; it may still hold a secret among other bytes.
            if view.isascii() and not decoded.isascii():
                if _holds(decoded, known):
                    return True
            elif len(seen) <= _MAX_VIEWS:
                waiting.append(decoded)
    return False


def _holds(view: str, known: Counter[str]) -> bool:
    folded = _folded(view)
    if len(known) < len(folded):
        return any(fragment in folded for fragment in known)
    starts = range(len(folded) - FRAGMENT + 1)
    return any(folded[start : start + FRAGMENT] in known for start in starts)


def _decoded(text: str) -> Iterator[str]:
    """What a text is if it is in one of the encodings."""
    if "%" in text:
        yield unquote(text, errors="replace")
    if "&" in text:
        yield html.unescape(text)
    if "\\" in text:
        yield _json_escape.sub(_unescaped, text)
    for word in _find_base64(text):
        for start in range(_ALIGNMENTS):
            piece = word[start:].replace("-", "+").replace("_", "/")
            piece = piece[: len(piece) // 4 * 4]
            try:
                yield base64.b64decode(piece).decode("latin-1")
            except binascii.Error:
                continue


def _unescaped(found: re.Match[str]) -> str:
    number = found[1] or found[2]
    return found[3] if number is None else chr(int(number, 16))


def _folded(text: str) -> str:
    lower = text.lower()
    if lower.isascii():
        return lower.encode().translate(None, _NOT_ALPHANUMERIC_ASCII).decode()
    return _not_alphanumeric.sub("", lower)
