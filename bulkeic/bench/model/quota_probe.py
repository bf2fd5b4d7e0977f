"""Finds a lane's limit: calls it faster and faster until it throttles.

The search is a state machine; ``TRANSITIONS`` is its table.

- *climbing*: the rate starts at ``FIRST_RATE`` and doubles every ``DOUBLING_S`` seconds.
- *settling*: a first call was throttled. Calls that were in flight at that moment still end.
- *counting*: a throttled call means that the token bucket is empty. Between two such moments the
  server let through exactly what the bucket gained, so the calls that got through, divided by the
  time, are its rate. The lane is called ``OVERDRIVE`` times as fast, to keep it throttling.
- *over*: nothing more is sent.

The burst is what got through between the last moment when the bucket was full and the first when it
was empty, less what it gained. The full moment is the one that leaves the largest burst.

A bucket of less than ``TINY_BURST`` tokens fills up between two calls and loses what it would gain
then, so its rate may be up to ``TINY_BURST_LOSS`` times as high as what got through.
"""

import math
from enum import Enum, auto
from typing import NamedTuple

from bulkeic.bench.model.measurements import LaneLimit
from bulkeic.core.pacing.aimd import CUT

FIRST_RATE = 10.0
MAX_RATE = 10_000.0
DOUBLING_S = 1.0
OVERDRIVE = 1.25
CREEP = 1.1
CREEP_S = 0.5
MIN_CALLS = 5
ENOUGH_CALLS = 50
ENOUGH_S = 4.0
TIMEOUT_S = 25.0
JITTER_S = 0.05
TINY_BURST = 2.0
TINY_BURST_LOSS = 2.2
PLATEAU_GROWTH = 1.3
_WINDOW_S = 0.5
_WINDOWS = 3
_MAX_STEPS = 30.0
_TRACE_S = 0.01
_ALMOST_NO_RATE = 1e-6


class ProbePhase(Enum):
    """What the search is doing."""

    CLIMBING = auto()
    SETTLING = auto()
    COUNTING = auto()
    OVER = auto()


class ProbeEvent(Enum):
    """What the search reacts to.

    ``THROTTLED_EARLY``: a throttled call that was sent before the first throttle was known.
    ``PLATEAU``: a higher rate no longer brings more answers. This machine or the server is the
    limit, not the quota.
    ``COUNTED``: enough calls were counted.
    """

    THROTTLED = auto()
    THROTTLED_EARLY = auto()
    PLATEAU = auto()
    COUNTED = auto()
    TIMEOUT = auto()


class ProbeAction(Enum):
    """What the search does on a transition."""

    NOTHING = auto()
    HOLD_RATE = auto()
    START_COUNT = auto()
    COUNT = auto()


TRANSITIONS: dict[tuple[ProbePhase, ProbeEvent], tuple[ProbePhase, ProbeAction]] = {
    (ProbePhase.CLIMBING, ProbeEvent.THROTTLED): (ProbePhase.SETTLING, ProbeAction.HOLD_RATE),
    (ProbePhase.CLIMBING, ProbeEvent.PLATEAU): (ProbePhase.OVER, ProbeAction.NOTHING),
    (ProbePhase.CLIMBING, ProbeEvent.TIMEOUT): (ProbePhase.OVER, ProbeAction.NOTHING),
    (ProbePhase.SETTLING, ProbeEvent.THROTTLED_EARLY): (ProbePhase.SETTLING, ProbeAction.NOTHING),
    (ProbePhase.SETTLING, ProbeEvent.THROTTLED): (ProbePhase.COUNTING, ProbeAction.START_COUNT),
    (ProbePhase.SETTLING, ProbeEvent.TIMEOUT): (ProbePhase.OVER, ProbeAction.NOTHING),
    (ProbePhase.COUNTING, ProbeEvent.THROTTLED_EARLY): (ProbePhase.COUNTING, ProbeAction.COUNT),
    (ProbePhase.COUNTING, ProbeEvent.THROTTLED): (ProbePhase.COUNTING, ProbeAction.COUNT),
    (ProbePhase.COUNTING, ProbeEvent.COUNTED): (ProbePhase.OVER, ProbeAction.NOTHING),
    (ProbePhase.COUNTING, ProbeEvent.TIMEOUT): (ProbePhase.OVER, ProbeAction.NOTHING),
}
"""The next phase and the action; an event cannot happen in a phase that it is not listed with."""


class _Ramp(NamedTuple):
    """A rate that grows by ``factor`` every ``step_s`` seconds."""

    base: float
    since: float
    factor: float = 2.0
    step_s: float = DOUBLING_S

    def rate(self, now: float) -> float:
        steps = min(max(0.0, now - self.since) / self.step_s, _MAX_STEPS)
        return min(MAX_RATE, self.base * math.pow(self.factor, steps))


class _Anchor(NamedTuple):
    """The moment from which calls are counted, and the calls before it."""

    at: float
    passed: int
    throttled: int


class _Count(NamedTuple):
    """Calls that got through, and the seconds in which they did."""

    passed: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.passed / self.seconds

    @property
    def is_enough(self) -> bool:
        return self.passed >= ENOUGH_CALLS and self.seconds >= ENOUGH_S


