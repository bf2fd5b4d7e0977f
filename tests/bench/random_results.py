"""Random results of benchmarks, from a seed, with consistent figures."""

import random
from collections.abc import Sequence
from typing import Any

import msgspec
from hdrh.histogram import HdrHistogram

from bulkeic.bench.model.measurements import (
    ApplyForecast,
    BenchOperation,
    BenchResult,
    ClientUsage,
    LaneForecast,
    LaneLimit,
    LaneMeasures,
    Measures,
    Second,
    Spread,
)
from bulkeic.bench.model.workload import Load, LoadModel

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
HIGHEST_US = 3_600_000_000


def spread(seconds: Sequence[float]) -> Spread:
    """The spread of some times."""
    histogram = HdrHistogram(1, HIGHEST_US, 3)
    for each in seconds:
        histogram.record_value(round(each * 1e6))
    at = histogram.get_percentile_to_value_dict([50, 90, 99, 99.9]) if seconds else {}
    return Spread(
        count=len(seconds),
        mean_s=sum(seconds) / max(1, len(seconds)),
        p50_s=at.get(50, 0) / 1e6, p90_s=at.get(90, 0) / 1e6,
        p99_s=at.get(99, 0) / 1e6, p999_s=at.get(99.9, 0) / 1e6,
        max_s=max(seconds, default=0.0),
        histogram=histogram.encode().decode(),
    )  # fmt: skip


def open_load(rate: float, duration_s: float = 30.0) -> Load:
    return Load(
        model=LoadModel.OPEN, concurrency=1000, rate=rate, duration_s=duration_s, warmup_s=1.0
    )


def closed_load(concurrency: int) -> Load:
    return Load(model=LoadModel.CLOSED, concurrency=concurrency, duration_s=10.0, warmup_s=1.0)


LIMIT_LOAD = Load(model=LoadModel.LIMIT, concurrency=64)


def lane_names(count: int) -> list[str]:
    names = [f"{account}/{region}" for account in ACCOUNTS for region in REGIONS]
    return [*names, *(f"{number:012}/us-west-2" for number in range(count))][:count]


def random_second(rng: random.Random, number: int, rate: float, slow: float) -> Second:
    done = max(0, round(rng.gauss(rate, rate**0.5 / 3)))
    refused = round(done * max(0.0, slow - 1) * rng.uniform(0.02, 0.08))
    p50 = 0.020 * slow * rng.uniform(0.95, 1.1)
    return Second(
        second=number,
        done=done,
        calls=done + refused,
        refused=refused,
        failed=int(rng.random() < 0.03),
        p50_s=p50 if done else None,
        p99_s=p50 * rng.uniform(1.5, 2.5) if done else None,
        max_s=p50 * rng.uniform(3, 12) if done else None,
    )


def random_lane(rng: random.Random, name: str, rate: float, slow: float) -> LaneMeasures:
    done = round(rate * 30)
    refused = round(done * max(0.0, slow - 1) * rng.uniform(0, 0.1))
    p50 = 0.020 * slow * rng.uniform(0.8, 1.4)
    return LaneMeasures(
        lane=name, done=done, failed=refused // 40, calls=done + refused, refused=refused,
        conflicts=0, throughput=done / 30, p50_s=p50, p99_s=p50 * rng.uniform(1.5, 6),
        max_s=p50 * rng.uniform(6, 12),
    )  # fmt: skip


