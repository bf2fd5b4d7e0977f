"""Outcomes as bytes: no formulas, no control characters, nothing lost."""

import csv
import io
import json
import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkeic.core.model import Lane, Outcome, SourceLine, Status, Target
from bulkeic.core.outcome_fields import OUTCOME_FIELDS, outcome_values
from bulkeic.output.files.outcome_codec import (
    csv_rows,
    escape_cell,
    jsonl,
    safe_json,
    terminal_csv_rows,
)

from .csv_cells import unescaped

# From OWASP's list (CSV injection), and their full-width forms.
FORMULA = "=+-@＝＋－＠"  # noqa: RUF001 - that is what they look like
SEPARATORS = ";|\t\r\n"
HARMFUL = st.text(
    st.sampled_from([*FORMULA, *SEPARATORS, *"'\" ,a\0\x0b\ufeff\u200b"]), max_size=12
)
TEXTS = HARMFUL | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
BLANK = " \"'\t\r\n\0\x0b\ufeff\u200b"


def outcome(text: str) -> Outcome:
    return Outcome(
        0, SourceLine(text), text, Target(Lane("123456789012", text), text, text, text),
        Status.FAILED, 1, 0, 0, 403, text, text, text, text, 0.5, 0.0, 0.25, {text: text},
        {"MaximumRetryAttempts": 1, "x": [text]}, None,
    )  # fmt: skip


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may evaluate a cell: it skips blanks and quotes."""
    return cell[:1] in {"\t", "\r", "\n", "\0"} or (
        cell[:1] != "'" and cell.lstrip(BLANK)[:1] in set(FORMULA)
    )


@given(TEXTS)
@example("=cmd|' /C calc'!A0")
@example("a;=1+1")
@example("a\n=1+1")
@example('" =1+1')
def test_no_cell_is_a_formula_wherever_a_spreadsheet_starts_a_cell(text: str) -> None:
    written = csv_rows([outcome_values(outcome(text))]).decode()
    ((*cells,),) = csv.reader(io.StringIO(written, newline=""))
    for cell in cells:
        assert not is_formula(cell), cell
        for part in re.split("[;|\t\r\n]", cell)[1:]:
            assert part[:1] == "'" or part.lstrip(BLANK)[:1] not in set(FORMULA), cell


@given(TEXTS)
@example("''=")
@example("'\t")
def test_an_escaped_cell_can_be_unescaped(text: str) -> None:
    assert unescaped(escape_cell(text)) == text


@given(TEXTS)
def test_a_row_has_the_whole_outcome(text: str) -> None:
    rows = csv.reader(io.StringIO(csv_rows([outcome_values(outcome(text))]).decode(), newline=""))
    (cells,) = ([unescaped(cell) for cell in row] for row in rows)
    fields = dict(zip(OUTCOME_FIELDS, cells, strict=True))
    assert fields["error_message"] == text
    assert json.loads(fields["settings"]) == {text: text}
    assert (fields["duration_s"], fields["http_status"], fields["before"]) == ("0.5", "403", "")


@given(TEXTS)
def test_json_has_the_same_content_without_control_characters(text: str) -> None:
    line = jsonl([outcome_values(outcome(text))]).decode()
    assert line.endswith("\n")
    assert line[:-1].isprintable()
    assert json.loads(line) == dict(zip(OUTCOME_FIELDS, outcome_values(outcome(text)), strict=True))


@given(TEXTS)
def test_csv_on_a_terminal_has_no_control_characters(text: str) -> None:
    records = map(outcome_values, [outcome(text), outcome("plain")])
    lines = terminal_csv_rows(records).decode().split("\n")
    assert len(lines) == 3
    assert all(map(str.isprintable, lines))


@pytest.mark.parametrize("character", ["\x7f", "\x9b", "\u202e", "\u200b", "\u2028", "\U000e0001"])
def test_characters_that_json_need_not_escape_are_escaped(character: str) -> None:
    data = msgspec.json.encode({"a": f"é{character}"})
    assert safe_json(data) == json.dumps({"a": "@"}).replace(
        "@", "é" + json.dumps(character).strip('"') if character != "\x7f" else "é\\u007f"
    ).replace('": "', '":"').encode()  # fmt: skip
