"""The course of a run in time, in at most a few hundred steps."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

MOST_STEPS = 240
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


class TimelineStep(msgspec.Struct, frozen=True):
    """The targets that were started in one step of time; what was retried later included.

    A target that was read and has no outcome counts at the time of the read, with one call.

    Attributes:
        at: Unix time in seconds at which the step starts.
        targets: number of outcomes and such reads.
        attempts: their calls.
        throttles: throttled attempts of the outcomes.
        failed: outcomes that are failed or unknown.
    """

    at: int
    targets: int
    attempts: int
    throttles: int
    failed: int


class Timeline(msgspec.Struct, frozen=True):
    """Steps of equal length, in order; those without an outcome are left out.

    Attributes:
        step_s: length of a step in seconds.
        steps: at most ``MOST_STEPS``, unless the run took more than 240 days.
    """

    step_s: int
    steps: tuple[TimelineStep, ...]


def unix_time(text: str | None) -> float | None:
    """A time of RFC 3339 as Unix time in seconds; ``None``: it is none."""
    try:
        return None if text is None else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None


def step_length(times: Iterable[str | None]) -> int:
    """The length of a step in seconds, so that a run fits into ``MOST_STEPS``.

    Args:
        times: RFC 3339, the first and the last one at least; ``None`` is left out.
    """
    seconds = [datetime.fromisoformat(each).timestamp() for each in times if each is not None]
    if not seconds:
        return _STEPS_S[0]
    span = max(seconds) - min(seconds)
    # One step more: the first one starts before the run does.
    fitting = (step for step in _STEPS_S if span / step <= MOST_STEPS - 1)
    return next(fitting, _STEPS_S[-1])
