"""Targets as the bytes of a targets file, in batches."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.targets.target_rows import TARGET_COLUMNS, TargetValues
from bulkeic.output.files.outcome_codec import escape_cell, safe_json

TargetsEncoder = Callable[[Iterable[TargetValues], Sequence[str]], Iterator[bytes]]
"""Makes bytes of rows, of which each has some of the columns."""

_BATCH = 500
_encode_lines = msgspec.json.Encoder().encode_lines
_encode = msgspec.json.Encoder().encode


def targets_csv(
    rows: Iterable[TargetValues], columns: Sequence[str] = TARGET_COLUMNS
) -> Iterator[bytes]:
    """A header, and a row for each target; what is not set is an empty cell."""
    yield f"{','.join(columns)}\n".encode()
    for batch in _batches(rows):
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([_cell(row.get(column, "")) for column in columns] for row in batch)
        yield text.getvalue().encode()


def targets_jsonl(
    rows: Iterable[TargetValues], _columns: Sequence[str] = TARGET_COLUMNS
) -> Iterator[bytes]:
    """A line for each target."""
    for batch in _batches(rows):
        yield safe_json(_encode_lines(batch))


def targets_json(
    rows: Iterable[TargetValues], _columns: Sequence[str] = TARGET_COLUMNS
) -> Iterator[bytes]:
    """An array with an object for each target."""
    separator = b"[\n"
    for batch in _batches(rows):
        yield separator + safe_json(b",\n".join(map(_encode, batch)))
        separator = b",\n"
    yield b"\n]\n" if separator == b",\n" else b"[]\n"


_BY_ENDING: dict[str, TargetsEncoder] = {
    ".csv": targets_csv,
    ".json": targets_json,
    ".jsonl": targets_jsonl,
    ".ndjson": targets_jsonl,
}


def targets_encoder(out: str | None) -> TargetsEncoder:
    """The encoder for a new targets file.

    Args:
        out: its path, whose ending names the format; ``None``: stdout, as CSV.

    Raises:
        UsageError: the ending is not that of a targets file.
    """
    encoder = targets_csv if out is None else _BY_ENDING.get(Path(out).suffix.lower())
    if encoder is None:
        raise UsageError(
            f"--out {quoted(out)}: the file ending is not a known format; "
            f"expected one of {', '.join(_BY_ENDING)}"
        )
    return encoder


def is_targets_file(path: str) -> bool:
    """Whether a path has the ending of a targets file."""
    return Path(path).suffix.lower() in _BY_ENDING


def _cell(value: str | int) -> str | int:
    return escape_cell(value) if isinstance(value, str) else value


def _batches(rows: Iterable[TargetValues]) -> Iterator[list[TargetValues]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        yield batch
