"""Exported outcomes are read as the rows that they came from."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.model import Job, Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.outcome_fields import OutcomeValues, outcome_values
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.output.files.outcome_codec import HEADER, csv_rows, jsonl
from bulkeic.sources.rows_file import RowsFile
from tests.core.example_configs import wishes

letters = "abzAZ09-_"
targets = st.builds(
    Target,
    st.builds(
        Lane,
        st.from_regex(r"[0-9]{12}", fullmatch=True),
        st.sampled_from(["us-east-1", "eu-west-1"]),
    ),
    st.text(letters, min_size=1, max_size=8),
    st.text(letters, min_size=1, max_size=8).filter(lambda text: not text.isdigit())
    | st.sampled_from(["$LATEST", "7"]),
    st.just("aws"),
)
texts = st.none() | st.text(max_size=20)


@st.composite
def outcomes(draw: st.DrawFn) -> tuple[Outcome, Settings]:
    """An outcome with what it was given, and the settings of its job."""
    target, wish = draw(targets), draw(wishes)
    name = draw(
        st.sampled_from([target.function, f"{target.function}:{target.qualifier}", target.arn])
    )
    outcome = Outcome(
        draw(st.integers(0, 99)),
        SourceLine(draw(st.text(max_size=9)), 7),
        name,
        target,
        draw(st.sampled_from(Status)),
        error_message=draw(texts),
        settings=wish.to_api(),
        config=draw(st.none() | st.just({"MaximumRetryAttempts": 2})),
        before=draw(st.none() | st.just({})),
    )
    return outcome, wish


def jobs(name: str, content: bytes) -> list[Job]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        parser = RowParser(name, Defaults())
        rows = list(RowsFile(str(path)).rows())
    assert [row for row in rows if not isinstance(row, Row)] == []
    return [parser.job(seq, row) for seq, row in enumerate(rows) if isinstance(row, Row)]


@pytest.mark.parametrize(
    ("name", "head", "encode"),
    [("t.jsonl", b"", jsonl), ("t.json", b"", jsonl), ("t.csv", HEADER, csv_rows)],
)
@settings(deadline=None, max_examples=100)
@given(pairs=st.lists(outcomes(), min_size=1, max_size=4))
def test_an_exported_outcome_gives_the_target_and_the_settings_of_its_job(
    name: str,
    head: bytes,
    encode: Callable[[list[OutcomeValues]], bytes],
    pairs: list[tuple[Outcome, Settings]],
) -> None:
    content = head + encode([outcome_values(outcome) for outcome, _ in pairs])
    expected = [(outcome.target, wish) for outcome, wish in pairs]
    assert [(job.target, job.settings) for job in jobs(name, content)] == expected


def test_the_outcome_of_an_invalid_row_is_a_row_without_settings() -> None:
    invalid = Outcome(0, SourceLine("t.csv", 2), "a b", None, Status.INVALID)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(HEADER + csv_rows([outcome_values(invalid)]))
        (row,) = RowsFile(str(path)).rows()
    assert isinstance(row, Row)
    problems = RowParser("t.csv", Defaults(region="us-east-1")).problems(row)
    assert [problem.field for problem in problems] == ["FunctionName", ""]
