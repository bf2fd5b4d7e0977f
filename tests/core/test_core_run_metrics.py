"""The metrics of a run: counters never decrease, and at the end all equals the summary."""

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.model import Lane, Outcome, SourceLine, Status, Target
from bulkeic.core.rollout.gates import GateDecision, GateKind
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.run_events import (
    GateAnswered,
    RunEnded,
    RunHalted,
    RunStarted,
    WaveDone,
    WaveStarted,
    WorkerLost,
    WorkersReady,
)
from bulkeic.core.summary import Tally, Traffic, summarize
from bulkeic.core.telemetry.metric_families import METRICS, HistogramValue, MetricKind
from bulkeic.core.telemetry.run_metrics import MAX_ERROR_CODES, OTHER_CODES, PENDING, RunMetrics

LANE = Lane("123456789012", "us-east-1")
NOTHING = {status.value: 0 for status in Status}
Values = dict[tuple[str, ...], float]

outcome_kinds = st.tuples(
    st.sampled_from([Status.UPDATED, Status.UNCHANGED, Status.FAILED, Status.UNKNOWN]),
    st.integers(0, 70).map(lambda number: f"Code{number}"),
    st.none() | st.floats(0, 20),
)
batches = st.lists(st.lists(outcome_kinds, max_size=20), max_size=8)
traffic_steps = st.tuples(*[st.integers(0, 50)] * 4)


def outcome(status: Status, code: str, seconds: float | None) -> Outcome:
    is_error = status in {Status.FAILED, Status.UNKNOWN}
    return Outcome(
        0,
        SourceLine("t.csv", 1),
        "fn",
        Target(LANE, "fn"),
        status,
        error_code=code if is_error else None,
        call_s=seconds,
    )


def started(command: str, targets: int, counts: dict[str, int] | None = None) -> RunStarted:
    counts = NOTHING | (counts or {})
    return RunStarted(
        at="2026-11-27T18:00:00.000Z",
        run="/runs/a.db",
        command=command,
        source="t.csv",
        endpoint="AWS",
        targets=targets,
        pending=targets - sum(counts.values()),
        counts=counts,
        waves=0,
    )


def values(metrics: RunMetrics) -> Values:
    """Every sample by metric and labels; a histogram as its counts."""
    found: Values = {}
    for family in metrics.families(1000.0):
        for sample in family.samples:
            assert len(sample.labels) == len(family.metric.labels)
            key = (family.metric.series, *sample.labels)
            assert key not in found
            if isinstance(sample.value, HistogramValue):
                assert len(sample.value.counts) == len(sample.value.bounds) + 1
                for bound, count in enumerate(sample.value.counts):
                    found[*key, str(bound)] = count
            else:
                found[key] = sample.value
    return found


def counters(found: Values) -> Values:
    return {key: value for key, value in found.items() if key[0].endswith("_total")}


@given(batches, st.lists(traffic_steps, min_size=8, max_size=8), st.integers(0, 30))
def test_the_end_equals_the_summary(
    batches: list[list[tuple[Status, str, float | None]]],
    steps: list[tuple[int, int, int, int]],
    left: int,
) -> None:
    outcomes = [[outcome(*kind) for kind in batch] for batch in batches]
    every = [each for batch in outcomes for each in batch]
    metrics = RunMetrics("1.0")
    metrics.notice(started("apply", len(every) + left))
    traffic, before = Traffic(), values(metrics)
    for batch, step in zip(outcomes, steps, strict=False):
        traffic = Traffic(
            *(a + b for a, b in zip(msgspec.structs.astuple(traffic)[:4], step, strict=True))
        )
        metrics.advance("updating", batch, 0, traffic)
        metrics.advance("verifying", batch, 0, traffic)  # does not count its outcomes
        now = values(metrics)
        assert all(now[key] >= value for key, value in counters(before).items())
        before = now

    tallies = Counter((each.status, each.error_code) for each in every)
    summary = summarize(
        [Tally(LANE, *kind, number) for kind, number in tallies.items()],
        run="/runs/a.db",
        targets=len(every) + left,
        lanes={LANE: len(every) + left},
        traffic=traffic,
    )
    for state, number in {**summary.statuses, PENDING: summary.pending}.items():
        assert before["bulkeic_targets", state] == number
        assert before.get(("bulkeic_outcomes_total", "apply", state), 0) == (
            0 if state == PENDING else number
        )
    for name in ("calls", "throttles", "conflicts", "retries"):
        assert before.get((f"bulkeic_{name}_total", "apply"), 0) == getattr(traffic, name)
    codes = {key[2]: value for key, value in before.items() if key[0] == "bulkeic_errors_total"}
    assert sum(codes.values()) == sum(summary.errors.values())
    assert len(codes) <= MAX_ERROR_CODES + 1
    assert all(summary.errors[code] == n for code, n in codes.items() if code != OTHER_CODES)
    timed = sum(each.call_s is not None for each in every)
    buckets = [v for key, v in before.items() if key[0] == "bulkeic_call_duration_seconds"]
    assert sum(buckets) == timed


