"""Columns with what a target has now are ignored in every format and spelling."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.targets.fields import CURRENT_COLUMNS, TARGET_FIELDS
from bulkeic.core.targets.rows import Row
from bulkeic.sources.rows_file import RowsFile


@st.composite
def spelled_columns(draw: st.DrawFn) -> list[str]:
    """The current columns, each in some case with some separators."""
    separators = st.sampled_from(["", "", "", "_", " ", "-"])
    found = []
    for column in draw(st.lists(st.sampled_from(CURRENT_COLUMNS), unique=True)):
        letters = [draw(st.sampled_from([each.lower(), each.upper()])) for each in column]
        found.append(letters[0] + "".join(draw(separators) + each for each in letters[1:]))
    return found


def rows_of(name: str, text: str) -> list[Row | InputError]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_text(text)
        return list(RowsFile(str(path)).rows())


@settings(deadline=None, max_examples=80)
@given(spelled_columns(), st.text("0123456789arn:=-'", max_size=8), st.integers(0, 4))
def test_current_columns_are_ignored(columns: list[str], value: str, place: int) -> None:
    fields = {"FunctionName": "orders", "MaximumRetryAttempts": "1"}
    names = [*columns[:place], *fields, *columns[place:]]
    values = {**dict.fromkeys(columns, value), **fields}
    item = {name: values[name] for name in names}
    for name, text in (
        ("t.csv", ",".join(names) + "\n" + ",".join(values[name] for name in names) + "\n"),
        ("t.json", json.dumps([item])),
        ("t.jsonl", json.dumps(item) + "\n"),
    ):
        (row,) = rows_of(name, text)
        assert isinstance(row, Row)
        assert row.values == fields


@pytest.mark.parametrize(
    "text", ["FunctionName,CurrentOnFailures\nf,x\n", '{"CurrentRetries": 1}\n']
)
def test_a_typo_of_a_current_column_is_refused(text: str) -> None:
    name = "t.csv" if text.startswith("F") else "t.jsonl"
    try:
        rows = rows_of(name, text)
    except InputError as problem:
        rows = [problem]
    assert isinstance(rows[0], InputError)
    assert "did you mean" in rows[0].rule


def test_a_cell_in_a_row_that_is_no_outcome_keeps_its_apostrophe() -> None:
    (row,) = rows_of("t.csv", "FunctionName,CurrentOnFailure\n'f,x\n")
    assert isinstance(row, Row)
    assert row.values == {"FunctionName": "'f"}


def test_no_field_of_a_targets_file_is_a_current_column() -> None:
    assert not {name for name in CURRENT_COLUMNS if TARGET_FIELDS.find(name) is not None}
    assert not set(CURRENT_COLUMNS) & set(TARGET_FIELDS.names)
