"""Small results of benchmarks for tests."""

import random
from typing import Any

from msgspec.structs import replace

from bulkeic.bench.model.measurements import (
    BenchOperation,
    BenchResult,
    ClientUsage,
    Measures,
    Spread,
)
from bulkeic.bench.model.workload import Load, LoadModel

LOAD = Load(model=LoadModel.OPEN, concurrency=1000, rate=10.0, duration_s=10.0)
CLOSED = Load(model=LoadModel.CLOSED, concurrency=8, duration_s=10.0)


def spread(median: float, **fields: Any) -> Spread:
    whole = Spread(
        count=100,
        mean_s=median,
        p50_s=median,
        p90_s=2 * median,
        p99_s=4 * median,
        p999_s=8 * median,
        max_s=10 * median,
        histogram="",
    )
    return replace(whole, **fields)


def measures(latency: Spread, load: Load = LOAD, **fields: Any) -> Measures:
    whole = Measures(
        load=load,
        repeat=0,
        started_at="2026-01-01T00:00:00+00:00",
        elapsed_s=10.0,
        done=100,
        failed=0,
        unfinished=0,
        calls=100,
        retries=0,
        refused=0,
        conflicts=0,
        errors={},
        throughput=10.0,
        latency=latency,
        waiting=latency,
        call=latency,
        retrying=latency,
        lanes=[],
        seconds=[],
        client=ClientUsage(cpu_s=0.2, cpu_share=0.02, rss_mb=90.0),
    )
    return replace(whole, **fields)


def result(*every: Measures, **fields: Any) -> BenchResult:
    whole = BenchResult(
        made_at="2026-01-01T00:00:00+00:00",
        versions={"bulkeic": "1", "python": "3.11.9"},
        machine={"cpus": "4"},
        flags=["bench", "--sandbox"],
        seed=0,
        endpoint="http://127.0.0.1:1",
        operation=BenchOperation.GET,
        targets=10,
        lanes=1,
        measures=list(every),
    )
    return replace(whole, **fields)


def noisy_result(
    rng: random.Random,
    noise: float,
    slower: float = 1.0,
    repeats: int = 5,
    loads: tuple[Load, ...] = (LOAD,),
) -> BenchResult:
    """Repeats with log-normal noise in every metric, and with latency times a factor."""

    def noisy(value: float) -> float:
        return value * rng.lognormvariate(0, noise)

    return result(
        *(
            measures(
                spread(
                    noisy(0.02 * slower),
                    p90_s=noisy(0.03 * slower),
                    p99_s=noisy(0.05 * slower),
                    p999_s=noisy(0.08 * slower),
                    max_s=noisy(0.1 * slower),
                ),
                load,
                repeat=repeat,
                throughput=noisy(10.0 / slower),
                client=ClientUsage(cpu_s=noisy(0.2), cpu_share=0.02, rss_mb=90.0),
            )
            for repeat in range(repeats)
            for load in loads
        )
    )