def test_workers_are_those_of_the_session() -> None:
    metrics = RunMetrics("1.0")
    metrics.notice(started("apply", 5))
    assert not any("workers" in name for name, *_ in values(metrics))
    metrics.notice(WorkersReady(at="", run="", workers=3, lanes=9))
    for number in (1, 2):
        lost = WorkerLost(at="", run="", worker=number, name="w", reason="x", lanes=3,
                          left=3 - number)  # fmt: skip
        metrics.notice(lost)
    found = values(metrics)
    assert found["bulkeic_workers", "working"] == 1
    assert found["bulkeic_workers", "lost"] == 2
    metrics.notice(started("rollback", 5))
    assert not any("workers" in name for name, *_ in values(metrics))


def test_a_rollback_counts_on_under_its_own_command() -> None:
    metrics = RunMetrics("1.0")
    metrics.notice(started("apply", 5, {"updated": 2, "failed": 1}))
    assert values(metrics)["bulkeic_targets", "updated"] == 2
    assert values(metrics)["bulkeic_targets", PENDING] == 2
    metrics.start(3)
    metrics.notice(WaveStarted(at="", run="", wave=2, of=4, targets=2))
    metrics.advance("updating", [outcome(Status.UPDATED, "", 0.3)], 1, Traffic(calls=7))
    metrics.notice(
        WaveDone(at="", run="", wave=2, of=4, targets=2, verified=1, drifted=0, failed=0)
    )
    metrics.notice(
        GateAnswered(
            at="",
            run="",
            wave=2,
            decision=GateDecision.HALT,
            reason="x",
            kind=GateKind.GATE,
            name="",
        )
    )
    metrics.notice(RunHalted(at="", run="", halt=Halt.GATE, reason="x"))
    halted = values(metrics)
    assert halted["bulkeic_session_state", "halted"] == 1
    assert (halted[("bulkeic_wave",)], halted[("bulkeic_last_wave",)]) == (2, 4)
    assert halted[("bulkeic_lanes",)] == 3
    metrics.notice(started("rollback", 1))
    metrics.advance("updating", [outcome(Status.UPDATED, "", 0.3)], 1, Traffic(calls=4))
    metrics.notice(
        RunEnded(
            at="",
            run="/runs/a-rollback.db",
            stopped=None,
            targets=1,
            counts=NOTHING | {"updated": 1},
            pending=0,
            errors={},
            next={},
            exit_code=0,
        )
    )

    found = values(metrics)

    assert found["bulkeic_calls_total", "apply"] == 7
    assert found["bulkeic_calls_total", "rollback"] == 4
    assert found["bulkeic_waves_done_total", "apply"] == 1
    assert found["bulkeic_gate_answers_total", "apply", "gate", "halt"] == 1
    assert found["bulkeic_halts_total", "apply", "gate"] == 1
    assert found["bulkeic_targets", "updated"] == 1
    assert found["bulkeic_run_info", "rollback", "/runs/a-rollback.db"] == 1
    assert found["bulkeic_session_state", "done"] == 1
    assert found[("bulkeic_session_start_time_seconds",)] == 1795802400.0
    assert found[("bulkeic_last_update_time_seconds",)] == 1000.0


def test_the_names_are_those_that_prometheus_recommends() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("bulkeic_")
        assert not metric.name.endswith("_total")
        assert metric.name.endswith("_seconds") == (metric.unit == "s")
        assert metric.help.endswith(".")
        if metric.kind is MetricKind.COUNTER:
            assert metric.series == f"{metric.name}_total"
