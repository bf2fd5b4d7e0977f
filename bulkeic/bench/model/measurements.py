"""The measurements of a benchmark, written to and read from JSON.

All times are seconds and all rates are per second. Latency counts from the intended start of a
request, so that it includes the time that requests wait for a stalled server.
"""

from enum import StrEnum

import msgspec

from bulkeic.bench.model.workload import Load
from bulkeic.core.errors import InputError, quoted

FORMAT = 1
_KIND = "bulkeic bench"
_BEGIN = f'{{\n "bulkeic": "{_KIND}"'.encode()


class BenchOperation(StrEnum):
    """The operation that a benchmark calls."""

    GET = "get"
    UPDATE = "update"


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """The distribution of a duration.

    Attributes:
        count: number of values; if 0, all other fields are 0, too.
        histogram: HdrHistogram, V2 compressed, base64; its values are microseconds.
    """

    count: int
    mean_s: float
    p50_s: float
    p90_s: float
    p99_s: float
    p999_s: float
    max_s: float
    histogram: str


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """The requests and calls that ended within one second.

    Attributes:
        second: seconds since measuring started, from 0.
        done: requests that ended, failed ones included.
        calls: calls that were answered or timed out.
        refused: calls that were throttled.
        failed: requests that failed.
        p50_s: latency of the requests; ``None``: no request ended.
    """

    second: int
    done: int
    calls: int
    refused: int
    failed: int
    p50_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None


class LaneLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The limit of a lane.

    Attributes:
        found: whether throttled calls revealed the limit; otherwise ``rate`` is what got through.
        rate: calls a second that the lane sustains.
        low: lower bound of the rate, given how long it was measured.
        high: upper bound.
        burst: calls above the rate that the lane let through at first; ``None``: not found.
        seconds: duration of the search.
        calls: calls that the search made.
        refused: calls of the search that were throttled.
    """

    found: bool
    rate: float
    low: float
    high: float
    burst: float | None
    seconds: float
    calls: int
    refused: int


class LaneMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements of one lane; see ``Measures`` for the other fields.

    Attributes:
        lane: account/Region.
        throughput: requests a second.
        stopped: why the lane was stopped; ``None``: it was not.
    """

    lane: str
    done: int
    failed: int
    calls: int
    refused: int
    conflicts: int
    throughput: float
    p50_s: float | None = None
    p99_s: float | None = None
    max_s: float | None = None
    limit: LaneLimit | None = None
    stopped: str | None = None


class ClientUsage(msgspec.Struct, frozen=True, kw_only=True):
    """Resources of this machine that the benchmark used.

    Attributes:
        cpu_s: CPU time of this process.
        cpu_share: share of one core while measuring.
        rss_mb: peak memory so far, in MB of 10**6 bytes.
    """

    cpu_s: float
    cpu_share: float
    rss_mb: float


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements of one repeat of a load.

    Attributes:
        load: the load.
        repeat: number of the repeat, from 0.
        started_at: RFC 3339.
        elapsed_s: measured time, without the warm-up.
        done: requests that ended, failed ones included.
        failed: requests whose last call was throttled, failed or was never answered.
        unfinished: requests that were still in flight when waiting ended; ``latency`` includes
            their age, the least that they would have taken.
        unbegun: unfinished requests of an open load that this client did not start in time.
        calls: calls of the measured requests.
        retries: calls that repeated an earlier call.
        refused: calls that were throttled.
        conflicts: calls that met another operation in progress.
        errors: calls by error code, most frequent first; includes calls of warm-up requests that
            ended while measuring, because there may be no others.
        throughput: requests a second that ended.
        latency: from the intended start of a request to its end; ``waiting`` + ``call`` +
            ``retrying``.
        waiting: for a token, for a free slot, or for the function.
        call: within the final calls.
        retrying: within calls that were retried, and the pauses before the next attempt.
        stopped: why the load ended early; ``None``: it did not.
    """

    load: Load
    repeat: int
    started_at: str
    elapsed_s: float
    done: int
    failed: int
    unfinished: int
    calls: int
    retries: int
    refused: int
    conflicts: int
    errors: dict[str, int]
    throughput: float
    latency: Spread
    waiting: Spread
    call: Spread
    retrying: Spread
    lanes: list[LaneMeasures]
    seconds: list[Second]
    client: ClientUsage
    stopped: str | None = None
    unbegun: int = 0

    @property
    def has_no_success(self) -> bool:
        """Whether no request succeeded; there may have been no request."""
        return self.done == self.failed


class LaneForecast(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast duration of ``apply`` in one lane.

    Attributes:
        lane: account/Region.
        targets: number of targets.
        rate: calls a second that ``--rate auto`` would settle at.
        measured: whether the rate is measured; otherwise it is Lambda's documented quota.
    """

    lane: str
    targets: int
    rate: float
    measured: bool
    seconds: float


class ApplyForecast(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast duration of ``apply`` at the measured limits.

    Attributes:
        source: the targets file.
        seconds: until all lanes are done.
        lanes: slowest first.
    """

    source: str
    seconds: float
    lanes: list[LaneForecast]


class BenchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a benchmark.

    Attributes:
        bulkeic: marks the file as a result of ``bulkeic bench``.
        format: version of this format.
        made_at: RFC 3339.
        versions: of bulkeic, Python and the packages that calls go through.
        machine: description of this machine.
        flags: the command line after ``bulkeic``.
        seed: of all random choices.
        endpoint: URL that was called.
        targets: number of targets.
        lanes: number of lanes.
        measures: every repeat of every load, in the order of measuring.
        forecast: forecast of ``apply``; ``None``: not requested.
    """

    bulkeic: str = _KIND
    format: int = FORMAT
    made_at: str
    versions: dict[str, str]
    machine: dict[str, str]
    flags: list[str]
    seed: int
    endpoint: str
    operation: BenchOperation
    targets: int
    lanes: int
    measures: list[Measures]
    forecast: ApplyForecast | None = None


class _Head(msgspec.Struct):
    bulkeic: str = ""
    format: int = 0


def encode(result: BenchResult) -> bytes:
    """Encodes a result as JSON."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1)


def decode(text: bytes, source: str) -> BenchResult:
    """Decodes a result from JSON.

    Args:
        text: JSON.
        source: name of the file, for errors.

    Raises:
        InputError: the text is not a result, or has another format version.
    """
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if text.startswith(_BEGIN):
            raise InputError(
                f"the result is damaged: {quoted(str(error))}", source=source
            ) from None
        head = _Head()
    if head.bulkeic != _KIND:
        raise InputError("not a result of bulkeic bench", source=source)
    if head.format != FORMAT:
        raise InputError(
            f"the result has format {head.format}, but this bulkeic reads format {FORMAT}; "
            "measure again",
            source=source,
        )
    try:
        return msgspec.json.decode(text, type=BenchResult)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"the result is damaged: {quoted(str(error))}", source=source) from None