class _AnswerRates:
    """Calls a second that got through, in one window after another."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self._start = 0.0
        self._calls = 0

    def start(self, now: float) -> None:
        self._start = now

    def add(self, now: float) -> bool:
        """Adds a call; returns whether a window ended with it."""
        self._calls += 1
        if now - self._start < _WINDOW_S:
            return False
        self.rates.append(self._calls / (now - self._start))
        self._start, self._calls = now, 0
        return True

    @property
    def is_plateau(self) -> bool:
        before, latest = self.rates[-2 * _WINDOWS : -_WINDOWS], self.rates[-_WINDOWS:]
        return len(before) == _WINDOWS and max(latest) < PLATEAU_GROWTH * max(before)


class QuotaProbe:
    """The search in one lane; also the pace at which the lane is called. Times are seconds.

    Args:
        now: the current time.
    """

    def __init__(self, now: float) -> None:
        self.phase = ProbePhase.CLIMBING
        self._started_at = self._ended_at = now
        self._ramp = _Ramp(FIRST_RATE, now)
        self._answer_rates = _AnswerRates()
        self._passed = self._throttled = 0
        self._throttled_at = math.inf
        self._anchor = _Anchor(now, 0, 0)
        self._count: _Count | None = None
        self._trace: list[tuple[float, int]] = []

    @property
    def is_over(self) -> bool:
        """Whether the search has ended; nothing more should be sent."""
        return self.phase is ProbePhase.OVER

    def rate(self, now: float) -> float:
        """Calls a second to send now; almost 0 when the search is over."""
        return _ALMOST_NO_RATE if self.is_over else self._ramp.rate(now)

    def passed(self, now: float) -> None:
        """Records a call that got through."""
        if self.is_over:
            return
        if not self._trace:
            self._ramp = self._ramp._replace(since=now)
            self._answer_rates.start(now)
        is_traced = self.phase is not ProbePhase.COUNTING
        if not self._trace or (is_traced and now - self._trace[-1][0] >= _TRACE_S):
            self._trace.append((now, self._passed))  # this call did not find the bucket full
        self._passed += 1
        if self.phase is ProbePhase.CLIMBING:
            window_ended = self._answer_rates.add(now)
            if window_ended and self._answer_rates.is_plateau:
                self._handle(ProbeEvent.PLATEAU, now)
        self._check_time(now)

    def throttled(self, sent_at: float, now: float) -> bool:
        """Records a throttled call.

        Args:
            sent_at: when the call was sent.
            now: when its answer came.

        Returns:
            ``False``: the probe sets the rate itself, so the engine must not slow the lane down.
        """
        if self.is_over:
            return False
        self._throttled += 1
        is_early = self.phase is not ProbePhase.CLIMBING and sent_at <= self._throttled_at
        self._handle(ProbeEvent.THROTTLED_EARLY if is_early else ProbeEvent.THROTTLED, now, sent_at)
        if self._count is not None and self._count.is_enough:
            self._handle(ProbeEvent.COUNTED, now)
        self._check_time(now)
        return False

    def limit(self) -> LaneLimit:
        """The result of the search so far."""
        seconds = self._ended_at - self._started_at
        calls = self._passed + self._throttled
        if self._count is None:
            first = self._trace[0][0] if self._trace else self._started_at
            overall = self._passed / max(_WINDOW_S, self._ended_at - first)
            best = max(self._answer_rates.rates, default=overall)
            return LaneLimit(
                found=False, rate=best, low=best, high=best, burst=None,
                seconds=seconds, calls=calls, refused=self._throttled,
            )  # fmt: skip
        rate = self._count.rate
        margin = min(1.0, 1 / self._count.passed + JITTER_S / self._count.seconds)
        burst = self._burst(rate)
        loss = TINY_BURST_LOSS if burst < TINY_BURST else 1.0
        return LaneLimit(
            found=True, rate=rate, low=rate * (1 - margin), high=rate * (1 + margin) * loss,
            burst=burst, seconds=seconds, calls=calls, refused=self._throttled,
        )  # fmt: skip

    def _burst(self, rate: float) -> float:
        anchor = self._anchor
        left = (anchor.passed - passed - rate * (anchor.at - at) for at, passed in self._trace)
        return max(1.0, *left)

    def _handle(self, event: ProbeEvent, now: float, sent_at: float = 0.0) -> None:
        phase, action = TRANSITIONS[self.phase, event]
        self._ended_at = now
        match action:
            case ProbeAction.HOLD_RATE:
                self._throttled_at = now
                self._set_rate(self.rate(now), now)
            case ProbeAction.START_COUNT:
                self._anchor = _Anchor(now, self._passed, self._throttled)
            case ProbeAction.COUNT:
                self._count_calls(sent_at, now)
            case ProbeAction.NOTHING:
                pass
        self.phase = phase

    def _count_calls(self, sent_at: float, now: float) -> None:
        anchor = self._anchor
        count = _Count(self._passed - anchor.passed, now - anchor.at)
        if count.passed >= MIN_CALLS and count.seconds > 0:
            self._count = count
            self._set_rate(OVERDRIVE * count.rate, now)
        elif sent_at > self._ramp.since and self._throttled - anchor.throttled > count.passed:
            self._set_rate(self.rate(now) * CUT, now)

    def _set_rate(self, rate: float, now: float) -> None:
        """Continues at a rate, from which it only creeps up."""
        self._ramp = _Ramp(rate, now, factor=CREEP, step_s=CREEP_S)

    def _check_time(self, now: float) -> None:
        if self.is_over:
            return
        self._ended_at = now
        if now - self._started_at >= TIMEOUT_S:
            self._handle(ProbeEvent.TIMEOUT, now)
