"""The kinds of load that a benchmark generates.

- *closed*: a fixed number of requests in flight; the next one starts when one ends. A stalled
  server receives fewer requests, so the stall is hardly visible. Use it to measure throughput.
- *open*: a fixed number of requests a second in each lane, whether or not earlier ones ended. While
  the server stalls, requests that become due wait. Use it to measure latency.
- *limit*: calls each lane faster and faster until it throttles (see ``quota_probe``).
"""

import math
from enum import StrEnum

import msgspec

from bulkeic.core.errors import UsageError

DEFAULT_RATE = 10.0
DEFAULT_DURATION_S = 10.0
DEFAULT_WARMUP_S = 1.0
DEFAULT_STEP_S = 30.0
OPEN_CONCURRENCY = 1000
LIMIT_CONCURRENCY = 64
MAX_START_DELAY_S = 0.25


class LoadModel(StrEnum):
    """What decides when the next request starts."""

    CLOSED = "closed"
    OPEN = "open"
    LIMIT = "limit"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """One load.

    Attributes:
        concurrency: maximum calls in flight over all lanes.
        rate: requests a second in each lane; open loads only.
        duration_s: seconds to measure; ``None``: until ``requests`` are done.
        requests: number of requests to measure; ``None``: all that start within ``duration_s``.
        warmup_s: seconds before measuring starts.
    """

    model: LoadModel
    concurrency: int
    rate: float | None = None
    duration_s: float | None = None
    requests: int | None = None
    warmup_s: float = 0.0

    @property
    def measured_s(self) -> float:
        """Seconds to measure; infinity if the number of requests ends the load."""
        return math.inf if self.duration_s is None else self.duration_s

    def owed_until(self, over_s: float, *, stopped: bool) -> float:
        """Requests due until then must have started, or they count as missed.

        A request may start up to ``MAX_START_DELAY_S`` late. A load that ends by itself waits that
        long; a load that is stopped early does not.

        Args:
            over_s: when the load was over, in seconds since its start.
            stopped: whether the load was stopped early.

        Returns:
            Seconds since the start of the load.
        """
        end_s = self.warmup_s + self.measured_s
        return min(over_s - MAX_START_DELAY_S if stopped else over_s, end_s)

    def __str__(self) -> str:
        match self.model:
            case LoadModel.OPEN:
                return f"open, {self.rate:g}/s in each lane"
            case LoadModel.CLOSED:
                return f"closed, {self.concurrency:,} at once"
            case LoadModel.LIMIT:
                return "find the limit"


class LoadFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The user's choice of loads; ``None``: not given."""

    rates: tuple[float, ...] = ()
    step_s: float | None = None
    concurrency: tuple[int, ...] = ()
    find_limit: bool = False
    length_s: float | None = None
    requests: int | None = None
    warmup_s: float | None = None


def choose_loads(flags: LoadFlags) -> list[Load]:
    """The loads that a user chose, in order.

    ==================================  ========================================
    given                               loads
    ==================================  ========================================
    ``find_limit``                      one that finds the limit of each lane
    ``rates``                           one open load for each rate
    ``concurrency`` alone               one closed load for each number
    nothing                             one open load at ``DEFAULT_RATE``
    ==================================  ========================================

    With ``rates``, a single ``concurrency`` is the maximum of calls in flight.

    Raises:
        UsageError: the flags contradict each other.
    """
    _check(flags)
    concurrency = flags.concurrency
    if flags.find_limit:
        calls = concurrency[0] if concurrency else LIMIT_CONCURRENCY
        return [Load(model=LoadModel.LIMIT, concurrency=calls)]
    length_s = flags.step_s or flags.length_s
    if flags.requests is None and length_s is None:
        length_s = DEFAULT_STEP_S if len(flags.rates) > 1 else DEFAULT_DURATION_S
    usual = Load(
        model=LoadModel.OPEN,
        concurrency=concurrency[0] if concurrency else OPEN_CONCURRENCY,
        duration_s=length_s,
        requests=flags.requests,
        warmup_s=DEFAULT_WARMUP_S if flags.warmup_s is None else flags.warmup_s,
    )
    if concurrency and not flags.rates:
        return [
            msgspec.structs.replace(usual, model=LoadModel.CLOSED, concurrency=each)
            for each in concurrency
        ]
    return [msgspec.structs.replace(usual, rate=rate) for rate in flags.rates or (DEFAULT_RATE,)]


def _check(flags: LoadFlags) -> None:
    timed = (flags.step_s, flags.length_s, flags.requests)
    has_length = any(each is not None for each in (*timed, flags.warmup_s))
    if flags.find_limit and (flags.rates or has_length):
        raise UsageError(
            "--find-limit chooses the rate and the duration itself; omit --rate, --rates, --step, "
            "--duration, --requests and --warmup"
        )
    if sum(each is not None for each in timed) > 1:
        raise UsageError("--duration, --step and --requests exclude each other; give one of them")
    if flags.step_s is not None and not flags.rates:
        raise UsageError(
            "--step is the duration of each rate in --rates; give --rates, or use --duration"
        )
    if len(flags.concurrency) > 1 and (flags.rates or flags.find_limit):
        raise UsageError(
            "only a closed load takes several --concurrency; give one value with --rate"
        )
