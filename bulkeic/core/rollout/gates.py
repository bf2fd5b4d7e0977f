"""Gates: commands that are asked after each wave whether the rollout may continue.

==============================  ========
the command                     decision
==============================  ========
exits with 0                    continue
exits with 75 (EX_TEMPFAIL)     hold
exits with another code         halt
is ended by a signal            halt
does not end within its time    halt
cannot be started               halt
==============================  ========
"""

import signal
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import Summary

_CONTINUE, _HOLD = 0, 75


class GateDecision(StrEnum):
    """What a gate has decided."""

    CONTINUE = "continue"
    HOLD = "hold"
    HALT = "halt"


class GateKind(StrEnum):
    """What has decided."""

    GATE = "gate"
    ALARM = "alarm"
    CALENDAR = "calendar"


class GateEnd(StrEnum):
    """How the command of a gate ended."""

    EXITED = "exited"
    KILLED = "killed"
    TIMED_OUT = "timed out"
    NOT_STARTED = "not started"


class GateResult(msgspec.Struct, frozen=True):
    """One answer of a gate.

    Attributes:
        end: how its command ended.
        code: the exit code, or the number of the signal that ended it.
        problem: why it could not be started.
        output: the end of what it wrote.
    """

    end: GateEnd
    code: int = 0
    problem: str = ""
    output: str = ""

    @property
    def decision(self) -> GateDecision:
        """The decision; see the table of this module."""
        if self.end is not GateEnd.EXITED:
            return GateDecision.HALT
        decisions = {_CONTINUE: GateDecision.CONTINUE, _HOLD: GateDecision.HOLD}
        return decisions.get(self.code, GateDecision.HALT)

    def reason(self, timeout_s: float) -> str:
        """Why the gate decided so, for people.

        Args:
            timeout_s: the time that its command had, seconds.
        """
        match self.end:
            case GateEnd.EXITED:
                return f"exit code {self.code}"
            case GateEnd.KILLED:
                return f"ended by {_signal_name(self.code)}"
            case GateEnd.TIMED_OUT:
                return f"not ended within {timeout_s:g} s (--gate-timeout)"
            case GateEnd.NOT_STARTED:
                return f"cannot be started: {self.problem}"


class GateRecord(msgspec.Struct, frozen=True):
    """What a gate, the alarms or the calendar decided, as a run file keeps it.

    Times are RFC 3339, UTC.

    Attributes:
        number: of the record in its run, from 1.
        wave: number of the wave: a gate is asked after it; alarms and the calendar decide whether
            it starts, and alarms whether it goes on. 0: the run has no waves.
        asked_at: when it was first asked in its session.
        answered_at: when it answered last.
        asks: how many times it has answered.
        decision: the last one.
        reason: of the last decision.
        output: the end of the last output of a gate.
        kind: what has decided.
        name: ARN of the alarm that decided, or of the only one, or of the calendar; empty: none.
    """

    number: int
    wave: int
    asked_at: str
    answered_at: str
    asks: int
    decision: GateDecision
    reason: str
    output: str
    kind: GateKind = GateKind.GATE
    name: str = ""

    @property
    def title(self) -> str:
        """What has decided and when, for people."""
        if self.kind is GateKind.GATE:
            return f"gate after wave {self.wave}"
        return f"{self.kind.value} of wave {self.wave}" if self.wave else self.kind.value


class ConditionAnswer(msgspec.Struct, frozen=True):
    """What alarms or a calendar say before a wave or while it works.

    Attributes:
        decision: what follows.
        reason: for people.
        name: ARN of the alarm that decided, or of the only one, or of the calendar; empty: none.
    """

    decision: GateDecision
    reason: str
    name: str = ""


def last_of_gate(records: Sequence[GateRecord], wave: int) -> GateRecord | None:
    """The last decision of the gate after a wave; ``None``: it has not answered yet.

    Args:
        records: of the run, in order.
        wave: number of the wave.
    """
    of_gate = (each for each in reversed(records) if each.kind is GateKind.GATE)
    return next((each for each in of_gate if each.wave == wave), None)


def must_ask(record: GateRecord | None, wave: Wave) -> bool:
    """Whether a gate must be asked (again) after a wave.

    ===============================================  ===
    it has not answered yet                          yes
    its last decision was to hold or to halt         yes
    it continued, and the wave has worked since      yes
    it continued                                     no
    ===============================================  ===

    Args:
        record: of its last decision after this wave; ``None``: there is none.
        wave: that has ended.
    """
    if record is None or record.decision is not GateDecision.CONTINUE:
        return True
    return wave.ended_at is not None and record.answered_at < wave.ended_at


def awaits_gate(waves: Sequence[Wave], records: Sequence[GateRecord]) -> bool:
    """Whether a gate must still be asked after the last wave that was verified.

    The waves after it may have nothing to change, and are not asked about.

    Args:
        waves: of the run, in order.
        records: of the run, in order.
    """
    done = next((wave for wave in reversed(waves) if wave.verified is not None), None)
    if done is None:
        return False
    return must_ask(last_of_gate(records, done.number), done)


def gate_document(summary: Summary, wave: Wave, following: Wave | None, **more: Any) -> Any:
    """What a gate reads on stdin, as a JSON object.

    Args:
        summary: of the run.
        wave: that has ended.
        following: the next wave; ``None``: it was the last one.
        more: fields of the run and of the wave that these do not know: ``run``, ``source``,
            ``asked`` (number of this question, from 1), ``waves`` and ``failed``.
    """
    return {
        "run": more["run"],
        "source": more["source"],
        "asked": more["asked"],
        "wave": {
            "number": wave.number,
            "of": more["waves"],
            "targets": wave.targets,
            "started_at": wave.started_at,
            "ended_at": wave.ended_at,
            "verified": wave.verified,
            "drifted": wave.drifted,
            "failed": more["failed"],
        },
        "counts": {
            "targets": summary.targets,
            **summary.statuses,
            "pending": summary.pending,
        },
        "failures": {
            "total": sum(summary.statuses[status] for status in ("failed", "unknown")),
            "errors": summary.errors,
        },
        "next_wave": following and {"number": following.number, "targets": following.targets},
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
