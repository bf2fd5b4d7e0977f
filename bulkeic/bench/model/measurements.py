"""What a benchmark measured, as types that are written as JSON and read back.

All times are seconds and all rates are a second. Latency counts from the moment at which a request
should have started, so that a server that stalls is charged for all who had to wait.
"""

from enum import StrEnum

import msgspec

from bulkeic.bench.model.workload import Load
from bulkeic.core.errors import InputError, quoted

FORMAT = 1
_KIND = "bulkeic bench"
_BEGIN = f'{{\n "bulkeic": "{_KIND}"'.encode()


class BenchOperation(StrEnum):
    """What a benchmark calls."""

    GET = "get"
    UPDATE = "update"


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took.

    Attributes:
        count: how many times it was measured; 0: all the rest is 0, too.
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
    """What ended within one second.

    Attributes:
        second: its number, from 0 when measuring begins.
        done: requests.
        calls: answered, or given up.
        refused: calls that were throttled.
        failed: requests.
        p50_s: latency of the requests; ``None``: none ended.
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
    """What a lane lets through.

    Attributes:
        found: whether refusals told it; if not, ``rate`` is what got through all the same.
        rate: calls a second that it sustains.
        low: the least that this may be, given how long it was measured.
        high: the most.
        burst: calls above the rate that it let through at first; ``None``: not found.
        seconds: that it took to find out.
        calls: that it took.
        refused: of those.
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
    """One lane by itself.

    Attributes:
        lane: account/Region.
        throughput: requests a second.
        stopped: why it was stopped; ``None``: it was not.
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
    """What it took of this machine.

    Attributes:
        cpu_s: of this process.
        cpu_share: of one core, while it was measured.
        rss_mb: the most memory so far, MB of 10**6 bytes.
    """

    cpu_s: float
    cpu_share: float
    rss_mb: float


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """What one load came to.

    Attributes:
        load: that was put on.
        repeat: its number, from 0.
        started_at: RFC 3339.
        elapsed_s: that were measured, without the warm-up.
        done: requests that ended, failed ones included.
        failed: requests whose last call was refused, or never answered.
        unfinished: requests that were still under way when there was no more waiting; their age is
            in ``latency``, as the least that they would have taken.
        unbegun: of those, the requests of an open load that this client has not come to begin.
        calls: of the requests that were measured.
        retries: calls that were made again.
        refused: calls that were throttled.
        conflicts: calls that met another operation in progress.
        errors: calls by error code, most frequent first; those of the warm-up's requests, too, that
            ended while it was measured: where nothing goes on, there are no others.
        throughput: requests that ended, a second.
        latency: from when each should have started to its end; ``waiting`` + ``call`` +
            ``retrying``.
        waiting: for a token, a place, or its function.
        call: within the calls that counted.
        retrying: calls that had to be made again, and the time before the next try.
        stopped: why it ended early; ``None``: it did not.
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
    def is_in_vain(self) -> bool:
        """Whether no request succeeded; there may have been none."""
        return self.done == self.failed


class LaneForecast(msgspec.Struct, frozen=True, kw_only=True):
    """How long ``apply`` would take in one lane.

    Attributes:
        lane: account/Region.
        rate: calls a second that ``--rate auto`` would settle at.
        measured: whether the lane's limit was found; if not, it is Lambda's documented quota.
    """

    lane: str
    targets: int
    rate: float
    measured: bool
    seconds: float


class ApplyForecast(msgspec.Struct, frozen=True, kw_only=True):
    """How long ``apply`` would take at the limits that were found.

    Attributes:
        source: the targets file.
        seconds: until all lanes are done.
        lanes: longest first.
    """

    source: str
    seconds: float
    lanes: list[LaneForecast]


class BenchResult(msgspec.Struct, frozen=True, kw_only=True):
    """All that a benchmark has to tell.

    Attributes:
        made_at: RFC 3339.
        versions: of bulkeic, Python and what the calls go through.
        machine: what it ran on.
        flags: the command line behind ``bulkeic``.
        seed: of whatever was drawn.
        endpoint: what was called.
        targets: that could be called.
        lanes: accounts and Regions.
        measures: every load of every repeat, in the order in which they were put on.
        forecast: where one was asked for.
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
    """A result as JSON."""
    return msgspec.json.format(msgspec.json.encode(result), indent=1)


def decode(text: bytes, source: str) -> BenchResult:
    """The inverse of ``encode``.

    Args:
        text: JSON.
        source: the file's name, for the error.

    Raises:
        InputError: it is no such result, or one of another version.
    """
    try:
        head = msgspec.json.decode(text, type=_Head)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if text.startswith(_BEGIN):
            raise InputError(f"a damaged result: {quoted(str(error))}", source=source) from None
        head = _Head()
    if head.bulkeic != _KIND:
        raise InputError("no result of bulkeic bench", source=source)
    if head.format != FORMAT:
        raise InputError(
            f"a result of format {head.format}; this bulkeic reads format {FORMAT}: measure again",
            source=source,
        )
    try:
        return msgspec.json.decode(text, type=BenchResult)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InputError(f"a damaged result: {quoted(str(error))}", source=source) from None
