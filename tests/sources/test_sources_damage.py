"""Damaged files: each problem has its line, and exactly the good rows are read."""

import gzip
import io
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.targets.fields import TARGET_FIELDS, Fields
from bulkeic.core.targets.rows import Row
from bulkeic.sources.csv_rows import csv_rows
from bulkeic.sources.json_rows import json_rows
from bulkeic.sources.jsonl_rows import jsonl_rows
from bulkeic.sources.rows_file import RowsFile

Reader = Callable[[io.BufferedReader, Fields], Iterator[Row | InputError]]
READERS: dict[str, Reader] = {"t.csv": csv_rows, "t.json": json_rows, "t.jsonl": jsonl_rows}

# The same three rows in each format, one a line.
NAMES = ["a", "b", "c"]
GOOD = {
    "t.csv": b"FunctionName\na\nb\nc\n",
    "t.json": b'[{"FunctionName":"a"},\n{"FunctionName":"b"},\n{"FunctionName":"c"}]\n',
    "t.jsonl": b'{"FunctionName":"a"}\n{"FunctionName":"b"}\n{"FunctionName":"c"}\n',
}


class ReadResult:
    """The result of reading a file.

    Attributes:
        rows: the good rows.
        problems: the problems of bad rows.
        end: the problem that ended the reading early, or ``None``.
    """

    def __init__(self, rows: Iterator[Row | InputError]) -> None:
        self.rows: list[Row] = []
        self.problems: list[InputError] = []
        self.end: InputError | None = None
        try:
            for row in rows:
                if isinstance(row, Row):
                    self.rows.append(row)
                else:
                    self.problems.append(row)
        except InputError as problem:
            self.end = problem

    @property
    def names(self) -> list[object]:
        return [row.values.get("FunctionName") for row in self.rows]

    @property
    def lines(self) -> list[int]:
        """The lines of all problems, including the last one."""
        problems = [*self.problems, self.end] if self.end else self.problems
        return [problem.line for problem in problems]


def read(name: str, content: bytes) -> ReadResult:
    return ReadResult(READERS[name](io.BufferedReader(io.BytesIO(content)), TARGET_FIELDS))


def read_file(path: Path) -> ReadResult:
    return ReadResult(RowsFile(str(path)).rows())


# --- a bad row among good ones -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("t.csv", b"b,more\n"),
        ("t.csv", b"\xff\n"),
        ("t.csv", b'"b\xc3"\n'),
        ("t.json", b'{"FunctionName":"b","Unknown":1},\n'),
        ("t.json", b'{"FunctionName":"x","FunctionName":"b"},\n'),
        ("t.json", b'{"FunctionName":"x","function_name":"b"},\n'),
        ("t.json", b'{"DestinationConfig":{"OnFailure":{},"OnFailure":{}},"FunctionName":"b"},\n'),
        ("t.json", b'{"Layers":[{"a":1,"a":2}],"FunctionName":"b"},\n'),
        (
            "t.json",
            b'{"Layers":[[[{"a":1,"a":2},3],4],{"FunctionName":"x"}],"FunctionName":"b"},\n',
        ),
        ("t.json", b"7,\n"),
        ("t.json", b"null,\n"),
        ("t.json", b"[],\n"),
        ("t.json", b'[{"FunctionName":"b"}],\n'),
        ("t.jsonl", b'{"FunctionName":"b","Unknown":1}\n'),
        ("t.jsonl", b'{"FunctionName":"x","FunctionName":"b"}\n'),
        ("t.jsonl", b'{"FunctionName":"x","function_name":"b"}\n'),
        ("t.jsonl", b'{"DestinationConfig":{"OnFailure":{},"OnFailure":{}},"FunctionName":"b"}\n'),
        ("t.jsonl", b"{\n"),
        ("t.jsonl", b"7\n"),
        ("t.jsonl", b"[7]\n"),
        ("t.jsonl", b"null\n"),
        ("t.jsonl", b"\xff\n"),
        ("t.jsonl", b'{"FunctionName":"\xff"}\n'),
        ("t.jsonl", b'{"FunctionName":' + b"9" * 6000 + b"}\n"),
        ("t.jsonl", b'{"FunctionName":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"),
        ("t.jsonl", b'{"FunctionName":"b"}{"FunctionName":"x"}\n'),
        ("t.jsonl", b"\x00\n"),
    ],
)
def test_a_bad_row_is_reported_once_and_the_next_rows_are_read(name: str, bad: bytes) -> None:
    lines = GOOD[name].splitlines(keepends=True)
    at = 2 if name == "t.csv" else 1
    result = read(name, b"".join([*lines[:at], bad, *lines[at + 1 :]]))
    assert result.lines == [at + 1]
    assert result.end is None
    assert result.names == ["a", "c"]
    assert [row.line for row in result.rows] == [at, at + 2]


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_row_may_have_a_value_nested_16_deep(name: str) -> None:
    value = "[" * 14 + "]" * 14
    row = f'{{"FunctionName":"a","Environment":{value}}}'
    result = read(name, (f"[{row}]" if name == "t.json" else row).encode())
    assert (result.names, result.lines) == (["a"], [])


