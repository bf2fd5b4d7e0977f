"""Which tags a function must have: ``--tag team=payments`` or ``--tag team``.

Filters with one key allow any of their values, and a key without a value allows every value.
Filters with different keys must all match. The limits are those of GetResources, in botocore's
model of the Resource Groups Tagging API.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from bulkeic.core.errors import InputError, UsageError, quoted

_KEY_CHARACTERS = 128
_VALUE_CHARACTERS = 256
_KEYS = 50
_VALUES = 20
# No tag of Lambda has a comma:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
_match_cli_form = re.compile(r"(?:Key|Name)=[^,]*,\s*Values?=.*", re.DOTALL).fullmatch


class TagFilter(msgspec.Struct, frozen=True):
    """One ``--tag``.

    Attributes:
        value: ``None``: any; empty: the tag without a value.
    """

    key: str
    value: str | None = None

    def __str__(self) -> str:
        """As it is typed."""
        return self.key if self.value is None else f"{self.key}={self.value}"


def parse_tag(text: str) -> TagFilter:
    """The filter that a text stands for; the first ``=`` ends the key.

    Raises:
        InputError: the key is empty, a part is too long, or the text is in the form of the AWS CLI.
    """
    if _match_cli_form(text):
        raise InputError(
            f"{quoted(text)} is in the form of the AWS CLI; expected key=value, such as "
            "team=payments, or key for any value"
        )
    key, has_value, value = text.partition("=")
    if not key or len(key) > _KEY_CHARACTERS or len(value) > _VALUE_CHARACTERS:
        raise InputError(
            f"{quoted(text)} is not a tag; expected key=value or key, with a key of 1 to "
            f"{_KEY_CHARACTERS} characters and a value of at most {_VALUE_CHARACTERS}"
        )
    return TagFilter(key, value if has_value else None)


def allowed_values(filters: Iterable[TagFilter]) -> dict[str, tuple[str, ...]]:
    """The values that are allowed, by key; an empty tuple: any value.

    Raises:
        UsageError: AWS takes fewer keys, or fewer values of a key.
    """
    values: dict[str, dict[str, None]] = {}
    keys_alone = set()
    for each in filters:
        known = values.setdefault(each.key, {})
        if each.value is None:
            keys_alone.add(each.key)
        else:
            known[each.value] = None
    found = {key: () if key in keys_alone else tuple(known) for key, known in values.items()}
    if len(found) > _KEYS:
        raise UsageError(f"--tag names {len(found)} keys; expected at most {_KEYS}")
    for key, allowed in found.items():
        if len(allowed) > _VALUES:
            raise UsageError(
                f"--tag names {len(allowed)} values of {quoted(key)}; expected at most {_VALUES}, "
                f"or --tag {key} for any value"
            )
    return found


def has_tags(tags: Mapping[str, str], allowed: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a function has each of the tags, with a value that is allowed."""
    return all(
        key in tags and (not values or tags[key] in values) for key, values in allowed.items()
    )
