"""The numbers of a run while it works are those of its report."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.model import Lane, Outcome, SourceLine, Status, Target, rfc3339
from bulkeic.core.report.live_state import AFTER, LiveEvent, LiveState, live_status, state_after
from bulkeic.core.report.place_counts import PlaceCounts, counts_by
from bulkeic.core.report.run_end import SessionRecord
from bulkeic.core.report.run_tally import RunTally
from bulkeic.core.report.timeline import MOST_STEPS
from bulkeic.core.report.timeline_tally import TimelineTally, empty_timeline
from bulkeic.core.summary import Traffic

from .example_run_reports import run_report

LANES = [Lane("111111111111", "us-east-1"), Lane("222222222222", "eu-west-1")]
START_S = 1_700_000_000
FAILURES = {Status.FAILED: "AccessDeniedException", Status.UNKNOWN: "OutcomeUnknown"}
outcomes = st.lists(
    st.builds(
        lambda seq, lane, status, second: Outcome(
            seq,
            SourceLine("targets.csv", seq),
            "orders",
            Target(lane, "orders", "$LATEST"),
            status,
            attempts=2,
            throttles=1,
            error_code=FAILURES.get(status),
            started_at=rfc3339(START_S + second),
        ),
        st.integers(1, 1000),
        st.sampled_from(LANES),
        st.sampled_from([Status.UPDATED, Status.FAILED, Status.UNKNOWN]),
        st.integers(0, 100_000),
    ),
    max_size=40,
)


@given(outcomes, st.integers(1, 7))
def test_a_tally_counts_what_a_report_counts(found: list[Outcome], size: int) -> None:
    start = run_report("orders")
    lanes = {lane: PlaceCounts(targets=100) for lane in LANES}
    summary = replace(start.summary, targets=200, traffic=Traffic(), needs=())
    tally = RunTally(replace(start, lanes=lanes, summary=summary, timeline=None, errors=()), [])
    for index in range(0, len(found), size):
        tally.add(found[index : index + size])
    tally.set_traffic(Traffic(calls=5, elapsed_s=2.0))
    tally.end_session()
    tally.set_traffic(Traffic(calls=1))
    report = tally.numbers().report(START_S)

    statuses = Counter(outcome.status.value for outcome in found)
    assert {name: count for name, count in report.summary.statuses.items() if count} == statuses
    assert report.summary.pending == 200 - len(found)
    assert report.summary.traffic == Traffic(calls=6, elapsed_s=2.0)
    assert report.lanes == counts_by(
        lambda lane: lane, dict.fromkeys(LANES, 100), tally.numbers().tallies
    )
    assert sum(each.done for each in report.accounts.values()) == len(found)
    assert report.timeline is not None
    assert sum(step.targets for step in report.timeline.steps) == len(found)
    assert {group.code: group.example for group in report.errors} == {
        code: next(each for each in found if each.error_code == code)
        for code in {each.error_code for each in found if each.error_code is not None}
    }


def test_the_session_that_works_has_the_traffic_of_now() -> None:
    ended = SessionRecord("apply", rfc3339(START_S), 1.0, "interrupted", calls=7)
    tally = RunTally(
        replace(run_report("orders"), sessions=(ended, replace(ended, ended=None, calls=0))), []
    )
    tally.set_traffic(Traffic(calls=5, elapsed_s=2.0))
    assert tally.numbers().report(START_S).sessions == (
        ended, replace(ended, ended="in progress", calls=5, elapsed_s=2.0)
    )  # fmt: skip


@given(st.lists(st.integers(0, 4_000_000), min_size=1, max_size=400))
def test_a_timeline_loses_nothing_and_stays_short(seconds: list[int]) -> None:
    tally = TimelineTally(empty_timeline())
    for second in seconds:
        tally.add(START_S + second, 3, 1, failed=second % 2 == 0)
    timeline = tally.timeline()
    assert len(timeline.steps) <= MOST_STEPS
    assert {step.at: step.targets for step in timeline.steps} == Counter(
        (START_S + second) // timeline.step_s * timeline.step_s for second in seconds
    )
    assert sum(step.attempts for step in timeline.steps) == 3 * len(seconds)
    assert sum(step.failed for step in timeline.steps) == sum(each % 2 == 0 for each in seconds)


def test_the_table_of_states() -> None:
    for event, after in AFTER.items():
        for state in LiveState:
            assert state_after(state, event) is after.get(state, state)
    state = LiveState.LOADING
    for event, expected in (
        (LiveEvent.STOP_ASKED, LiveState.LOADING),
        (LiveEvent.OPENED, LiveState.READY),
        (LiveEvent.STARTED, LiveState.WORKING),
        (LiveEvent.STOP_ASKED, LiveState.STOPPING),
        (LiveEvent.STOP_ASKED, LiveState.STOPPING),
        (LiveEvent.ENDED, LiveState.ENDED),
        (LiveEvent.OPENED, LiveState.READY),
    ):
        state = state_after(state, event)
        assert state is expected


def test_only_a_run_that_works_can_be_stopped() -> None:
    stoppable = {state for state in LiveState if live_status(state).can_stop}
    assert stoppable == {LiveState.WORKING}
    assert live_status(LiveState.ENDED, exit_code=4).text == "differences found"