@pytest.mark.parametrize("depth", [17, 20, 100, 100_000])
@pytest.mark.parametrize("around", ['{"Environment":%s,"FunctionName":"b"}', "%s"])
@pytest.mark.parametrize("inside", ["", '{"FunctionName":"junk"}', '"x"'])
def test_json_nested_too_deep_is_one_problem_and_drops_no_row_silently(
    depth: int, around: str, inside: str
) -> None:
    bad = around.replace("%s", "[" * depth + inside + "]" * depth)
    content = f'[{{"FunctionName":"a"}},\n{bad},\n{{"FunctionName":"c"}}]'
    result = read("t.json", content.encode())
    assert result.lines == [2]
    # Either the reading ends there with a problem, or the later rows are read.
    assert result.names == (["a"] if result.end else ["a", "c"])


# --- files that cannot be read to their end ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("t.csv", b"", 0),
        ("t.json", b"", 0),
        ("t.json", b"\n\n", 2),
        ("t.json", b" ", 1),
        ("t.json", b"\xef\xbb\xbf[]", 1),  # only open_stream removes the mark
        ("t.json", b"[", 1),
        ("t.json", b"[\n{", 2),
        ("t.json", b'[{"FunctionName":\n', 1),
        ("t.json", b"7", 1),
        ("t.json", b'"f"', 1),
        ("t.json", b"null", 1),
        ("t.json", b"{}", 1),
        ("t.json", b'{"a":[],\n"b":[]}', 2),
        ("t.json", b'{"Functions":[],\n"Functions":[]}', 2),
        ("t.json", b"[]\n}", 2),
        ("t.json", b"[\xff]", 1),
        ("t.json", b'[\n{"FunctionName":"\xff"}]', 2),
        ("t.json", b"[\n\x00]", 2),
        ("t.json", b'{"Meta":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 1),
        ("t.json", b"[" * 100_000, 1),
        ("t.json", b'{"a":' * 100_000, 1),
        ("t.csv", b'FunctionName\n"a\n', 2),
        ("t.csv", b'FunctionName\n"a"b\n', 2),
        ("t.csv", b"FunctionName\na\rb\n", 2),
        ("t.csv", b"FunctionName,FunctionName\na,b\n", 1),
        ("t.csv", b"FunctionName,function_name\na,b\n", 1),
        ("t.csv", b",FunctionName\na,b\n", 1),
        ("t.csv", b"Funct\xffion\na\n", 1),
        ("t.csv", b"FunctionName\x00,x\na\n", 1),
        ("t.csv", b'"FunctionName\na\n', 1),
        ("t.csv", b"x" * 200_000 + b"\na\n", 1),
        ("t.csv", b"FunctionName\n" + b"x" * 200_000 + b"\n", 2),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_with_its_line(
    name: str, content: bytes, line: int
) -> None:
    result = read(name, content)
    assert result.names == []
    assert result.problems == []
    assert result.end is not None
    assert result.end.line == line
    assert result.end.rule
    assert len(str(result.end)) < 400


@pytest.mark.parametrize("content", [b"\n", b"\n\n\n", b"\r\n", b"\n\r\n"])
def test_a_csv_with_only_blank_lines_is_rejected_as_empty(content: bytes) -> None:
    result = read("t.csv", content)
    assert (result.rows, result.problems) == ([], [])
    assert result.end is not None


def test_a_blank_line_before_the_header_is_skipped_or_reported() -> None:
    result = read("t.csv", b"\nFunctionName\na\n")
    assert result.problems == []
    assert result.names == ([] if result.end else ["a"])


def test_an_unclosed_quote_is_reported_with_the_first_line_of_its_row() -> None:
    result = read("t.csv", b'FunctionName,Region\na,b\n\n"c\nd",e\n"f,g\nh,i\n')
    assert [row.line for row in result.rows] == [2, 4]
    assert result.lines == [6]
    assert result.end is not None


def test_an_unclosed_quote_does_not_read_the_rest_of_a_large_file() -> None:
    result = read("t.csv", b'FunctionName\na\n"b\n' + b"c\n" * 500_000)
    assert result.names == ["a"]
    assert result.lines == [3]
    assert "quote" in str(result.end)


def test_a_document_that_is_not_utf8_is_reported_in_plain_words() -> None:
    result = read("t.json", b'[{"FunctionName":"\xff"}]')
    assert result.end is not None
    assert "b'" not in result.end.rule
    assert r"\n" not in str(result.end)


@pytest.mark.parametrize("name", sorted(READERS))
def test_nul_bytes_are_never_dropped_from_a_name(name: str) -> None:
    result = read(name, GOOD[name].replace(b"b", b"\x00"))
    assert result.names in (["a", "\x00", "c"], ["a", "c"], ["a"])
    assert result.lines or "\x00" in result.names


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_line_of_2_mb_is_rejected(name: str) -> None:
    content = GOOD[name].replace(b"b", b"x" * (2 << 20))
    result = read(name, content)
    assert result.names == ["a"]
    assert result.lines == [3 if name == "t.csv" else 2]
    assert result.end is not None
    assert "more than" in result.end.rule or "longer than" in result.end.rule


def test_a_json_document_of_2_mb_on_one_line_is_read() -> None:
    count = 60_000
    items = [{"FunctionName": f"function-{number:012}"} for number in range(count)]
    content = json.dumps({"Functions": items}).encode()
    assert len(content) > 2 << 20
    result = read("t.json", content)
    assert len(result.rows) == count
    assert result.lines == []


# --- gzip ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(READERS)), st.data())
def test_a_gzip_file_that_ends_early_is_never_accepted(name: str, data: st.DataObject) -> None:
    whole = gzip.compress(GOOD[name], mtime=0)
    cut = data.draw(st.integers(2, len(whole) - 1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.gz")
        path.write_bytes(whole[:cut])
        result = read_file(path)
    assert result.end is not None
    assert "gzip" in result.end.rule
    assert result.problems == []
    assert result.names == NAMES[: len(result.names)]


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
def test_a_gzip_file_that_ends_in_a_later_row_is_never_accepted(tmp_path: Path, name: str) -> None:
    noise = random.Random(7)
    count = 4000
    names = [f"{noise.getrandbits(160):040x}" for _ in range(count)]
    if name == "t.csv":
        content = "\n".join(["FunctionName", *names]) + "\n"
    elif name == "t.jsonl":
        content = "".join(f'{{"FunctionName":"{each}"}}\n' for each in names)
    else:
        content = json.dumps([{"FunctionName": each} for each in names], indent=1)
    whole = gzip.compress(content.encode(), mtime=0)
    for part in (0.5, 0.7, 0.9):
        path = tmp_path / f"{name}.gz"
        path.write_bytes(whole[: int(len(whole) * part)])
        result = read_file(path)
        assert result.end is not None
        assert "gzip" in result.end.rule
        assert result.end.line > 1
        assert result.problems == []
        assert 0 < len(result.names) < count
        assert result.names == names[: len(result.names)]


@pytest.mark.parametrize("name", sorted(READERS))
def test_a_gzip_file_with_a_changed_byte_is_reported(tmp_path: Path, name: str) -> None:
    whole = bytearray(gzip.compress(GOOD[name], mtime=0))
    whole[-6] ^= 0xFF  # of the checksum
    path = tmp_path / f"{name}.gz"
    path.write_bytes(whole)
    result = read_file(path)
    assert result.end is not None
    assert "gzip" in result.end.rule


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8bnot gzip at all", b"\x1f\x8b\x08\x00"])
@pytest.mark.parametrize("name", sorted(READERS))
def test_a_file_that_only_begins_as_gzip_is_reported(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = read_file(path)
    assert result.rows == []
    assert "gzip" in str(result.end)


# --- paths that are not files --------------------------------------------------------------------


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    result = read_file(tmp_path / "t.csv")
    assert str(result.end) == f"{tmp_path / 't.csv'}: cannot be read: No such file or directory"


def test_a_folder_is_reported(tmp_path: Path) -> None:
    folder = tmp_path / "t.csv"
    folder.mkdir()
    assert "cannot be read" in str(read_file(folder).end)


def test_every_problem_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b'FunctionName\na,b\n"c')
    result = read_file(path)
    assert [problem.source for problem in result.problems] == [str(path)]
    assert str(result.end).startswith(f"{path}:3: ")


# --- random bytes --------------------------------------------------------------------------------

# fmt: off
PIECES = [
    b"{", b"}", b"[", b"]", b":", b",", b'"', b'"FunctionName"', b'"Functions"', b'"f"',
    b'"Layers"',
    b'{"FunctionName":"f"}', b"null", b"true", b"-1", b"1.5", b"1e999", b"9" * 25, b"\n", b"\r\n",
    b"\r", b" ", b"\x00", b"\xff", b"\xed\xa0\x80", b'"\\ud800"', b"\\", b"FunctionName", b"Region",
    b"a", b"\xef\xbb\xbf", b'{"a":1,"a":2}',
]
# fmt: on
contents = st.one_of(
    st.binary(max_size=80),
    st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join),
    st.builds(
        lambda start, rest: start + b"".join(rest),
        st.sampled_from([b"FunctionName\n", b"FunctionName,Region\n", b"[", b'{"Functions":[']),
        st.lists(st.sampled_from(PIECES), max_size=16),
    ),
    st.builds(
        lambda whole, at, piece: whole[:at] + piece + whole[at:],
        st.sampled_from(sorted(GOOD.values())),
        st.integers(0, 70),
        st.sampled_from(PIECES),
    ),
)


@pytest.mark.parametrize("name", sorted(READERS))
@settings(deadline=None, max_examples=200)
@given(content=contents)
@example(content=b'{"Meta":{"a":1,"a":2},"Functions":[]}')
@example(content=b'{"a":')
def test_any_bytes_are_rows_or_problems_with_their_lines(name: str, content: bytes) -> None:
    result = read(name, content)
    last = content.count(b"\n") + 1
    assert all(0 <= line <= last for line in result.lines)
    assert all(1 <= row.line <= last for row in result.rows)
    assert [row.line for row in result.rows] == sorted(row.line for row in result.rows)
    assert all(type(key) is str for row in result.rows for key in row.values)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 70))
def test_a_json_document_that_ends_early_is_never_accepted(cut: int) -> None:
    whole = GOOD["t.json"].rstrip()
    content = whole[: min(cut, len(whole) - 1)]
    result = read("t.json", content)
    assert result.end is not None
    assert result.problems == []
    assert result.names == NAMES[: len(result.names)]
