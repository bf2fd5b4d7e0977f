"""Targets as the bytes of a targets file, in batches."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import msgspec

from bulkeic.core.target_rows import TARGET_COLUMNS, TargetValues

TargetsEncoder = Callable[[Iterable[TargetValues]], Iterator[bytes]]
_BATCH = 500
_encode_lines = msgspec.json.Encoder().encode_lines
_encode = msgspec.json.Encoder().encode


def targets_csv(rows: Iterable[TargetValues]) -> Iterator[bytes]:
    """A header, and a row for each target; what is not set is an empty cell."""
    yield f"{','.join(TARGET_COLUMNS)}\n".encode()
    for batch in _batches(rows):
        text = io.StringIO()
        writer = csv.DictWriter(text, TARGET_COLUMNS, restval="", lineterminator="\n")
        writer.writerows(batch)
        yield text.getvalue().encode()


def targets_jsonl(rows: Iterable[TargetValues]) -> Iterator[bytes]:
    """A line for each target."""
    for batch in _batches(rows):
        yield _encode_lines(batch)


def targets_json(rows: Iterable[TargetValues]) -> Iterator[bytes]:
    """An array with an object for each target."""
    separator = b"[\n"
    for batch in _batches(rows):
        yield separator + b",\n".join(map(_encode, batch))
        separator = b",\n"
    yield b"\n]\n" if separator == b",\n" else b"[]\n"


TARGETS_BY_ENDING: dict[str, TargetsEncoder] = {
    ".csv": targets_csv,
    ".json": targets_json,
    ".jsonl": targets_jsonl,
    ".ndjson": targets_jsonl,
}
"""The format of each ending."""


def _batches(rows: Iterable[TargetValues]) -> Iterator[list[TargetValues]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
