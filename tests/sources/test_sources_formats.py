"""Every format and wrapping yields the same rows."""

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.targets.fields import TARGET_FIELDS
from bulkeic.core.targets.rows import Row
from bulkeic.sources.row_format import Format
from bulkeic.sources.rows_file import RowsFile

BOM = b"\xef\xbb\xbf"

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draws columns, and rows of cells that are not all empty."""
    names = st.sampled_from(TARGET_FIELDS.names)
    columns = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    width = len(columns)
    row = st.lists(cells, min_size=width, max_size=width).filter(any)
    rows = draw(st.lists(row, max_size=6))
    return columns, rows


def as_csv(columns: list[str], rows: list[list[str]], end: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([columns, *rows])
    return text.getvalue().encode()


def as_json(columns: list[str], rows: list[list[str]], indent: int | None = None) -> bytes:
    items = [dict(zip(columns, row, strict=True)) for row in rows]
    return json.dumps(items, indent=indent, ensure_ascii=False).encode()


def as_jsonl(columns: list[str], rows: list[list[str]]) -> bytes:
    items = [dict(zip(columns, row, strict=True)) for row in rows]
    return "".join(json.dumps(item) + "\n" for item in items).encode()


@contextmanager
def targets_file(name: str, content: bytes) -> Iterator[RowsFile]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        yield RowsFile(str(path))


def read_values(name: str, content: bytes) -> list[dict[str, Any]]:
    with targets_file(name, content) as targets:
        rows = list(targets.rows())
    assert [row for row in rows if not isinstance(row, Row)] == []
    return [row.values for row in rows if isinstance(row, Row)]


@settings(deadline=None, max_examples=60)
@given(tables(), st.booleans(), st.booleans())
def test_every_format_yields_the_same_rows(
    table: tuple[list[str], list[list[str]]],
    gzipped: bool,  # noqa: FBT001
    has_bom: bool,  # noqa: FBT001
) -> None:
    columns, rows = table
    expected = [dict(zip(columns, row, strict=True)) for row in rows]
    contents = {
        "t.csv": as_csv(columns, rows),
        "t2.csv": as_csv(columns, rows, "\r\n"),
        "t.json": as_json(columns, rows),
        "t2.json": as_json(columns, rows, 4),
        "t.jsonl": as_jsonl(columns, rows),
        "t.ndjson": as_jsonl(columns, rows),
    }
    for name, content in contents.items():
        whole = BOM + content if has_bom else content
        if gzipped:
            assert read_values(name + ".gz", gzip.compress(whole)) == expected
            assert read_values(name, gzip.compress(whole)) == expected  # detected by its bytes
        else:
            assert read_values(name, whole) == expected


@settings(deadline=None, max_examples=60)
@given(tables())
def test_a_csv_row_has_the_line_that_it_begins_on(
    table: tuple[list[str], list[list[str]]],
) -> None:
    columns, rows = table
    with targets_file("t.csv", as_csv(columns, rows)) as targets:
        lines = [row.line for row in targets.rows()]
    expected, line = [], 2
    for row in rows:
        expected.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    assert lines == expected


@settings(deadline=None, max_examples=60)
@given(tables(), st.sampled_from([None, 1, 4]), st.booleans())
def test_a_json_row_has_the_line_that_it_begins_on(
    table: tuple[list[str], list[list[str]]],
    indent: int | None,
    in_object: bool,  # noqa: FBT001
) -> None:
    columns, rows = table
    items = [dict(zip(columns, row, strict=True)) for row in rows]
    document = {"Count": {"All": [1, 2]}, "Functions": items} if in_object else items
    content = json.dumps(document, indent=indent)
    with targets_file("t.json", content.encode()) as targets:
        lines = [row.line for row in targets.rows()]
    if indent is None:
        assert lines == [1] * len(rows)
    else:
        before = 7 if in_object else 1
        each = len(columns) + 2
        assert lines == [before + (in_object) + 1 + number * each for number in range(len(rows))]


@settings(deadline=None, max_examples=40)
@given(tables(), st.data())
def test_blank_lines_are_skipped_and_counted(
    table: tuple[list[str], list[list[str]]], data: st.DataObject
) -> None:
    columns, rows = table
    pieces = as_jsonl(columns, rows).splitlines(keepends=True)
    expected, content, line = [], b"", 1
    for piece in pieces:
        blank = data.draw(st.sampled_from([[], [b"\n"], [b"  \n", b"\r\n"]]))
        content += b"".join(blank) + piece
        expected.append(line + len(blank))
        line += len(blank) + 1
    with targets_file("t.jsonl", content + b"\n") as targets:
        assert [row.line for row in targets.rows()] == expected


def test_blank_lines_of_a_csv_are_skipped_and_counted() -> None:
    content = b"FunctionName,Region\n\n\na,b\n\r\nc,d\n\n"
    with targets_file("t.csv", content) as targets:
        assert list(targets.rows()) == [
            Row(4, {"FunctionName": "a", "Region": "b"}),
            Row(6, {"FunctionName": "c", "Region": "d"}),
        ]


def test_the_last_line_needs_no_line_break() -> None:
    assert read_values("t.csv", b"FunctionName\na") == [{"FunctionName": "a"}]
    assert read_values("t.jsonl", b'{"FunctionName":"a"}') == [{"FunctionName": "a"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b"function_name,ON FAILURE,maximum-retry-attempts\nf,q,1\n"),
        ("t.json", b'[{"function_name":"f","ON FAILURE":"q","maximum-retry-attempts":"1"}]'),
        ("t.jsonl", b'{"functionname":"f","onFailure":"q","maximum_retry_attempts":"1"}\n'),
    ],
)
def test_columns_and_keys_match_in_any_case_and_with_any_separators(
    name: str, content: bytes
) -> None:
    expected = {"FunctionName": "f", "OnFailure": "q", "MaximumRetryAttempts": "1"}
    assert read_values(name, content) == [expected]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("t.csv", b"FunctionNme\nf\n", 1),
        ("t.json", b'[\n{"FunctionNme":"f"}\n]', 2),
        ("t.jsonl", b'\n\n{"FunctionNme":"f"}\n', 3),
    ],
)
def test_an_unknown_column_is_reported_with_the_nearest_known_one(
    name: str, content: bytes, line: int
) -> None:
    with targets_file(name, content) as targets:
        try:
            problems = [found for found in targets.rows() if isinstance(found, InputError)]
        except InputError as raised:
            problems = [raised]
    assert len(problems) == 1
    assert problems[0].line == line
    assert problems[0].source.endswith(name)
    assert "unknown column 'FunctionNme'; did you mean FunctionName?" in problems[0].rule


@pytest.mark.parametrize(
    ("name", "expected"),
    [("t.CSV", True), ("a.b.jsonl", True), ("t.Json.GZ", True), ("t.txt", False), ("csv", False),
     ("t.gz", False), (".csv", False), ("t.csv.bak", False)],
)  # fmt: skip
def test_the_ending_of_a_file_name_selects_the_format(
    tmp_path: Path,
    name: str,
    expected: bool,  # noqa: FBT001
) -> None:
    (tmp_path / name).touch()
    name = str(tmp_path / name)
    if expected:
        assert RowsFile(name).name == name
    else:
        with pytest.raises(UsageError, match="--format"):
            RowsFile(name)


def test_a_given_format_overrides_the_ending(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'{"FunctionName":"a"}\n')
    assert list(RowsFile(str(path), Format.JSONL).rows()) == [Row(1, {"FunctionName": "a"})]


def test_control_characters_in_a_file_name_are_escaped() -> None:
    assert RowsFile("a\x1b[31m.csv").name == r"a\x1b[31m.csv"
