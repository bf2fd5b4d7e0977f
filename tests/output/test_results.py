"""The results file of a resumed run: wherever a kill has cut it, it has each job once."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import UsageError
from bulkeic.core.model import Outcome, SourceLine, Status
from bulkeic.output.files.outcome_codec import HEADER
from bulkeic.output.files.results import ResultsFile

from .csv_cells import unescaped

texts = st.text(st.sampled_from(["a", '"', ",", "\n", "\r", "é", "\\", "=", "'"]), max_size=6)


def outcome(seq: int, text: str = "") -> Outcome:
    return Outcome(seq, SourceLine("t.csv", seq), text, None, Status.FAILED, 1,
                   error_message=text, settings={"OnFailure": text})  # fmt: skip


outcome_lists = st.lists(texts, min_size=1, max_size=8).map(
    lambda found: [outcome(seq, text) for seq, text in enumerate(found)]
)


def write_results(
    path: Path, known: list[Outcome], then: list[Outcome], *, overwrite: bool
) -> None:
    results = ResultsFile(str(path))
    try:
        results.start(known, overwrite=overwrite)
        results.write(then)
    finally:
        results.close()


def rows(path: Path) -> list[tuple[int, str]]:
    """The number and function name of each row, as any reader finds them."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            found = list(csv.DictReader(file))
        return [(int(row["seq"]), unescaped(row["function_name"])) for row in found]
    lines = path.read_text().split("\n")
    assert lines.pop() == ""
    return [(row["seq"], row["function_name"]) for row in map(json.loads, lines)]


@pytest.fixture(params=["r.jsonl", "r.csv"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / str(request.param)


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv"])
@settings(max_examples=60, deadline=None)
@given(outcomes=outcome_lists, data=st.data())
def test_a_file_that_was_cut_anywhere_is_repaired(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    outcomes: list[Outcome],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("results") / name
    known = data.draw(st.integers(0, len(outcomes)), "committed")
    order = data.draw(st.permutations(outcomes[:known]), "order")
    write_results(path, [], list(order), overwrite=True)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)), "cut")
    path.write_bytes(whole[:cut])

    write_results(path, outcomes[:known], outcomes[known:], overwrite=False)

    kept = whole[:cut]
    assert path.read_bytes().startswith(kept[: _whole_rows(kept, name)])
    wanted = [(each.seq, each.function_name) for each in outcomes]
    assert sorted(rows(path)) == sorted(wanted)


def _whole_rows(data: bytes, name: str) -> int:
    """Bytes up to the end of the last complete row, counted in another way."""
    end = 0
    for place, byte in enumerate(data, 1):
        if byte == ord("\n") and (name == "r.jsonl" or data[:place].count(b'"') % 2 == 0):
            end = place
    return end


def test_overwriting_removes_all_earlier_rows(path: Path) -> None:
    write_results(path, [], [outcome(0), outcome(1)], overwrite=True)
    write_results(path, [outcome(5)], [outcome(6)], overwrite=True)
    assert [seq for seq, _ in rows(path)] == [5, 6]


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("r.jsonl", b'{"seq":0}\n{"seq":1}\nnotes of mine\n', 3),
        ("r.jsonl", b'{"seq":0}\n{"seq":0}\n', 2),
        ("r.jsonl", b'{"seq":-1}\n', 1),
        ("r.jsonl", b'{"seq":99999999999}\n', 1),
        ("r.jsonl", b'{"seq":"0"}\n', 1),
        ("r.jsonl", b"[" * 100_000 + b"\n", 1),
        ("r.jsonl", b"\xff\xfe\n", 1),
        ("r.jsonl", b"notes of mine, in one line", 1),
        ("r.jsonl", b'{"seq":0}\nnotes of mine', 2),
        ("r.csv", HEADER + b"notes of mine", 2),
        pytest.param("r.csv", HEADER + b'"notes\n' + b"of mine\n" * 200_000, 2, id="a quote"),
        ("r.csv", b"FunctionName,Region\na,us-east-1\n", 1),
    ],
)
def test_a_file_of_another_program_is_not_changed(
    short_folder: Path, name: str, content: bytes, line: int
) -> None:
    path = short_folder / name
    path.write_bytes(content)

    with pytest.raises(UsageError, match=f"{name}': line {line} was not written by this run"):
        write_results(path, [outcome(0)], [], overwrite=False)

    assert path.read_bytes() == content


def test_a_csv_row_that_is_not_an_outcome_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    write_results(path, [], [outcome(0, "a\nb")], overwrite=True)
    lines = path.read_bytes().count(b"\n")
    with path.open("ab") as file:
        file.write(b"mine,alone\n")
    with pytest.raises(UsageError, match=f"line {lines + 1} was not"):
        write_results(path, [outcome(0)], [], overwrite=False)


def test_a_last_row_without_its_end_is_overwritten_however_long(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    write_results(path, [], [outcome(0)], overwrite=True)
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.truncate(len(whole) + (1 << 26))
    write_results(path, [outcome(0)], [outcome(1)], overwrite=False)
    assert path.read_bytes().startswith(whole)
    assert [seq for seq, _ in rows(path)] == [0, 1]