def measures(
    load: Load | None = None, repeat: int = 0, *, slow: float = 1.0, lanes: int = 3,
    requests: int = 300, seconds: int = 30, **other: Any,
) -> Measures:  # fmt: skip
    """Measurements of a load.

    Args:
        slow: latency of the server, in units of 20 ms; above 1, calls are also refused.
        other: other fields.
    """
    load = load or open_load(10)
    rate = load.rate or 15.0
    rng = random.Random(f"{load} {repeat} {slow} {lanes}")
    calls = [0.020 * slow * rng.lognormvariate(0, 0.25) for _ in range(requests)]
    waits = [max(0.0, rng.gauss(slow - 1, 0.5)) * 0.08 for _ in range(requests)]
    retries = [
        rng.expovariate(2) if rng.random() < (slow - 1) / 20 else 0.0 for _ in range(requests)
    ]
    timeline = [random_second(rng, at, rate * lanes, slow) for at in range(seconds)]
    refused = sum(second.refused for second in timeline)
    done = sum(second.done for second in timeline)
    made = Measures(
        load=load, repeat=repeat, started_at=f"2025-11-03T09:{repeat:02}:00Z",
        elapsed_s=float(seconds), done=done, failed=sum(second.failed for second in timeline),
        unfinished=0, calls=done + refused, retries=refused, refused=refused, conflicts=0,
        errors={"TooManyRequestsException": refused} if refused else {},
        throughput=done / max(1, seconds),
        latency=spread([sum(each) for each in zip(waits, calls, retries, strict=True)]),
        waiting=spread(waits), call=spread(calls), retrying=spread(retries),
        lanes=[random_lane(rng, name, rate, slow) for name in lane_names(lanes)],
        seconds=timeline, client=ClientUsage(cpu_s=0.21 * seconds, cpu_share=0.21, rss_mb=84.0),
    )  # fmt: skip
    return msgspec.structs.replace(made, **other)


def limit(rate: float, *, found: bool = True, burst: float | None = None) -> LaneLimit:
    return LaneLimit(
        found=found, rate=rate, low=rate * 0.97, high=rate * 1.04, burst=burst, seconds=18.4,
        calls=round(rate * 18.4), refused=11 if found else 0,
    )  # fmt: skip


def limit_measures(rates: Sequence[float], repeat: int = 0, unlimited: int = 0) -> Measures:
    """The limits of lanes, then some lanes without a limit."""
    rng = random.Random(repeat)
    names = lane_names(len(rates) + unlimited)
    found = [
        limit(rate * rng.uniform(0.98, 1.02), burst=None if at % 4 == 3 else rate * 2)
        for at, rate in enumerate(rates)
    ]
    found += [limit(812.0, found=False)] * unlimited
    lanes = [
        LaneMeasures(
            lane=name,
            done=each.calls - each.refused,
            failed=0,
            calls=each.calls,
            refused=each.refused,
            conflicts=0,
            throughput=each.rate,
            p50_s=0.021,
            p99_s=0.048,
            max_s=0.2,
            limit=each,
        )
        for name, each in zip(names, found, strict=True)
    ]
    return msgspec.structs.replace(measures(LIMIT_LOAD, repeat, seconds=19), lanes=lanes)


def forecast(lanes: int = 3) -> ApplyForecast:
    each = [
        LaneForecast(
            lane=name,
            targets=1200 - at,
            rate=10.0 + at % 7,
            measured=at % 3 != 2,
            seconds=(1200 - at) / 10.0,
        )
        for at, name in enumerate(lane_names(lanes))
    ]
    return ApplyForecast(source="fleet.csv", seconds=120.0, lanes=each)


def result(several: Sequence[Measures], **other: Any) -> BenchResult:
    """A result with these measures."""
    usual: dict[str, Any] = {
        "made_at": "2025-11-03T09:12:44Z",
        "versions": {"bulkeic": "1.4.0", "python": "3.13.1", "aiohttp": "3.12.0"},
        "machine": {"system": "Linux 6.8", "processor": "x86_64", "cores": "8"},
        "flags": ["bench", "fleet.csv", "--rates", "5,10,15,20", "--step", "30s"],
        "seed": 7,
        "endpoint": "https://lambda.us-east-1.amazonaws.com",
        "operation": BenchOperation.GET,
        "targets": 1200,
        "lanes": max((len(each.lanes) for each in several), default=0),
    }
    return BenchResult(measures=list(several), **usual | other)


def steps(repeats: int = 1, rates: Sequence[float] = (5, 10, 15, 20)) -> BenchResult:
    """Rates that rise beyond what the server lets through, repeat by repeat."""
    slow = {rate: 1 + max(0.0, (rate - 9) / 3) for rate in rates}
    return result(
        [
            measures(open_load(rate), repeat, slow=slow[rate])
            for repeat in range(repeats)
            for rate in rates
        ]
    )
