"""A results file that a kill has cut anywhere is gone on with, and each job stands in it once."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import UsageError
from bulkeic.core.model import Outcome, SourceLine, Status
from bulkeic.output.outcome_codec import HEADER, original
from bulkeic.output.results import ResultsFile

texts = st.text(st.sampled_from(["a", '"', ",", "\n", "\r", "é", "\\", "=", "'"]), max_size=6)


def outcome(seq: int, text: str = "") -> Outcome:
    return Outcome(seq, SourceLine("t.csv", seq), text, None, Status.FAILED, 1,
                   error_message=text, settings={"OnFailure": text})  # fmt: skip


outcome_lists = st.lists(texts, min_size=1, max_size=8).map(
    lambda found: [outcome(seq, text) for seq, text in enumerate(found)]
)


def begun(path: Path, known: list[Outcome], then: list[Outcome], *, anew: bool) -> None:
    results = ResultsFile(str(path))
    try:
        results.begin(known, anew=anew)
        results.write(then)
    finally:
        results.close()


def rows(path: Path) -> list[tuple[int, str]]:
    """Number and name of each row, as any reader has them."""
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            found = list(csv.DictReader(file))
        return [(int(row["seq"]), original(row["function_name"])) for row in found]
    lines = path.read_text().split("\n")
    assert lines.pop() == ""
    return [(row["seq"], row["function_name"]) for row in map(json.loads, lines)]


@pytest.fixture(params=["r.jsonl", "r.csv"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("results") / str(request.param)


@pytest.mark.parametrize("name", ["r.jsonl", "r.csv"])
@settings(max_examples=60, deadline=None)
@given(outcomes=outcome_lists, data=st.data())
def test_cut_anywhere_it_is_mended(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    outcomes: list[Outcome],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("results") / name
    known = data.draw(st.integers(0, len(outcomes)), "committed")
    order = data.draw(st.permutations(outcomes[:known]), "order")
    begun(path, [], list(order), anew=True)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)), "cut")
    path.write_bytes(whole[:cut])

    begun(path, outcomes[:known], outcomes[known:], anew=False)

    kept = whole[:cut]
    assert path.read_bytes().startswith(kept[: _whole_rows(kept, name)])
    wanted = [(each.seq, each.function_name) for each in outcomes]
    assert sorted(rows(path)) == sorted(wanted)


def _whole_rows(data: bytes, name: str) -> int:
    """Bytes up to the end of the last row that is whole, counted another way."""
    end = 0
    for place, byte in enumerate(data, 1):
        if byte == ord("\n") and (name == "r.jsonl" or data[:place].count(b'"') % 2 == 0):
            end = place
    return end


def test_anew_means_anew(path: Path) -> None:
    begun(path, [], [outcome(0), outcome(1)], anew=True)
    begun(path, [outcome(5)], [outcome(6)], anew=True)
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
def test_what_another_has_written_is_left_alone(
    tmp_path: Path, name: str, content: bytes, line: int
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UsageError, match=f"{name}': line {line} is not what this run has written"):
        begun(path, [outcome(0)], [], anew=False)

    assert path.read_bytes() == content


def test_a_row_of_csv_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    begun(path, [], [outcome(0, "a\nb")], anew=True)
    lines = path.read_bytes().count(b"\n")
    with path.open("ab") as file:
        file.write(b"mine,alone\n")
    with pytest.raises(UsageError, match=f"line {lines + 1} is not"):
        begun(path, [outcome(0)], [], anew=False)


def test_a_last_row_without_its_end_is_torn_however_long(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    begun(path, [], [outcome(0)], anew=True)
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.truncate(len(whole) + (1 << 26))
    begun(path, [outcome(0)], [outcome(1)], anew=False)
    assert path.read_bytes().startswith(whole)
    assert [seq for seq, _ in rows(path)] == [0, 1]
