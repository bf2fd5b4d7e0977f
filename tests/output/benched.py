"""Results of benchmarks, made up."""

from hdrh.histogram import HdrHistogram

from bulkeic.core.load import Load, Model
from bulkeic.core.measures import (
    Ahead,
    BenchOperation,
    BenchResult,
    Client,
    LaneForecast,
    LaneMeasures,
    Limit,
    Measures,
    Second,
    Spread,
)  # fmt: skip

LANE = "12345678{:04}/eu-west-1"


def spread(times_us: list[int]) -> Spread:
    histogram = HdrHistogram(1, 3_600_000_000, 3)
    for time in times_us:
        histogram.record_value(time)
    at = [histogram.get_value_at_percentile(p) / 1e6 for p in (50, 90, 99, 99.9)]
    return Spread(
        count=len(times_us), mean_s=sum(times_us) / 1e6 / max(1, len(times_us)), p50_s=at[0],
        p90_s=at[1], p99_s=at[2], p999_s=at[3], max_s=max(times_us, default=0) / 1e6,
        histogram=histogram.encode().decode(),
    )  # fmt: skip


def lane(name: str, number: int, *, limit: Limit | None = None) -> LaneMeasures:
    return LaneMeasures(
        lane=name, done=300 + number, failed=number % 3, calls=310 + number,
        refused=5 * number, conflicts=0, throughput=10.0 + number / 10,
        p50_s=0.02, p99_s=0.05 + number / 100, max_s=0.5, limit=limit,
    )  # fmt: skip


def limit_of(rate: float) -> Limit:
    return Limit(
        found=True, rate=rate, low=rate * 0.96, high=rate * 1.05, burst=rate * 1.5, seconds=20.0,
        calls=400, refused=12,
    )  # fmt: skip


def measures(
    rate: float, *, repeat: int = 0, lanes: list[LaneMeasures] | None = None, length: int = 20
) -> Measures:
    times = [
        18_000 + (number * 7919) % 9000 + (400_000 if number % 150 == 0 else 0) + int(rate * 300)
        for number in range(1500)
    ]
    nothing = spread([])
    seconds = [
        Second(
            second=number, done=int(rate * 3) + number % 3, calls=int(rate * 3) + 2,
            refused=number % 5 if rate > 10 else 0, failed=0,
            p50_s=0.021, p99_s=0.05 + (0.4 if number == 7 else 0.0), max_s=0.09 + number % 4 / 20,
        )
        for number in range(length)
    ]  # fmt: skip
    return Measures(
        load=Load(model=Model.OPEN, concurrency=1000, rate=rate, duration_s=float(length)),
        repeat=repeat, started_at="2026-11-25T12:00:00Z", elapsed_s=float(length), done=12_345,
        failed=6, unfinished=0, calls=12_400, retries=55, refused=49, conflicts=0,
        errors={"TooManyRequestsException": 49}, throughput=rate * 3,
        latency=spread(times), waiting=nothing, call=nothing, retrying=nothing,
        lanes=lanes if lanes is not None else [lane(LANE.format(n), n) for n in range(3)],
        seconds=seconds, client=Client(cpu_s=1.0, cpu_share=0.1, rss_mb=80.0),
    )  # fmt: skip


def result(*loads: Measures, flags: tuple[str, ...] = (), forecast: bool = False) -> BenchResult:
    ahead = Ahead(
        source="fleet.csv", seconds=5400.0,
        lanes=[
            LaneForecast(
                lane=LANE.format(n), targets=9000 - n, rate=5.0, measured=n != 1, seconds=5400 - n
            )
            for n in range(3)
        ],
    )  # fmt: skip
    return BenchResult(
        made_at="2026-11-25T12:00:00Z", versions={"python": "3.11.9", "bulkeic": "0.9"},
        machine={"system": "Linux 6", "cpus": "8"}, flags=list(flags), seed=42,
        endpoint="https://lambda.example.test", operation=BenchOperation.GET, targets=3000,
        lanes=3, measures=list(loads), forecast=ahead if forecast else None,
    )  # fmt: skip
