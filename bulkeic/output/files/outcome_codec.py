"""Outcomes as bytes: JSON Lines without control characters, CSV without formulas.

CSV: a spreadsheet evaluates a cell that starts with ``= + - @`` (or a full-width form of them) as a
formula, sometimes after blanks or quotes. In locales with a decimal comma, it also starts a cell at
each ``;`` and line end, quoted or not. An apostrophe is put before the formula in all these places;
to get the text back, remove one apostrophe in each of them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from bulkeic.core.errors import printable
from bulkeic.core.outcome_fields import OUTCOME_FIELDS, OutcomeValues

Encoder = Callable[[Iterable[OutcomeValues]], bytes]

HEADER = ",".join(OUTCOME_FIELDS).encode() + b"\n"
_Record = msgspec.defstruct("_Record", OUTCOME_FIELDS, gc=False)
_encode_lines = msgspec.json.Encoder().encode_lines
_FORMULA = r"[\s\"'\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_CELL_START = rf"(?:{_FORMULA}|'*[\t\r\n\0])"
_FORMULA_START = re.compile(rf"\A(?={_CELL_START})|(?<=[;|\t\r\n])(?={_FORMULA})")
_MAY_BE_FORMULA = re.compile(r"[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]").search
_NOT_PLAIN = re.compile(r"[^\n\x20-\x7e]")


def safe_json(data: bytes) -> bytes:
    """The same JSON with every control character escaped."""
    if data.isascii() and b"\x7f" not in data:
        return data  # msgspec has escaped the rest
    return _NOT_PLAIN.sub(_escaped, data.decode()).encode()


def jsonl(records: Iterable[OutcomeValues]) -> bytes:
    """A line for each outcome."""
    return safe_json(_encode_lines([_Record(*values) for values in records]))


def csv_rows(records: Iterable[OutcomeValues]) -> bytes:
    """A row for each outcome; nested values are JSON."""
    return _csv(records, _cell)


def terminal_csv_rows(records: Iterable[OutcomeValues]) -> bytes:
    """CSV for a terminal: with control characters escaped as well."""
    return _csv(records, _terminal_cell)


def escape_cell(text: str) -> str:
    """The text of a cell, changed so that no spreadsheet evaluates it as a formula."""
    return _FORMULA_START.sub("'", text) if _MAY_BE_FORMULA(text) else text


def _csv(records: Iterable[OutcomeValues], cell: Callable[[Any], Any]) -> bytes:
    text = io.StringIO()
    # All texts are quoted: otherwise a single CR would end a row.
    rows = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for values in records:
        rows.writerow(map(cell, values))
    return text.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        value = msgspec.json.encode(value).decode()
    return escape_cell(value) if isinstance(value, str) else value


def _terminal_cell(value: Any) -> Any:
    cell = _cell(value)
    return printable(cell) if isinstance(cell, str) else cell


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return character
    data = character.encode("utf-16-be")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
