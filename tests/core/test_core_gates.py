"""Gates: each end of the command has its decision, and a decision holds until the wave works."""

import json
from collections import Counter

import pytest

from bulkeic.core.model import Lane, Status
from bulkeic.core.rollout.gates import (
    GateDecision,
    GateEnd,
    GateRecord,
    GateResult,
    awaits_gate,
    gate_document,
    must_ask,
)
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import Tally, Traffic, summarize

EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:01.000Z"


@pytest.mark.parametrize(
    ("result", "decision", "reason"),
    [
        (GateResult(GateEnd.EXITED, 0), "continue", "exit code 0"),
        (GateResult(GateEnd.EXITED, 75), "hold", "exit code 75"),
        (GateResult(GateEnd.EXITED, 1), "halt", "exit code 1"),
        (GateResult(GateEnd.EXITED, 74), "halt", "exit code 74"),
        (GateResult(GateEnd.EXITED, 255), "halt", "exit code 255"),
        (GateResult(GateEnd.KILLED, 9), "halt", "ended by SIGKILL"),
        (GateResult(GateEnd.KILLED, 75), "halt", "ended by signal 75"),
        (GateResult(GateEnd.TIMED_OUT), "halt", "not ended within 60 s (--gate-timeout)"),
        (GateResult(GateEnd.NOT_STARTED, problem="no"), "halt", "cannot be started: no"),
    ],
)
def test_every_end_of_a_gate_has_its_decision(
    result: GateResult, decision: str, reason: str
) -> None:
    assert result.decision == decision
    assert result.reason(60.0) == reason


def test_no_other_exit_code_lets_a_run_continue() -> None:
    found = Counter(GateResult(GateEnd.EXITED, code).decision for code in range(256))
    assert found == {GateDecision.CONTINUE: 1, GateDecision.HOLD: 1, GateDecision.HALT: 254}


@pytest.mark.parametrize(
    ("decision", "answered_at", "asks"),
    [
        (None, LATE, True),
        (GateDecision.HOLD, LATE, True),
        (GateDecision.HALT, LATE, True),
        (GateDecision.CONTINUE, LATE, False),
        (GateDecision.CONTINUE, EARLY, True),
    ],
)
def test_a_gate_is_asked_until_it_continues_what_the_wave_has_done(
    decision: GateDecision | None, answered_at: str, *, asks: bool
) -> None:
    record = None if decision is None else GateRecord(1, 1, EARLY, answered_at, 1, decision, "", "")
    wave = Wave(1, 5, EARLY, LATE if answered_at == EARLY else EARLY, 5, 0)

    assert must_ask(record, wave) is asks


@pytest.mark.parametrize(
    ("verified", "decisions", "awaits"),
    [
        ((), {}, False),
        ((1,), {}, True),
        ((1,), {1: "halt"}, True),
        ((1,), {1: "continue"}, False),
        ((1, 2), {1: "continue"}, True),
        ((1, 2), {1: "halt", 2: "continue"}, False),
    ],
)
def test_a_run_awaits_its_gate_after_the_last_wave_that_worked(
    verified: tuple[int, ...], decisions: dict[int, str], *, awaits: bool
) -> None:
    waves = [
        Wave(number, 5, EARLY, EARLY, 5, 0) if number in verified else Wave(number, 0)
        for number in (1, 2, 3)
    ]
    records = [
        GateRecord(at, wave, EARLY, LATE, 1, GateDecision(decision), "", "")
        for at, (wave, decision) in enumerate(decisions.items(), 1)
    ]

    assert awaits_gate(waves, records) is awaits


def test_a_gate_reads_the_run_its_wave_and_the_next_one() -> None:
    lane = Lane("123456789012", "us-east-1")
    tallies = [Tally(lane, Status.UPDATED, None, 3), Tally(lane, Status.FAILED, "Denied", 2)]
    summary = summarize(tallies, run="run.db", targets=9, lanes={lane: 9}, traffic=Traffic())
    given = {"run": "/run.db", "source": "targets.csv", "asked": 2, "waves": 4, "failed": 2}

    document = gate_document(summary, Wave(1, 5, EARLY, LATE, 3, 0), Wave(2, 4), **given)

    assert json.loads(json.dumps(document)) == {
        "run": "/run.db",
        "source": "targets.csv",
        "asked": 2,
        "wave": {
            "number": 1, "of": 4, "targets": 5, "started_at": EARLY, "ended_at": LATE,
            "verified": 3, "drifted": 0, "failed": 2,
        },
        "counts": {
            "targets": 9, "updated": 3, "created": 0, "unchanged": 0, "not_matched": 0,
            "failed": 2, "unknown": 0, "invalid": 0, "pending": 4,
        },
        "failures": {"total": 2, "errors": {"Denied": 2}},
        "next_wave": {"number": 2, "targets": 4},
    }  # fmt: skip
    assert gate_document(summary, Wave(1, 5), None, **given)["next_wave"] is None
