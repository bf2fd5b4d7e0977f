"""Outcomes as bytes: JSON Lines that no terminal acts on, CSV that no spreadsheet acts on.

CSV: a spreadsheet takes what begins with ``= + - @`` for a formula, in their full-width forms too,
some of them behind blanks or quotes; and where the decimal comma is usual, it begins a cell at each
``;`` and at the end of each line, whether quoted or not. In all these places an apostrophe goes
before the formula, and ``original`` takes it away again.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from bulkeic.core.errors import printable
from bulkeic.core.model import Outcome
from bulkeic.core.outcome_fields import OUTCOME_FIELDS, outcome_values

Encoder = Callable[[Iterable[Outcome]], bytes]

HEADER = ",".join(OUTCOME_FIELDS).encode() + b"\n"
_Record = msgspec.defstruct("_Record", OUTCOME_FIELDS)
_FORMULA = r"[\s\"'\x00-\x1f\u200b-\u200f\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_BEGINS = rf"(?:{_FORMULA}|'*[\t\r\n\0])"
_ARMED = re.compile(rf"\A(?={_BEGINS})|(?<=[;|\t\r\n])(?={_FORMULA})")
_DISARMED = re.compile(rf"\A'(?={_BEGINS})|(?<=[;|\t\r\n])'(?={_FORMULA})")
_MAY_BE_ARMED = re.compile(r"[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]").search
_NOT_PLAIN = re.compile(r"[^\n\x20-\x7e]")


def safe_json(data: bytes) -> bytes:
    """JSON that says the same, with all that a terminal would act on escaped."""
    if data.isascii() and b"\x7f" not in data:
        return data  # msgspec has escaped the rest
    return _NOT_PLAIN.sub(_escaped, data.decode()).encode()


def jsonl(outcomes: Iterable[Outcome]) -> bytes:
    """A line for each outcome."""
    encode = msgspec.json.encode
    records = (_Record(*outcome_values(outcome)) for outcome in outcomes)
    return safe_json(b"".join(encode(record) + b"\n" for record in records))


def csv_rows(outcomes: Iterable[Outcome]) -> bytes:
    """A row for each outcome; nested values are JSON."""
    return _csv(outcomes, _cell)


def shown_csv_rows(outcomes: Iterable[Outcome]) -> bytes:
    """The same for a terminal: with all that it would act on escaped."""
    return _csv(outcomes, _shown_cell)


def disarmed(text: str) -> str:
    """A cell's text so that it begins no formula."""
    return _ARMED.sub("'", text) if _MAY_BE_ARMED(text) else text


def original(cell: str) -> str:
    """What a cell's text was before ``disarmed``."""
    return _DISARMED.sub("", cell)


def _csv(outcomes: Iterable[Outcome], cell: Callable[[Any], Any]) -> bytes:
    text = io.StringIO()
    # All texts are quoted: a CR alone would else end a row.
    rows = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    for outcome in outcomes:
        rows.writerow(map(cell, outcome_values(outcome)))
    return text.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        value = msgspec.json.encode(value).decode()
    return disarmed(value) if isinstance(value, str) else value


def _shown_cell(value: Any) -> Any:
    cell = _cell(value)
    return printable(cell) if isinstance(cell, str) else cell


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return character
    data = character.encode("utf-16-be")
    return "".join(f"\\u{data[at : at + 2].hex()}" for at in range(0, len(data), 2))
