"""JUnit files: valid for any text, and grouped by lane however the cases come."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.errors import printable
from bulkeic.core.model import Lane, Outcome, SourceLine, Status, Target
from bulkeic.core.report.junit_case import CaseResult, JUnitCase, case_result, junit_case
from bulkeic.output.report.junit_file import JUnitFile

from .junit_schema import check_junit

NOW = "2026-11-26T09:00:00.000Z"
LANES = [Lane(f"{account:012}", region) for account in (1, 2) for region in ("eu-a", "us-b")]


def written(cases: list[JUnitCase], **options: int) -> bytes:
    with JUnitFile(NOW, **options) as file:
        file.add(cases)
        return b"".join(file.pieces())


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (Status.UPDATED, None, CaseResult.PASSED),
        (Status.CREATED, None, CaseResult.PASSED),
        (Status.UNCHANGED, None, CaseResult.PASSED),
        (Status.NOT_MATCHED, None, CaseResult.SKIPPED),
        (Status.FAILED, DRIFTED, CaseResult.FAILURE),
        (Status.FAILED, "AccessDeniedException", CaseResult.ERROR),
        (Status.FAILED, None, CaseResult.ERROR),
        (Status.UNKNOWN, "OutcomeUnknown", CaseResult.ERROR),
        (Status.INVALID, "InvalidRow", CaseResult.ERROR),
    ],
)
def test_how_a_case_ends(status: Status, code: str | None, expected: CaseResult) -> None:
    assert case_result(status, code) is expected


@given(st.text(st.characters(codec=None), min_size=1, max_size=40))
@example("]]></failure><x a='\"&\x00\x1b\ufffe\ud800\r\n\t")
def test_any_text_is_valid_xml(text: str) -> None:
    target = Target(LANES[0], "orders", "live")
    outcomes = [
        Outcome(0, SourceLine(text, 2), text, target, Status.FAILED, error_code=DRIFTED,
                error_message=text, request_id=text, duration_s=0.25),
        Outcome(1, SourceLine(text, 3), text, None, Status.INVALID, error_code=text,
                error_message=text),
    ]  # fmt: skip
    root = check_junit(written([junit_case(each, [text, text]) for each in outcomes]))
    drift, invalid = root.findall("testsuite/testcase/*")
    assert drift.get("message") == invalid.get("message") == printable(text)
    assert drift.text == "\n".join(
        [f"row: {printable(text)}:2", f"request id: {printable(text)}", *[printable(text)] * 2]
    )
    assert next(case.get("name") for case in root.iter("testcase")) == "orders:live"


cases = st.lists(
    st.builds(
        JUnitCase,
        st.none() | st.sampled_from(LANES),
        st.sampled_from(["a:$LATEST", "b:1"]),
        st.sampled_from(CaseResult),
        st.floats(0, 900),
        st.none() | st.sampled_from(["2026-11-26T08:00:00.000Z", "2026-11-26T08:00:01.000Z"]),
        st.just("E"),
    ),
    max_size=20,
)


@given(cases, st.sampled_from([1, 300, 10**6]))
def test_each_lane_has_its_cases_in_their_order(found: list[JUnitCase], buffered: int) -> None:
    root = check_junit(written(found, most_buffered=buffered))
    lanes = {case.lane for case in found}
    assert [suite.get("name") for suite in root] == [
        *map(str, sorted(lane for lane in lanes if lane is not None)),
        *(["no lane"] if None in lanes else []),
    ]
    for suite in root:
        own = [case for case in found if str(case.lane or "no lane") == suite.get("name")]
        assert [each.get("name") for each in suite.iter("testcase")] == [case.name for case in own]
        started = [case.started_at for case in own if case.started_at is not None]
        assert suite.get("timestamp") == min(started, default=NOW)[:19]


def test_memory_does_not_grow_with_the_cases() -> None:
    cases = (
        JUnitCase(LANES[number % 4], f"fn-{number}", CaseResult.ERROR, kind="E", message="x" * 200)
        for number in range(20_000)
    )
    tracemalloc.start()
    try:
        with JUnitFile(NOW, most_buffered=100_000) as file:
            file.add(cases)
            size = sum(map(len, file.pieces()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 5_000_000
    assert peak < 1_000_000
