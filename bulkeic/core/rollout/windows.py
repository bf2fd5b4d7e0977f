"""When a run may work: its window, and the minimum time after a wave. Times are Unix, seconds."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bulkeic.core.errors import UsageError
from bulkeic.core.options.moments import Moment, utc_text
from bulkeic.core.rollout.waves import Wave


class Window(msgspec.Struct, frozen=True):
    """The time in which a run may send calls.

    Attributes:
        opens_at: no call starts before; ``None``: open already.
        closes_at: no call is in flight afterwards; ``None``: it stays open.
        last_start_at: no call starts afterwards; ``None``: it stays open.
    """

    opens_at: float | None = None
    closes_at: float | None = None
    last_start_at: float | None = None

    def time_s(self, now: float) -> float | None:
        """Seconds in which calls can start; ``None``: not limited."""
        if self.last_start_at is None:
            return None
        return max(0.0, self.last_start_at - max(now, self.opens_at or now))


ALWAYS_OPEN = Window()


def window_of(
    not_before: Moment | None, until: Moment | None, *, now: float, timeout_s: float
) -> Window:
    """The window of a run.

    A duration of ``until`` counts from when the window opens.

    Args:
        not_before: when it opens; ``None``, or in the past: now.
        until: when it closes; ``None``: never.
        now: when the command started.
        timeout_s: the longest that a call takes, seconds.

    Raises:
        UsageError: no call could start in it.
    """
    opens_at = None if not_before is None else not_before.at(now)
    if opens_at is not None and opens_at <= now:
        opens_at = None
    if until is None:
        return Window(opens_at)
    start = opens_at or now
    closes_at = until.at(start)
    if closes_at <= now:
        raise UsageError(f"--until {until} has passed; expected a later time")
    if closes_at <= start:
        raise UsageError(f"--until {until} is not after --not-before {not_before}")
    if closes_at - timeout_s <= start:
        raise UsageError(
            f"--until {until} leaves {closes_at - start:.3g} s, and a call may take "
            f"{timeout_s:g} s (--timeout), so none could start; expected a later time"
        )
    return Window(opens_at, closes_at, closes_at - timeout_s)


def overrun_line(window: Window, needed_s: float, now: float) -> str | None:
    """Says that a run does not fit in its window; ``None``: it does.

    Args:
        window: of the run.
        needed_s: how long the run takes, by its forecast, seconds.
        now: the time.
    """
    time_s = window.time_s(now)
    if time_s is None or window.closes_at is None or needed_s <= time_s:
        return None
    return (
        "the forecast does not fit in the window: the run stops before "
        f"{utc_text(window.closes_at)} (--until) with targets pending, and can be resumed"
    )


def bake_left_s(ended_at: str | None, bake_s: float | None, now: float) -> float:
    """Seconds that remain of the minimum time after a wave; 0: it is over.

    Args:
        ended_at: when the wave's last target was done, RFC 3339; ``None``: it has not ended.
        bake_s: the minimum time, seconds; ``None``: none.
        now: the time.
    """
    if ended_at is None or not bake_s:
        return 0.0
    over = now - datetime.fromisoformat(ended_at).timestamp()
    # A clock that was set back never makes the wait longer than asked for.
    return min(bake_s, max(0.0, bake_s - over))


def waits_left_s(
    waves: Sequence[Wave], *, bake_s: float | None, pause_s: float | None, now: float
) -> float:
    """Seconds that a run will wait between waves until it starts the last one.

    Args:
        waves: of the run, in order.
        bake_s: the minimum time after a wave, seconds; ``None``: none.
        pause_s: the pause after it, seconds; ``None``: none.
        now: the time.
    """
    left = sum(wave.verified is None for wave in waves if wave.targets)
    if not left:
        return 0.0
    done = next((wave for wave in reversed(waves) if wave.verified is not None), None)
    rest_s = 0.0 if done is None else bake_left_s(done.ended_at, bake_s, now)
    return rest_s + (left - 1) * ((bake_s or 0.0) + (pause_s or 0.0))
