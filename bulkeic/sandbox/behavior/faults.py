"""Faults: what goes wrong with calls, drawn from a seeded random generator.

Every draw takes the same count of random numbers, one for each fault, so that the n-th call of a
seed gets the same numbers whatever the settings and the earlier replies were. If several faults
strike one call, the first of this table wins:

    fault        what the client sees
    hang         no reply, ever; nothing is changed
    cut_before   the connection is cut; nothing is changed
    throttle     429
    refuse       403; nothing is changed
    error        500; nothing is changed
    conflict     409 if the call would have changed something
    cut_after    the connection is cut; the change was made
    truncated    fewer bytes than announced, then the connection is closed; the change was made
    garbage      200 with an HTML page; the change was made

Two faults are apart from the table: `slow` delays whatever else happens, and `expired` strikes only
calls with credentials of AssumeRole, before any fault of the table.
"""

from dataclasses import dataclass, field
from enum import Enum
from math import exp, log
from operator import attrgetter
from random import Random
from statistics import NormalDist

from bulkeic.sandbox.behavior.option_types import (
    OPTIONAL_SECONDS,
    PROBABILITY,
    SECONDS,
    check_bounds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often Lambda calls go wrong, and how.

    Each probability, 0 to 1, applies to each Lambda call independently; if several faults strike
    one call, the module's table says which wins.

    Attributes:
        throttle: probability of a 429 although quota is left; it takes no quota.
        conflict: probability of a 409 for a call that would have changed something.
        error: probability of a 500.
        slow: probability that the reply comes `slow_s` later.
        slow_s: additional seconds of a slow reply.
        cut_before: probability that the connection is cut before the change is made.
        cut_after: probability that the connection is cut after the change is made.
        hang: probability that the call is never answered; nothing is changed.
        truncated: probability that the reply announces more bytes than it has.
        garbage: probability of a 200 with an HTML page instead of the reply.
        refuse: probability of a 403 for a missing permission; it takes quota.
        expired: probability that credentials of AssumeRole are reported as expired.
        retry_after_s: seconds in a `Retry-After` header (rounded up) of every 429, or None.
        latency_s: seconds that every reply of any service takes; the median if `latency_p99_s` is
            set.
        latency_p99_s: 99th percentile of the seconds that a reply takes, log-normally distributed;
            None if all replies take the same time.
        settle_s: seconds that a write stays pending after its reply; another write of the same
            function gets a 409 until then, as it does while the first one is unanswered.
        iam_propagation_s: seconds for which a destination is refused after it is first seen.

    Raises:
        ValueError: a probability is outside 0..1, seconds are below 0, or the 99th percentile is
            below the median or set without one.
    """

    throttle: float = field(default=0.0, metadata=PROBABILITY)
    conflict: float = field(default=0.0, metadata=PROBABILITY)
    error: float = field(default=0.0, metadata=PROBABILITY)
    slow: float = field(default=0.0, metadata=PROBABILITY)
    slow_s: float = field(default=1.0, metadata=SECONDS)
    cut_before: float = field(default=0.0, metadata=PROBABILITY)
    cut_after: float = field(default=0.0, metadata=PROBABILITY)
    hang: float = field(default=0.0, metadata=PROBABILITY)
    truncated: float = field(default=0.0, metadata=PROBABILITY)
    garbage: float = field(default=0.0, metadata=PROBABILITY)
    refuse: float = field(default=0.0, metadata=PROBABILITY)
    expired: float = field(default=0.0, metadata=PROBABILITY)
    retry_after_s: float | None = field(default=None, metadata=OPTIONAL_SECONDS)
    latency_s: float = field(default=0.0, metadata=SECONDS)
    latency_p99_s: float | None = field(default=None, metadata=OPTIONAL_SECONDS)
    settle_s: float = field(default=0.0, metadata=SECONDS)
    iam_propagation_s: float = field(default=0.0, metadata=SECONDS)

    def __post_init__(self) -> None:
        check_bounds(self)
        if self.latency_p99_s is not None and not 0 < self.latency_s <= self.latency_p99_s:
            raise ValueError(
                f"latency_p99_s: {self.latency_p99_s!r} is below latency_s, or that is 0"
            )


class FaultKind(Enum):
    """A fault of the module's table, in its order. The value names the probability."""

    HANG = "hang"
    CUT_BEFORE = "cut_before"
    THROTTLE = "throttle"
    REFUSE = "refuse"
    ERROR = "error"
    CONFLICT = "conflict"
    CUT_AFTER = "cut_after"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"


_KINDS = tuple(FaultKind)
_PROBABILITIES = attrgetter(*(kind.value for kind in FaultKind))
_NORMAL = NormalDist()
_NORMAL_P99 = _NORMAL.inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class DrawnFaults:
    """The faults of one call.

    Attributes:
        kind: the fault of the table that strikes, or None.
        slow_s: seconds to add to the reply.
        expired: whether credentials of AssumeRole are reported as expired.
    """

    kind: FaultKind | None
    slow_s: float
    expired: bool = False


def draw_faults(rng: Random, faults: Faults) -> DrawnFaults:
    """Decide which faults strike the next call."""
    slow_s = faults.slow_s if rng.random() < faults.slow else 0.0
    drawn = None
    for kind, probability in zip(_KINDS, _PROBABILITIES(faults), strict=True):
        if rng.random() < probability and drawn is None:
            drawn = kind
    return DrawnFaults(drawn, slow_s, rng.random() < faults.expired)


def latency_s(quantile: float, faults: Faults) -> float:
    """Return the latency, in seconds, at a quantile of its distribution, 0 to 1."""
    if faults.latency_p99_s is None or faults.latency_p99_s == faults.latency_s or not quantile:
        return faults.latency_s
    sigma = log(faults.latency_p99_s / faults.latency_s) / _NORMAL_P99
    return faults.latency_s * exp(sigma * _NORMAL.inv_cdf(quantile))
