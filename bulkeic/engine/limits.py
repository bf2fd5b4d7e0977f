"""The limits of an engine: rates, concurrency, attempts, and when to stop."""

import math
from typing import Literal

import msgspec

from bulkeic.core.errors import UsageError
from bulkeic.core.pacing.adaptive_rate import QUOTA

AUTO: Literal["auto"] = "auto"
_MOST_HEADROOM = 0.9


class EngineLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of an engine.

    Attributes:
        rate: calls a second for each lane; ``math.inf``: no limit; ``auto``: found at run time.
        burst: size of each lane's token bucket, calls; ``None``: the rate.
        headroom: part of the server's limit that ``auto`` leaves to others, 0 to 0.9.
        concurrency: the maximum of calls in flight, over all lanes.
        max_attempts: the maximum of attempts of one call, without throttles and conflicts.
        throttle_budget_s: seconds for which a job's throttles and conflicts are retried.
        wait_for_iam_s: seconds for which a job is retried whose destination is refused, because IAM
            may not know its permissions yet.
        give_up_after_s: seconds without an answer after which a lane stops, or the run if no lane
            has an answer.
        max_failures: failed jobs after which the run stops; ``None``: any number.
        max_denied: jobs denied in a row after which their lane stops; 0: any number.
        limit_in_flight: whether a lane with a rate has only as many calls in flight as its rate
            needs. Turn it off if each job has its own start time.

    Raises:
        UsageError: a number is out of its range.
    """

    rate: float | Literal["auto"] = 10.0
    burst: float | None = None
    headroom: float = 0.1
    concurrency: int = 64
    max_attempts: int = 8
    throttle_budget_s: float = 900.0
    wait_for_iam_s: float = 0.0
    give_up_after_s: float = 120.0
    max_failures: int | None = None
    max_denied: int = 20
    limit_in_flight: bool = True

    def __post_init__(self) -> None:
        for name, value, least in (
            ("rate", self.first_rate, 0.0),
            ("burst", self.bucket_size, 1),
            ("concurrency", self.concurrency, 1),
            ("max attempts", self.max_attempts, 1),
            ("give up after", self.give_up_after_s, 0.0),
        ):
            if not value >= least or value == 0:
                raise UsageError(f"{name}: {value:g} is too small")
        for name, number in (("max failures", self.max_failures), ("max denied", self.max_denied)):
            if number is not None and number < 0:
                raise UsageError(f"{name}: {number} is too small")
        for name, seconds in (
            ("throttle budget", self.throttle_budget_s),
            ("wait for IAM", self.wait_for_iam_s),
        ):
            if not seconds >= 0:
                raise UsageError(f"{name}: {seconds:g} is too small")
        if not 0 <= self.headroom <= _MOST_HEADROOM:
            raise UsageError(f"headroom: {self.headroom:g} is not between 0 and {_MOST_HEADROOM:g}")

    @property
    def first_rate(self) -> float:
        """Calls a second at the start of a lane."""
        return QUOTA * (1 - self.headroom) if self.rate == AUTO else self.rate

    @property
    def bucket_size(self) -> float:
        """Tokens that a lane's bucket holds; at least one, or no call could ever start."""
        if self.burst is not None:
            return self.burst
        return max(1.0, self.first_rate) if math.isfinite(self.first_rate) else math.inf
