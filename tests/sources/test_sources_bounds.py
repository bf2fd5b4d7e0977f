"""Limits: bytes without a row, and rows that would take hours to reject."""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from bulkeic.core.errors import InputError
from bulkeic.core.targets.rows import Row
from bulkeic.sources.rows_file import RowsFile

MB = 1 << 20


def read_all(path: Path, content: bytes) -> tuple[int, list[InputError]]:
    """Returns the number of rows, and the problems, including the one that ended the reading."""
    path.write_bytes(content)
    rows = 0
    problems: list[InputError] = []
    try:
        for row in RowsFile(str(path)).rows():
            if isinstance(row, InputError):
                problems.append(row)
            else:
                rows += 1
    except InputError as problem:
        problems.append(problem)
    return rows, problems


@pytest.mark.parametrize(
    ("name", "content", "line", "says"),
    [
        ("t.csv", b"FunctionName\na\n" + b"\n" * (MB + 1), MB + 3, "of blank lines"),
        ("t.jsonl", b'{"FunctionName":"a"}\n' + b" \n" * MB, MB // 2 + 2, "of blank lines"),
        ("t.jsonl", b"{\n" + b"\n" * (MB + 1), MB + 2, "of blank lines"),
        ("t.jsonl", b'{\n"Functions":[],"a":[' + b"{}," * MB, 2, "longer than"),
        ("t.json", b"[]\n" + b"\n" * (MB + 1), MB + 2, "without a row's end"),
        ("t.json", b'{"FunctionName":"a",' + b'"Description":"",' * MB, 1, "without a row's end"),
        ("t.json", b'[{"FunctionName":"a"},\n' + b" " * 2 * MB, 2, "without a row's end"),
        ("t.json", b'{"Meta":{"a":[' + b"{}," * MB, 1, "without a row's end"),
        ("t.csv", b'FunctionName,Region\n"\n' + b'","\n' * MB, 2, "a row of more than"),
    ],
)
def test_a_megabyte_without_a_row_ends_the_reading(
    tmp_path: Path, name: str, content: bytes, line: int, says: str
) -> None:
    _, problems = read_all(tmp_path / name, content)
    assert [problem.line for problem in problems] == [line]
    assert says in problems[0].rule


def test_blank_lines_between_rows_are_not_limited_in_total(tmp_path: Path) -> None:
    rows, problems = read_all(tmp_path / "t.csv", (b"FunctionName" + (b"\n" * 9000 + b"a") * 200))
    assert (rows, problems) == (200, [])


def test_a_key_given_100_000_times_is_found_at_once(tmp_path: Path) -> None:
    content = b'{"b":1' + b',"a":1' * 170_000 + b"}\n"
    _, problems = read_all(tmp_path / "t.jsonl", content)
    assert [problem.rule for problem in problems] == ["key 'a' given twice"]


def test_keys_with_a_different_spelling_in_each_row_are_not_all_cached(tmp_path: Path) -> None:
    content = b"".join(b'{"FunctionName%s":"a"}\n' % (b"-" * (90_000 + n)) for n in range(500))
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        assert sum(isinstance(row, Row) for row in RowsFile(str(path)).rows()) == 500
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < len(content) // 3


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"9" * (MB // 2), "a number of thousands of digits; no row needs that"),
        (b"[" * 100_000, "nested too deep; no row needs that"),
    ],
)
def test_json_lines_report_python_limits_in_plain_words(
    tmp_path: Path, value: bytes, says: str
) -> None:
    _, problems = read_all(tmp_path / "t.jsonl", b'{"FunctionName":' + value)
    assert [problem.rule for problem in problems] == [says]


def test_a_gzip_bomb_of_rows_is_rejected_early(tmp_path: Path) -> None:
    content = gzip.compress(b"FunctionName,Region\n" + b",\n" * 16 * MB)
    rows, problems = read_all(tmp_path / "t.csv.gz", content)
    assert rows < MB
    assert [problem.rule[:40] for problem in problems] == [
        "expands to more than 300 times its size,"
    ]


def test_similar_rows_are_not_a_gzip_bomb(tmp_path: Path) -> None:
    variables = {f"VARIABLE_{number}": f"{number:040}" for number in range(60)}
    items = [{"FunctionName": f"fn-{n}", "Environment": variables} for n in range(2000)]
    whole = json.dumps({"Functions": items}).encode()
    packed = gzip.compress(whole)
    assert len(whole) > 100 * len(packed)
    assert read_all(tmp_path / "t.json.gz", packed) == (2000, [])
