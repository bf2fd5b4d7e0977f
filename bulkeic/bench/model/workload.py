"""The load that a benchmark puts on, and when each request of it is due.

- *closed*: so many requests under way at all times; the next begins when one has ended. A server
  that stalls is asked less, so its stall is hardly seen: use it for "how much gets through".
- *open*: so many requests a second in each lane, whatever becomes of those before. A server that
  stalls makes all who are due meanwhile wait: use it for "how long does it take".
- *limit*: each lane by itself is called faster and faster until it refuses (see ``core.limit``).
"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.errors import UsageError

USUAL_RATE = 10.0
USUAL_DURATION_S = 10.0
USUAL_WARMUP_S = 1.0
USUAL_STEP_S = 30.0
OPEN_CONCURRENCY = 1000
LIMIT_CONCURRENCY = 64
BEGIN_LATE_S = 0.25
_MOST_BLOCKS = 1000


class LoadModel(StrEnum):
    """How requests follow one another."""

    CLOSED = "closed"
    OPEN = "open"
    LIMIT = "limit"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One load.

    Attributes:
        rate: requests a second in each lane, of an open load.
        concurrency: calls in flight at most, over all lanes.
        duration_s: seconds that are measured; ``None``: until ``requests`` are done.
        requests: that are measured; ``None``: as many as there are in ``duration_s``.
        warmup_s: seconds before that, which are not measured.
    """

    model: LoadModel
    concurrency: int
    rate: float | None = None
    duration_s: float | None = None
    requests: int | None = None
    warmup_s: float = 0.0

    @property
    def measured_s(self) -> float:
        """Seconds that are measured; infinity where ``requests`` end it."""
        return math.inf if self.duration_s is None else self.duration_s

    def owed_until(self, over_s: float, *, stopped: bool) -> float:
        """Until when requests were due that must have begun. Seconds since the load's begin.

        One that begins at most ``BEGIN_LATE_S`` late is not missed: a load that ends by itself
        waits for that, and where it was stopped nobody knows.

        Args:
            over_s: when it was over.
            stopped: whether that was early.
        """
        end_s = self.warmup_s + self.measured_s
        return min(over_s - BEGIN_LATE_S if stopped else over_s, end_s)

    def __str__(self) -> str:
        match self.model:
            case LoadModel.OPEN:
                return f"open, {self.rate:g}/s in each lane"
            case LoadModel.CLOSED:
                return f"closed, {self.concurrency:,} at once"
            case LoadModel.LIMIT:
                return "find the limit"


class LoadFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What a user says of the loads; ``None``: nothing."""

    rates: tuple[float, ...] = ()
    step_s: float | None = None
    concurrency: tuple[int, ...] = ()
    find_limit: bool = False
    length_s: float | None = None
    requests: int | None = None
    warmup_s: float | None = None


def loads_of(flags: LoadFlags) -> list[Load]:
    """The loads that are asked for, in order.

    ==================================  ========================================
    what is given                       loads
    ==================================  ========================================
    ``find_limit``                      the limit of each lane
    ``rates``                           open, one each
    ``concurrency`` alone               closed, one each
    nothing                             open, at ``USUAL_RATE``
    ==================================  ========================================

    With ``rates``, one ``concurrency`` is the most calls in flight.

    Raises:
        UsageError: flags that cannot be beside one another.
    """
    _check(flags)
    concurrency = flags.concurrency
    if flags.find_limit:
        most = concurrency[0] if concurrency else LIMIT_CONCURRENCY
        return [Load(model=LoadModel.LIMIT, concurrency=most)]
    length_s = flags.step_s or flags.length_s
    if flags.requests is None and length_s is None:
        length_s = USUAL_STEP_S if len(flags.rates) > 1 else USUAL_DURATION_S
    usual = Load(
        model=LoadModel.OPEN,
        concurrency=concurrency[0] if concurrency else OPEN_CONCURRENCY,
        duration_s=length_s,
        requests=flags.requests,
        warmup_s=USUAL_WARMUP_S if flags.warmup_s is None else flags.warmup_s,
    )
    if concurrency and not flags.rates:
        return [
            msgspec.structs.replace(usual, model=LoadModel.CLOSED, concurrency=each)
            for each in concurrency
        ]
    return [msgspec.structs.replace(usual, rate=rate) for rate in flags.rates or (USUAL_RATE,)]


def _check(flags: LoadFlags) -> None:
    timed = (flags.step_s, flags.length_s, flags.requests)
    told = any(each is not None for each in (*timed, flags.warmup_s))
    if flags.find_limit and (flags.rates or told):
        raise UsageError(
            "--find-limit finds the rate and the time itself; leave --rate, --rates, --step, "
            "--duration, --requests and --warmup out"
        )
    if sum(each is not None for each in timed) > 1:
        raise UsageError("--duration, --step and --requests: say one of them")
    if flags.step_s is not None and not flags.rates:
        raise UsageError("--step is how long each of --rates lasts; say --rates, or --duration")
    if len(flags.concurrency) > 1 and (flags.rates or flags.find_limit):
        raise UsageError("several --concurrency go with a closed load; say one beside --rate")


class ArrivalSchedule:
    """When the requests of an open load are due: evenly spaced, the lanes in turn.

    Args:
        rate: requests a second in each lane.
        lanes: how many there are.
    """

    def __init__(self, rate: float, lanes: int) -> None:
        self.rate = rate * lanes
        self._lanes = lanes

    def due(self, number: int) -> float:
        """Seconds from the beginning until a request is due; the first is number 0."""
        return number / self.rate

    def count(self, elapsed_s: float) -> int:
        """How many requests are due by then."""
        if elapsed_s < 0:
            return 0
        number = math.floor(elapsed_s * self.rate) + 1
        # What is divided one way and multiplied the other may miss by one.
        while self.due(number) <= elapsed_s:
            number += 1
        while number and self.due(number - 1) > elapsed_s:
            number -= 1
        return number

    def blocks(self, first: int, end: int) -> Iterator[tuple[int, Sequence[int]]]:
        """Requests by lane, those of about the same time together: lane and numbers.

        Args:
            first: number of a request.
            end: number of the first one that is left out.
        """
        for lane in range(self._lanes):
            numbers = range(first + (lane - first) % self._lanes, end, self._lanes)
            size = max(1, len(numbers) // _MOST_BLOCKS)
            for at in range(0, len(numbers), size):
                yield lane, numbers[at : at + size]
