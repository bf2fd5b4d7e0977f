"""The forms that files have elsewhere give the same rows as plain UTF-8."""

import codecs
import csv
import gzip
import io
import json
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.targets.rows import Row
from bulkeic.sources.row_format import Format
from bulkeic.sources.rows_file import RowsFile

ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
COLUMNS = ["FunctionName", "Region", "OnFailure"]

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
tables = st.lists(st.lists(cells, min_size=3, max_size=3).filter(any), max_size=8)


def read(name: str, content: bytes) -> list[Row | InputError]:
    """The rows and problems of a file, then the problem that ended the reading, if any."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        file = RowsFile(str(path))
        found: list[Row | InputError] = []
        try:
            found.extend(file.rows())
        except InputError as problem:
            found.append(problem)
        return found


def places(found: list[Row | InputError]) -> list[tuple[int, dict[str, Any]]]:
    assert [str(row) for row in found if isinstance(row, InputError)] == []
    return [(row.line, row.values) for row in found if isinstance(row, Row)]


def problem_of(name: str, content: bytes) -> InputError:
    (*_, problem) = read(name, content)
    assert isinstance(problem, InputError), problem
    return problem


@st.composite
def encoded(draw: st.DrawFn, text: str) -> tuple[str, bytes]:
    """A text in some encoding, perhaps gzipped, and the ending that the file then has."""
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    content = ENCODINGS[encoding] + text.encode(encoding)
    if draw(st.booleans()):
        return ".gz", gzip.compress(content)
    return "", content


# --- CSV -----------------------------------------------------------------------------------------


def as_csv(rows: list[list[str]], separator: str = ",", *, end: str = "\n") -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    return text.getvalue()


@settings(deadline=None, max_examples=100)
@given(tables, st.data())
def test_a_csv_in_any_form_gives_the_rows_of_the_plain_one(
    rows: list[list[str]], data: st.DataObject
) -> None:
    plain = places(read("t.csv", as_csv([COLUMNS, *rows]).encode()))
    separator = data.draw(st.sampled_from(",;\t"))
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    width = data.draw(st.integers(0, 3))
    empty_rows = data.draw(st.integers(0, 5))
    padded = [row + [""] * width for row in [COLUMNS, *rows]]
    text = as_csv(padded, separator, end=end) + (separator * (2 + width) + end) * empty_rows
    if data.draw(st.booleans()):
        header, _, rest = text.partition(end)
        text = header.replace('"', "") + end + rest
    ending, content = data.draw(encoded(text))
    assert places(read(f"t.csv{ending}", content)) == plain
    assert [values for _, values in plain] == [dict(zip(COLUMNS, row, strict=True)) for row in rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_rows_of_empty_cells_are_skipped_and_counted(separator: str) -> None:
    lines = ["FunctionName,Region", ",", "f,us-east-1", ",,,,", "", "g,", ",", ""]
    content = "\n".join(lines).replace(",", separator).encode()
    assert places(read("t.tsv", content)) == [
        (3, {"FunctionName": "f", "Region": "us-east-1"}),
        (6, {"FunctionName": "g", "Region": ""}),
    ]


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_the_line_of_excel_that_names_the_separator_is_skipped_and_counted(line: str) -> None:
    content = f"{line}\nFunctionName;Region\nf;\n".encode()
    assert places(read("t.csv", content)) == [(3, {"FunctionName": "f", "Region": ""})]


def test_a_million_rows_of_empty_cells_after_the_last_row_are_skipped() -> None:
    content = b"FunctionName;Region\nf;\n" + b";;;;\n" * 1_000_000
    assert places(read("t.csv", content)) == [(2, {"FunctionName": "f", "Region": ""})]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"FunctionName;Region,AccountId\n", ":1: columns are separated by commas and by semicol"),
        (b'"FunctionName";"Region"\t"Qualifier"\n', ":1: columns are separated by semicolons and"),
        (
            b"\n\nFunctionName,Region\tQualifier\n",
            ":3: columns are separated by commas and by tabs",
        ),
        (b"FunctionName|Region\n", ":1: unknown column 'FunctionName|Region'"),
        (b"FunctionName;;Region\nf;;\n", ":1: column 2 has no name"),
        (b";;;\nf;;;\n", ":1: empty; the first row names the columns"),
        (b"FunctionName;;\nf;;x\n", ":2: a value in column 3, which has no name in the header"),
        (b"FunctionName;Region\nf;;;x\n", ":2: 4 cells; the header has 2"),
        (b"FunctionName;Region\nf\n", ":2: 1 cells; the header has 2"),
        (b"FunctionName;Reg\n", ":1: unknown column 'Reg'; did you mean Region?"),
    ],
)
def test_a_csv_that_is_unclear_is_one_problem_with_its_line(content: bytes, says: str) -> None:
    found = read("t.csv", content)
    assert len(found) == 1
    assert says in str(found[0])


def test_a_separator_in_a_quoted_name_is_not_one_of_the_header() -> None:
    found = read("t.csv", b'"Function;Name","Region"\nf,\n')
    assert places(found) == [(2, {"FunctionName": "f", "Region": ""})]


# --- JSON documents ------------------------------------------------------------------------------


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[tuple[int, dict[str, Any]]]]:
    """JSON documents one after the other, and their rows with their lines.

    Each row begins with a key that is ignored and that shows where the row is.
    """
    text, expected = "", []
    number = 0
    for size, kind in draw(
        st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from(["list", "array", "row"])), max_size=6
        )
    ):
        indent = draw(st.sampled_from([None, None, 1, 4]))
        rows = draw(st.lists(st.tuples(cells, cells), min_size=size, max_size=size))
        items = []
        for name, region in rows[:1] if kind == "row" else rows:
            values = {"FunctionName": name, "Region": region}
            items.append({"Description": f"row {number}", **values, "Layers": [{"Arn": "x"}]})
            expected.append((number, indent is not None, values))
            number += 1
        if kind == "list":
            key = draw(st.sampled_from(["Functions", "FunctionEventInvokeConfigs"]))
            pieces: list[Any] = [{"NextToken": None, key: items, "Meta": {"a": [1]}}]
        else:
            pieces = [items] if kind == "array" else items
        for piece in pieces:
            text += json.dumps(piece, indent=indent)
            text += draw(st.sampled_from(["\n", "\r\n", "\n\n", "\n"]))
    return text, [
        (text.count("\n", 0, text.index(f'"row {at}"')) + 1 - is_indented, values)
        for at, is_indented, values in expected
    ]


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
@settings(deadline=None, max_examples=150)
@given(documents(), st.data())
def test_documents_in_any_form_give_all_their_rows_with_their_lines(
    name: str, found: tuple[str, list[tuple[int, dict[str, Any]]]], data: st.DataObject
) -> None:
    text, expected = found
    ending, content = data.draw(encoded(text))
    if not text and name == "t.json":
        assert "empty" in str(problem_of(f"{name}{ending}", content))
    else:
        assert places(read(f"{name}{ending}", content)) == expected


def test_documents_on_one_line_need_no_space_between_them() -> None:
    content = b'{"Functions":[{"FunctionName":"a"}]}[{"FunctionName":"b"}]{"FunctionName":"c"}'
    found = read("t.json", content)
    assert [row.values["FunctionName"] for row in found if isinstance(row, Row)] == ["a", "b", "c"]
    assert [row.item for row in found if isinstance(row, Row)] == [1, 2, 3]


@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_bad_row_of_a_later_document_has_its_line_and_the_rest_is_read(name: str) -> None:
    good = json.dumps({"Functions": [{"FunctionName": "a"}]}, indent=4)
    bad = json.dumps({"Functions": [{"FunctionNme": "b"}]}, indent=4)
    first, problem, last = read(name, f"{good}\n{bad}\n{good}\n".encode())
    assert isinstance(first, Row)
    assert isinstance(problem, InputError)
    assert "unknown column 'FunctionNme'; did you mean FunctionName? (item 2)" in str(problem)
    assert isinstance(last, Row)
    assert [first.line, problem.line, last.line] == [3, 10, 17]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'[]\n{"a":[],"b":[]}', ":2: two lists, 'a' and 'b'; give one"),
        (b'[]\n{"a":[],"FunctionName":"b"}', ":2: a row, for it has 'FunctionName', with the list"),
        (b'[]\n{"NextToken":null}', ":2: contains no list of rows"),
        (b"[]\n7", ":2: neither a list of rows nor an object that holds one"),
        (b"[]\n}", ":2: not JSON: parse error"),
        (b"[]\n[", ":2: not JSON: parse error: premature EOF"),
    ],
)
def test_a_document_without_rows_is_one_problem_with_its_line(content: bytes, says: str) -> None:
    assert says in str(problem_of("t.json", content))


def test_many_documents_take_the_memory_of_one(tmp_path: Path) -> None:
    page = json.dumps(
        {"Functions": [{"FunctionName": f"f-{number}", "Timeout": 3} for number in range(50)]},
        indent=4,
    ).encode()
    path = tmp_path / "t.json"
    path.write_bytes((page + b"\n") * 400)
    tracemalloc.start()
    try:
        assert sum(isinstance(row, Row) for row in RowsFile(str(path)).rows()) == 20_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < path.stat().st_size / 3


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_half_a_utf16_character_is_a_problem_of_its_row(name: str, encoding: str) -> None:
    text = {"t.csv": "FunctionName\na\n\ud83d\nc\n", "t.jsonl": '"h"\n{"FunctionName":"\udc00"}\n'}
    content = ENCODINGS[encoding] + text[name].encode(encoding, "surrogatepass")
    problems = [row for row in read(name, content) if isinstance(row, InputError)]
    assert problems[-1].line == (3 if name == "t.csv" else 2)
    assert "half of a UTF-16 character" in problems[-1].rule


@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
def test_utf16_that_ends_early_is_reported_with_the_last_line(name: str) -> None:
    text = {
        "t.csv": "FunctionName\na\n",
        "t.json": '[{"FunctionName":"a"},\n',
        "t.jsonl": '\n{"FunctionName":"a"}\n',
    }
    problem = problem_of(name, codecs.BOM_UTF16_LE + text[name].encode("utf-16-le") + b"b")
    assert problem.line == (1 if name == "t.json" else 2)
    assert problem.rule == "damaged UTF-16: it ends within a character"


def test_a_gzip_bomb_in_utf16_is_rejected() -> None:
    text = "FunctionName,Region\n" + ",\n" * (4 << 20)
    content = gzip.compress(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    assert "gzip bomb" in problem_of("t.csv.gz", content).rule


def test_a_long_line_in_utf16_is_rejected() -> None:
    content = codecs.BOM_UTF16_BE + ("FunctionName\n" + "x" * (1 << 20)).encode("utf-16-be")
    problem = problem_of("t.csv", content)
    assert (problem.line, problem.rule[:11]) == (2, "longer than")


def test_a_large_file_in_utf16_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    text = "FunctionName\n" + "".join(f"function-{number}\n" for number in range(100_000))
    path.write_bytes(codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
    tracemalloc.start()
    try:
        assert sum(1 for _ in RowsFile(str(path)).rows()) == 100_000
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2 << 20


# --- what cannot be read -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "command"),
    [
        ("FunctionName\n".encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8 FILE > NEW"),
        ("FunctionName\n".encode("utf-16-be"), "iconv -f UTF-16BE -t UTF-8 FILE > NEW"),
        ("FunctionName\n".encode("utf-32"), "iconv -f UTF-32 -t UTF-8 FILE > NEW"),
        (b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml", 'in Excel as "CSV UTF-8"'),
        (b"PK\x03\x04\0\0mimetypeapplication/vnd.oasis.opendocument", "soffice --headless"),
        (b"PK\x03\x04\0\0Index/Document.iwa", "export it in Numbers"),
        (b"PK\x03\x04\0\0targets.csv", "unzip -p FILE > NEW"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 'in Excel as "CSV UTF-8"'),
        (b"PAR1\x15\x04", "duckdb -c"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd -dc FILE > NEW"),
        (b"BZh91AY", "bunzip2 -c FILE > NEW"),
        (b"\xfd7zXZ\x00\x00", "xz -dc FILE > NEW"),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.json", "t.jsonl"])
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_file_of_another_kind_is_refused_with_the_command_that_converts_it(
    name: str,
    content: bytes,
    command: str,
    gzipped: bool,  # noqa: FBT001
) -> None:
    (problem,) = read(name, gzip.compress(content) if gzipped else content)
    assert isinstance(problem, InputError)
    assert problem.rule.startswith("cannot be read: ")
    assert command in problem.rule
    assert str(problem).isprintable()


@pytest.mark.parametrize("ending", ["xlsx", "xls", "ods", "numbers", "yaml", "YML", "parquet"])
def test_the_ending_of_another_kind_is_refused_with_a_command(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"t.{ending}"
    path.touch()
    with pytest.raises(UsageError, match=r"cannot be read: .*; (convert|save|export) it"):
        RowsFile(str(path))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"- FunctionName: f\n", "YAML; convert it: yq -o=json FILE > NEW.json"),
        (b"---\n- FunctionName: f\n", "YAML; convert it: yq -o=json FILE > NEW.json"),
        (b"targets:\n  - FunctionName: f\n", "YAML; convert it: yq -o=json FILE > NEW.json"),
        (b'{"FunctionName":"f"}\n', "JSON, not CSV; give --format json or --format jsonl"),
        (b"[\n", "JSON, not CSV; give --format json or --format jsonl"),
    ],
)
def test_a_csv_that_is_yaml_or_json_is_refused_with_the_way_out(content: bytes, says: str) -> None:
    problem = problem_of("t.csv", content)
    assert (problem.line, says in problem.rule) == (1, True)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_a_latin1_row_names_the_command_that_converts_the_file(name: str) -> None:
    text = {"t.csv": "FunctionName,Region\nf,\ng,\xe9\n", "t.jsonl": '\n\n{"Region":"\xe9"}\n'}
    problem = problem_of(name, text[name].encode("latin-1"))
    assert problem.line == 3
    assert "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW" in problem.rule


def test_a_latin1_document_names_the_command_that_converts_it() -> None:
    problem = problem_of("t.json", '[\n{"Region":"\xe9"}]'.encode("latin-1"))
    assert problem.line == 2
    assert "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW" in problem.rule


# --- outcomes ------------------------------------------------------------------------------------


def test_a_csv_of_outcomes_gives_rows_without_what_the_run_says_of_its_calls() -> None:
    content = (
        b"seq,source,function_name,function_arn,status,attempts,settings\n"
        b'0,"t.csv:2","\'-f","","failed",8,"{""MaximumRetryAttempts"":1}"\n'
    )
    assert places(read("t.csv", content)) == [
        (2, {"FunctionName": "-f", "FunctionArn": "", "Settings": '{"MaximumRetryAttempts":1}'})
    ]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.json"])
def test_columns_of_outcomes_are_unknown_in_a_row_without_a_status(name: str) -> None:
    content = {"t.csv": "FunctionName,attempts\nf,1\n"}.get(
        name, '{"FunctionName":"f","attempts":1}\n'
    )
    assert "unknown column 'attempts'" in str(problem_of(name, content.encode()))


def test_a_given_format_reads_a_spreadsheets_text_file(tmp_path: Path) -> None:
    path = tmp_path / "Unicode Text.txt"
    path.write_bytes(codecs.BOM_UTF16_LE + "FunctionName\tRegion\r\nf\t\r\n".encode("utf-16-le"))
    assert places(list(RowsFile(str(path), Format.CSV).rows())) == [
        (2, {"FunctionName": "f", "Region": ""})
    ]
