"""How far a command is, for those who look at its live page. States and events are a table."""

from enum import Enum, StrEnum, auto

import msgspec

from bulkeic.core.exit_codes import ExitCode


class LiveState(StrEnum):
    """How far a command is with its run."""

    LOADING = "reading the targets"
    READY = "not started yet"
    WORKING = "in progress"
    STOPPING = "stopping: calls in flight finish"
    HALTED = "halted"
    ENDED = "ended"


class LiveEvent(Enum):
    """What changes that."""

    OPENED = auto()
    STARTED = auto()
    STOP_ASKED = auto()
    HALTED = auto()
    ENDED = auto()


AFTER = {
    LiveEvent.OPENED: dict.fromkeys(LiveState, LiveState.READY),
    LiveEvent.STARTED: {LiveState.READY: LiveState.WORKING},
    LiveEvent.STOP_ASKED: {LiveState.WORKING: LiveState.STOPPING},
    LiveEvent.HALTED: {
        LiveState.WORKING: LiveState.HALTED,
        LiveState.STOPPING: LiveState.HALTED,
    },
    LiveEvent.ENDED: dict.fromkeys(LiveState, LiveState.ENDED),
}
"""The state after an event, by the state before it; a state without an entry stays."""


def state_after(state: LiveState, event: LiveEvent) -> LiveState:
    """The state after an event."""
    return AFTER[event].get(state, state)


class LiveStatus(msgspec.Struct, frozen=True):
    """How far a command is, in words.

    Attributes:
        text: a few words.
        mood: class of the style: ``good``, ``mild`` or ``bad``.
        reason: why it stopped; empty: it did not.
        can_stop: whether it can be stopped now.
    """

    text: str
    mood: str
    reason: str = ""
    can_stop: bool = False


_ENDINGS: dict[int | None, tuple[str, str]] = {
    ExitCode.OK: ("done", "good"),
    ExitCode.DRIFT: ("differences found", "mild"),
    ExitCode.FAILED: ("ended with failures", "bad"),
    ExitCode.STOPPED: ("stopped early", "bad"),
    ExitCode.INTERRUPTED: ("interrupted", "bad"),
}


def live_status(
    state: LiveState, *, doing: str = "", reason: str = "", exit_code: int | None = None
) -> LiveStatus:
    """How far a command is, in words.

    Args:
        state: of it.
        doing: what it does while it works; empty: it waits.
        reason: why it stopped.
        exit_code: of the run that has ended.
    """
    if state is LiveState.WORKING:
        return LiveStatus(doing or str(state), "mild", can_stop=True)
    if state is LiveState.HALTED:
        return LiveStatus(str(state), "bad", reason)
    if state is not LiveState.ENDED:
        return LiveStatus(str(state), "mild", reason)
    text, mood = _ENDINGS.get(exit_code, (str(state), "mild"))
    return LiveStatus(text, mood, reason)
