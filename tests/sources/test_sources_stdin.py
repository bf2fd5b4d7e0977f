"""The format of stdin is detected by its first line."""

import gzip
import json
import os
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError
from bulkeic.core.targets.rows import Row
from bulkeic.sources.row_format import Format
from bulkeic.sources.rows_file import RowsFile

GOOD = Row(1, {"FunctionName": "f"})


def read_stdin(content: bytes, given: Format | None = None) -> list[Row | InputError]:
    """Returns the rows of a stdin with this content, then the problem that was raised, if any."""
    found: list[Row | InputError] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "stdin")
        path.write_bytes(content)
        original = sys.stdin
        with path.open() as redirected:
            sys.stdin = redirected
            try:
                found.extend(RowsFile("-", given).rows())
            except InputError as problem:
                found.append(problem)
            finally:
                sys.stdin = original
    return found


FUNCTION = {
    "FunctionName": "f",
    "Architectures": ["arm64"],
    "Layers": [],
    "VpcConfig": {"SubnetIds": ["subnet-1"]},
}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"FunctionName\nf\n", 2),
        (b"function_name", None),
        (b'[{"FunctionName":"f"}]', 1),
        (b' \n [\n{"FunctionName":"f"}]', 3),
        (b'{"Functions":[{"FunctionName":"f"}]}', 1),
        (b'{\n "Functions": [\n  {"FunctionName": "f"}\n ]\n}\n', 3),
        (b'{"NextToken":null,\n"Functions":[{"FunctionName":"f"}]}', 2),
        (b'{"FunctionName":"f"}\n', 1),
        (b'\n{"FunctionName":"f"}\n', 2),
        (json.dumps(FUNCTION).encode() + b"\n", 1),
        (b'{"FunctionName":"f","Description":"' + b"d" * 20_000 + b'"}\n', 1),
        (b'{"FunctionName":"f","DestinationConfig":null}\n', 1),
    ],
)
@pytest.mark.parametrize("wrap", ["", "bom", "gzip", "utf-16-le", "utf-16-be"])
def test_the_first_line_selects_the_format(content: bytes, line: int | None, wrap: str) -> None:
    if wrap == "bom":
        content = b"\xef\xbb\xbf" + content
    elif wrap == "gzip":
        content = gzip.compress(content, mtime=0)
    elif wrap:
        content = f"\ufeff{content.decode()}".encode(wrap)
    found = read_stdin(content)
    assert [row.line for row in found] == ([] if line is None else [line])
    assert all(isinstance(row, Row) and row.values["FunctionName"] == "f" for row in found)


def test_an_object_with_a_naming_field_and_a_list_is_json_lines() -> None:
    content = "".join(json.dumps(FUNCTION | {"FunctionName": name}) + "\n" for name in "abc")
    rows = [Row(number, {"FunctionName": name}) for number, name in enumerate("abc", 1)]
    assert read_stdin(content.encode()) == rows


@pytest.mark.parametrize(
    "content",
    [
        b'{"FunctionName": "\xff"}\n',
        b'{"FunctionName": ' + b"[" * 50_000 + b"]" * 50_000 + b"}\n",
        b'{"FunctionName": ' + b"9" * 6000 + b"}\n",
        b"{",
        b"{}",
        b"{\x00}",
        b"\xff\xfe{",
        gzip.compress(b"\xef\xbb\xbf", mtime=0)[:-4],
        gzip.compress(b"FunctionName\nf\n", mtime=0)[:-4],
    ],
)
def test_content_that_cannot_be_read_is_a_problem(content: bytes) -> None:
    found = read_stdin(content)
    assert len(found) >= 1
    assert found[-1] == Row(1, {}) or isinstance(found[-1], InputError)
    assert all(row.source == "<stdin>" for row in found if isinstance(row, InputError))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffFunctionName\nf\n".encode("utf-16-le"),
        "\ufeff[\n{}]".encode("utf-32"),
        b"\xef\xbb\xbfFunctionName\nf\n",
        gzip.compress("\ufeffFunctionName\nf\n".encode("utf-16-be"), mtime=0),
        b"PK\x03\x04\0",
        b"f",
    ],
)
def test_a_pipe_that_gives_a_byte_at_a_time_is_read_like_a_file(content: bytes) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        for byte in content:
            os.write(writing, bytes([byte]))
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    original = sys.stdin
    found: list[Row | InputError] = []
    with os.fdopen(reading) as redirected:
        sys.stdin = redirected
        try:
            found.extend(RowsFile("-").rows())
        except InputError as problem:
            found.append(problem)
        finally:
            sys.stdin = original
            writer.join()
    assert list(map(repr, found)) == list(map(repr, read_stdin(content)))


def test_an_empty_stdin_is_a_problem() -> None:
    (problem,) = read_stdin(b"")
    assert isinstance(problem, InputError)
    assert str(problem).startswith("<stdin>: empty")


def test_a_given_format_is_used() -> None:
    assert read_stdin(b'{"FunctionName":"f"}\n', Format.JSONL) == [GOOD]


@settings(deadline=None, max_examples=80)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from([
                b"{", b"}", b"[", b"]", b'"FunctionName"', b":", b",", b'"f"', b"1", b"\n", b"\xff",
                b"null", b'"\\ud800"', b"FunctionName", b"\r", b" ", b'"',
            ]),
            max_size=16,
        ).map(b"".join),
    )
)  # fmt: skip
@example(b'{"a":"\xff"}')
def test_any_bytes_are_rows_or_problems(content: bytes) -> None:
    found = read_stdin(content)
    assert all(isinstance(row, Row | InputError) for row in found)
    assert all(row.line <= content.count(b"\n") + 1 for row in found)
