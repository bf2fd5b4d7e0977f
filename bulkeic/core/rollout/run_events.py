"""What happens in a run, as events for those who watch it. Times are RFC 3339, UTC.

``--notify`` gives them to users, so their fields are stable: a field can be added, and a change of
another kind raises ``EVENT_VERSION``.
"""

from typing import TypeAlias

import msgspec

from bulkeic.core.rollout.gates import GateDecision, GateKind
from bulkeic.core.rollout.halts import Halt

EVENT_VERSION = 1


class RunEvent(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all events have.

    Attributes:
        at: when it happened.
        run: path of the run file.
        version: of the events.
    """

    at: str
    run: str
    version: int = EVENT_VERSION


class RunStarted(RunEvent, frozen=True, kw_only=True, tag="started"):
    """A session of work on a run has started.

    Attributes:
        command: what it does: ``apply``, ``plan``, ``verify`` or ``rollback``.
        source: what the run was made from.
        endpoint: the AWS or the sandbox that is called.
        targets: all of the run.
        pending: of them, those without an outcome.
        counts: number of outcomes by status at the start, for every status.
        waves: how many the run stores so far; 0: none.
    """

    command: str
    source: str
    endpoint: str
    targets: int
    pending: int
    counts: dict[str, int]
    waves: int


class WaveStarted(RunEvent, frozen=True, kw_only=True, tag="wave_started"):
    """A wave starts to write, or continues.

    Attributes:
        wave: its number.
        of: the number of the last wave.
        targets: of the wave.
    """

    wave: int
    of: int
    targets: int


class WaveDone(RunEvent, frozen=True, kw_only=True, tag="wave_done"):
    """A wave was written and read again.

    Attributes:
        wave: its number.
        of: the number of the last wave.
        targets: of the wave.
        verified: targets that have what is wanted.
        drifted: targets that have something else.
        failed: targets that failed in this session.
    """

    wave: int
    of: int
    targets: int
    verified: int
    drifted: int
    failed: int


class GateAnswered(RunEvent, frozen=True, kw_only=True, tag="gate"):
    """A gate, the alarms or the calendar have answered.

    Attributes:
        kind: what has answered.
        name: ARN of the alarm that decided, or of the only one, or of the calendar; empty: none.
        wave: number of the wave; 0: the run has no waves.
        decision: what follows.
        reason: for people.
    """

    kind: GateKind
    name: str
    wave: int
    decision: GateDecision
    reason: str


class WorkersReady(RunEvent, frozen=True, kw_only=True, tag="workers_ready"):
    """The worker processes of a session have their first lanes.

    Attributes:
        workers: how many there are.
        lanes: that they hold together.
    """

    workers: int
    lanes: int


class WorkerLost(RunEvent, frozen=True, kw_only=True, tag="worker_lost"):
    """A worker process is lost; its lanes move to the others.

    Attributes:
        worker: its number in the session, from 1.
        name: for people.
        reason: for people.
        lanes: that it held.
        left: workers that are left.
    """

    worker: int
    name: str
    reason: str
    lanes: int
    left: int


class RunHalted(RunEvent, frozen=True, kw_only=True, tag="halted"):
    """The run has halted itself.

    Attributes:
        halt: the kind of reason.
        reason: for people.
    """

    halt: Halt
    reason: str


class RunEnded(RunEvent, frozen=True, kw_only=True, tag="ended"):
    """The command has ended its work on a run.

    Attributes:
        stopped: why it ended early; ``None``: it did not.
        targets: all of the run.
        counts: number of outcomes by status, for every status.
        pending: targets without an outcome.
        errors: number of outcomes by error code.
        next: the next steps, each with its command; empty before a rollback that follows by itself.
        exit_code: of the command, unless a rollback follows.
    """

    stopped: str | None
    targets: int
    counts: dict[str, int]
    pending: int
    errors: dict[str, int]
    next: dict[str, str]
    exit_code: int


AnyRunEvent: TypeAlias = (
    RunStarted
    | WaveStarted
    | WaveDone
    | GateAnswered
    | WorkersReady
    | WorkerLost
    | RunHalted
    | RunEnded
)
