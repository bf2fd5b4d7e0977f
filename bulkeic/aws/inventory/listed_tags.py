"""The tags in an answer of another service."""

from typing import Any

import msgspec


class _ListedTag(msgspec.Struct, rename="pascal"):
    key: str
    value: str | None = None


def read_tags(value: Any) -> dict[str, str]:
    """Returns tags by key; a tag without a value has an empty one.

    Raises:
        ValueError: it is not a list of tags.
    """
    tags = {tag.key: tag.value or "" for tag in msgspec.convert(value, list[_ListedTag])}
    try:
        "".join([*tags, *tags.values()]).encode()
    except UnicodeEncodeError:  # an unpaired surrogate, which cannot be stored
        raise ValueError("a tag is not a text") from None
    return tags
