"""The formats of a file of rows."""

from enum import StrEnum


class Format(StrEnum):
    """What a file of rows is written in."""

    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
