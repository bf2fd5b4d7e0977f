"""What CloudTrail records about a role session, as AssumeRole takes it: source identity and tags.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
"""

import re
import unicodedata
from collections.abc import Iterable

from bulkeic.core.errors import InputError, quoted

MOST_TAGS = 50
_RESERVED = "aws:"
_KEY_CHARACTERS, _VALUE_CHARACTERS = 128, 256
_match_identity = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII).fullmatch
_PUNCTUATION = frozenset("_.:/=+-@")
_CATEGORIES = frozenset("LZN")

SessionTag = tuple[str, str]
"""Key and value."""


def parse_source_identity(text: str) -> str:
    """Checks a source identity and returns it.

    Raises:
        InputError: it is invalid.
    """
    if not _match_identity(text) or text.startswith(_RESERVED):
        raise InputError(
            f"{quoted(text)} is not a source identity; expected 2 to 64 letters, digits and "
            "_+=,.@-, such as jane@example.com"
        )
    return text


def parse_session_tag(text: str) -> SessionTag:
    """Parses a tag like ``ticket=OPS-7``; the value may be empty, and may contain ``=``.

    Raises:
        InputError: it is invalid.
    """
    key, mark, value = text.partition("=")
    if not mark or not key:
        raise InputError(f"{quoted(text)} is not a tag; expected KEY=VALUE, such as ticket=OPS-7")
    if key.lower().startswith(_RESERVED):
        raise InputError(f"the key {quoted(key)} begins with aws:, which AWS reserves")
    for name, part, longest in (("key", key, _KEY_CHARACTERS), ("value", value, _VALUE_CHARACTERS)):
        if len(part) > longest or not all(map(_is_allowed, part)):
            raise InputError(
                f"the {name} {quoted(part)} is invalid; expected at most {longest} letters, "
                "digits, spaces and _.:/=+-@"
            )
    return key, value


def write_session_tag(tag: SessionTag) -> str:
    """The text that ``parse_session_tag`` reads as a tag."""
    return "=".join(tag)


def check_session_tags(tags: Iterable[SessionTag]) -> None:
    """Checks that tags can be sent together.

    Raises:
        InputError: there are too many, or two keys differ at most in their case.
    """
    keys = [key for key, _ in tags]
    if len(keys) > MOST_TAGS:
        raise InputError(f"{len(keys)} tags are too many; expected at most {MOST_TAGS}")
    known: dict[str, str] = {}
    for key in keys:
        if key.lower() in known:
            other = known[key.lower()]
            raise InputError(f"{quoted(other)} and {quoted(key)} are one key: case does not matter")
        known[key.lower()] = key


def _is_allowed(character: str) -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in _CATEGORIES
