"""The texts of CSV cells, as docs/outcomes.md says how to get them back."""

import re

_FORMULA = r"[\s\"'\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_ESCAPED = re.compile(rf"\A'(?={_FORMULA}|'*[\t\r\n\0])|(?<=[;|\t\r\n])'(?={_FORMULA})")


def unescaped(cell: str) -> str:
    """The text of a cell, without the apostrophes that keep it from being a formula."""
    return _ESCAPED.sub("", cell)
