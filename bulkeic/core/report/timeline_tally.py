"""A timeline that grows while a run works, and stays within its limit of steps."""

from bulkeic.core.report.timeline import MOST_STEPS, Timeline, TimelineStep

_LENGTHS_S = (1, 2, 10, 30, 60, 120, 600, 1800, 3600, 7200, 14400, 43200, 86400)
"""Lengths of a step in seconds. Each divides the next one, so that steps merge exactly."""


class TimelineTally:
    """Counts jobs by the time at which they started.

    Steps merge into longer ones when there are too many, so memory is bounded.

    Args:
        start: what is counted already.
    """

    def __init__(self, start: Timeline) -> None:
        self._step_s = start.step_s
        self._steps = {
            step.at: [step.targets, step.attempts, step.throttles, step.failed]
            for step in start.steps
        }

    def add(self, started_at: float, attempts: int, throttles: int, *, failed: bool) -> None:
        """Counts a job.

        Args:
            started_at: Unix time in seconds.
            attempts: its calls.
            throttles: of them, those that were throttled.
            failed: whether it failed, or its outcome is unknown.
        """
        at = int(started_at // self._step_s) * self._step_s
        step = self._steps.get(at)
        if step is None:
            step = self._steps[at] = [0, 0, 0, 0]
            if len(self._steps) > MOST_STEPS:
                self._merge()
                return self.add(started_at, attempts, throttles, failed=failed)
        step[0] += 1
        step[1] += attempts
        step[2] += throttles
        step[3] += failed
        return None

    def timeline(self) -> Timeline:
        """The timeline so far."""
        steps = (TimelineStep(at, *self._steps[at]) for at in sorted(self._steps))
        return Timeline(self._step_s, tuple(steps))

    def _merge(self) -> None:
        longer = (each for each in _LENGTHS_S if each > self._step_s and each % self._step_s == 0)
        self._step_s = next(longer, self._step_s * 2)
        merged: dict[int, list[int]] = {}
        for at, counts in self._steps.items():
            step = merged.setdefault(at // self._step_s * self._step_s, [0, 0, 0, 0])
            for index, count in enumerate(counts):
                step[index] += count
        self._steps = merged


def empty_timeline() -> Timeline:
    """A timeline without a step."""
    return Timeline(_LENGTHS_S[0], ())
