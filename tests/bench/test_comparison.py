"""Comparisons of noisy results: equal ones are the same, slower ones are worse."""

import math
import random
from typing import Any

import pytest

from bulkeic.bench.model.comparison import (
    ASSUMED_NOISE,
    JUDGED,
    ComparisonRow,
    Metric,
    Verdict,
    compare_metric,
    compare_results,
    overall_verdict,
)
from bulkeic.bench.model.fail_if import FailCondition, parse_condition
from bulkeic.bench.model.measurements import BenchOperation, ClientUsage
from bulkeic.bench.model.welch import student_t_quantile, welch_half_width
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.core.errors import InputError, UsageError

from .example_results import CLOSED, LOAD, measures, noisy_result, result, spread

TRIALS = 100
LIMIT = Load(model=LoadModel.LIMIT, concurrency=64)


def verdicts(noise: float, slower: float = 1.0, **more: Any) -> list[Verdict]:
    rng = random.Random(f"{noise} {slower} {more}")
    return [
        compare_results(
            noisy_result(rng, noise, **more), noisy_result(rng, noise, slower, **more)
        ).verdict
        for _ in range(TRIALS)
    ]


@pytest.mark.parametrize("noise", [0.03, 0.05, 0.2])
def test_equal_results_are_the_same_in_nine_of_ten_comparisons(noise: float) -> None:
    assert verdicts(noise).count(Verdict.SAME) >= 90


def test_many_loads_and_few_repeats_do_not_add_false_alarms() -> None:
    assert verdicts(0.05, loads=(LOAD, CLOSED)).count(Verdict.SAME) >= 90
    assert verdicts(0.05, repeats=2).count(Verdict.SAME) >= 90


@pytest.mark.parametrize("noise", [0.03, 0.05])
def test_a_slowdown_of_a_fifth_is_found_in_nine_of_ten_comparisons(noise: float) -> None:
    assert verdicts(noise, 1.2).count(Verdict.WORSE) >= 90
    assert verdicts(noise, 1 / 1.2).count(Verdict.BETTER) >= 90


@pytest.mark.parametrize(
    ("probability", "freedom", "wanted"),
    [
        (0.975, 1, 12.7062),
        (0.995, 1, 63.6567),
        (0.975, 2, 4.30265),
        (0.95, 4, 2.13185),
        (0.975, 8, 2.30600),
        (0.995, 8, 3.35539),
        (0.9995, 10, 4.58689),
        (0.975, 30, 2.04227),
        (0.975, 1e6, 1.95997),
        (0.5, 5, 0.0),
    ],
)
def test_quantiles_match_published_tables(
    probability: float, freedom: float, wanted: float
) -> None:
    assert student_t_quantile(probability, freedom) == pytest.approx(wanted, rel=1e-5, abs=1e-9)


def test_welch_accepts_different_variances() -> None:
    # Means of 3 and 5, variances of 2.5 and 0; only the first side has any freedom.
    assert welch_half_width([1, 2, 3, 4, 5], [5, 5, 5], 0.05) == pytest.approx(
        2.776445 * math.sqrt(0.5), rel=1e-5
    )
    assert welch_half_width([1, 1], [2, 2], 0.05) == 0


SURE = [1.0, 1.001, 0.999]
WIDE = [0.5, 1.0, 2.0]


def scaled(values: list[float], factor: float) -> list[float]:
    return [value * factor for value in values]


@pytest.mark.parametrize(
    ("metric", "old", "new", "verdict"),
    [
        (Metric.P99, SURE, SURE, Verdict.SAME),
        (Metric.P99, SURE, scaled(SURE, 1.029), Verdict.SAME),
        (Metric.P99, SURE, scaled(SURE, 1.05), Verdict.WORSE),
        (Metric.P99, SURE, scaled(SURE, 0.9), Verdict.BETTER),
        (Metric.CPU, SURE, scaled(SURE, 1.05), Verdict.WORSE),
        (Metric.THROUGHPUT, SURE, scaled(SURE, 1.05), Verdict.BETTER),
        (Metric.THROUGHPUT, SURE, scaled(SURE, 0.9), Verdict.WORSE),
        (Metric.P99, WIDE, WIDE, Verdict.NOISE),
        (Metric.P99, WIDE, scaled(WIDE, 1.5), Verdict.NOISE),
        (Metric.P99, [1.0], [1.19], Verdict.NOISE),
        (Metric.P99, [1.0], [1.21], Verdict.WORSE),
        (Metric.P99, SURE, [1.09], Verdict.NOISE),
        (Metric.P99, WIDE, [1.5], Verdict.NOISE),
        (Metric.P99, [0.0], [0.0], Verdict.UNKNOWN),
        (Metric.P99, SURE, [0.0, 0.0], Verdict.UNKNOWN),
        (Metric.P99, SURE, [], Verdict.UNKNOWN),
        (Metric.THROUGHPUT, SURE, [0.0, 0.0], Verdict.WORSE),
        (Metric.SUCCEEDED, [1.0, 1.0], [0.5, 0.5], Verdict.WORSE),
        (Metric.SUCCEEDED, [0.5, 0.5], [1.0, 1.0], Verdict.BETTER),
        (Metric.SUCCEEDED, SURE, scaled(SURE, 0.98), Verdict.SAME),
        (Metric.THROUGHPUT, [0.0], SURE, Verdict.BETTER),
        (Metric.THROUGHPUT, [0.0], [0.0], Verdict.UNKNOWN),
        (Metric.P99, [1e-300, 1e-300], [1e300, 1e300], Verdict.WORSE),
        (Metric.P99, [1e300, 1e300], [1e-300, 1e-300], Verdict.BETTER),
    ],
)
def test_verdict_of_a_metric(
    metric: Metric, old: list[float], new: list[float], verdict: Verdict
) -> None:
    assert compare_metric(metric, old, new, 0.01).verdict is verdict


def test_a_row_has_means_ratio_and_interval() -> None:
    row = compare_metric(Metric.P50, [1.0, 4.0], [3.0], 0.01)

    assert (row.old, row.new, row.ratio) == pytest.approx((2.0, 3.0, 1.5))
    assert row.low is not None
    assert row.high is not None
    assert row.noise is not None
    assert row.noise > ASSUMED_NOISE
    assert row.low * row.high == pytest.approx(1.5**2)
    assert row.high == pytest.approx(1.5 * (1 + row.noise))


def rows(*given: tuple[Metric, Verdict]) -> list[ComparisonRow]:
    return [
        ComparisonRow(
            metric=metric,
            old=1.0,
            new=1.0,
            ratio=1.0,
            noise=0.0,
            low=1.0,
            high=1.0,
            verdict=verdict,
            judged=metric in JUDGED,
        )
        for metric, verdict in given
    ]


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (rows(), Verdict.SAME),
        (rows((Metric.P50, Verdict.SAME), (Metric.P99, Verdict.NOISE)), Verdict.SAME),
        (rows((Metric.P50, Verdict.NOISE), (Metric.P99, Verdict.WORSE)), Verdict.WORSE),
        (rows((Metric.P50, Verdict.BETTER), (Metric.P99, Verdict.SAME)), Verdict.BETTER),
        (rows((Metric.P50, Verdict.BETTER), (Metric.P99, Verdict.WORSE)), Verdict.MIXED),
        (rows((Metric.P50, Verdict.UNKNOWN), (Metric.CPU, Verdict.WORSE)), Verdict.WORSE),
        (rows((Metric.P50, Verdict.UNKNOWN), (Metric.CPU, Verdict.SAME)), Verdict.UNKNOWN),
        (rows((Metric.MAX, Verdict.WORSE), (Metric.P999, Verdict.WORSE)), Verdict.SAME),
    ],
)
def test_overall_verdict(given: list[ComparisonRow], verdict: Verdict) -> None:
    assert overall_verdict(given) is verdict


def test_loads_are_matched_and_unmatched_ones_are_listed() -> None:
    fast = Load(model=LoadModel.OPEN, concurrency=1000, rate=20.0, duration_s=10.0)
    longer = Load(model=LoadModel.CLOSED, concurrency=8, duration_s=20.0, warmup_s=1.0)
    one = spread(0.02)
    old = result(measures(one), measures(one, CLOSED), measures(one, LIMIT))
    new = result(
        measures(one, fast),
        measures(one, longer, done=9, failed=3, stopped="interrupted"),
        measures(one, LIMIT),
        operation=BenchOperation.UPDATE,
        machine={"cpus": "8"},
        versions={"bulkeic": "1", "python": "3.12.1", "uvloop": "1"},
    )

    found = compare_results(old, new)

    (load,) = found.loads
    assert load.load == "closed, 8 at once"
    assert load.differs == ["duration_s 10, 20", "warmup_s 0, 1"]
    assert (load.new.done, load.new.failed, load.new.stopped) == (9, 3, 1)
    assert load.assumed
    assert found.only_old == ["open, 10/s in each lane"]
    assert found.only_new == ["open, 20/s in each lane"]
    assert found.not_compared == ["find the limit"]
    assert [(each.what, each.old, each.new) for each in found.differences] == [
        ("operation", "get", "update"),
        ("machine: cpus", "4", "8"),
        ("version of python", "3.11.9", "3.12.1"),
        ("version of uvloop", "", "1"),
    ]


def test_results_without_a_common_load_cannot_be_compared() -> None:
    one = spread(0.02)
    names = "OLD has 'open, 10/s in each lane'; NEW has 'closed, 8 at once'; measure the same load"
    with pytest.raises(UsageError, match=f"no load in common that can be compared; {names}"):
        compare_results(result(measures(one)), result(measures(one, CLOSED)))
    with pytest.raises(UsageError, match="no load in common"):
        compare_results(result(measures(one, LIMIT)), result(measures(one, LIMIT)))
    with pytest.raises(UsageError, match="OLD has none; NEW has none"):
        compare_results(result(), result())


def test_a_benchmark_without_ended_requests_can_be_compared() -> None:
    nothing = spread(0.0, count=0)
    dead = measures(
        nothing, done=0, calls=0, throughput=0.0, client=ClientUsage(cpu_s=0, cpu_share=0, rss_mb=0)
    )

    assert compare_results(result(dead, dead), result(dead, dead)).verdict is Verdict.UNKNOWN
    assert compare_results(result(measures(spread(0.02))), result(dead)).verdict is Verdict.WORSE


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("p99 > 1.2x", FailCondition(Metric.P99, above=True, ratio=1.2)),
        ("p99>1.2x", FailCondition(Metric.P99, above=True, ratio=1.2)),
        (" p99.9  >  2 x ", FailCondition(Metric.P999, above=True, ratio=2)),
        ("throughput < 0.9x", FailCondition(Metric.THROUGHPUT, above=False, ratio=0.9)),
        ("max > 10x", FailCondition(Metric.MAX, above=True, ratio=10)),
        ("cpu > 1x", FailCondition(Metric.CPU, above=True, ratio=1)),
    ],
)
def test_conditions(text: str, condition: FailCondition) -> None:
    assert parse_condition(text) == condition
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is not a condition; expected METRIC > NUMBERx"),
        ("p99", "is not a condition"),
        ("p99 > 1.2", "is not a condition"),
        ("p99 > x", "is not a condition"),
        ("p99 > -1x", "is not a condition"),
        ("p99 > 1e3x", "is not a condition"),
        ("p99 > nanx", "is not a condition"),
        ("p99 > \u0661x", "is not a condition"),
        ("p99 >= 1.2x", "is not a condition"),
        ("p99 > 1.2x or max > 2x", "is not a condition"),
        ("> 1.2x", "is not a condition"),
        ("p99 > 0x", "is not a ratio; expected a number above 0"),
        (f"p99 > {'9' * 400}x", "is not a ratio"),
        (
            "p95 > 1.2x",
            (
                "'p95' is not a metric; "
                "expected one of throughput, succeeded, p50, p90, p99, p99.9, max, cpu"
            ),
        ),
        ("troughput < 1x", "did you mean throughput?"),
        ("P99 > 1.2x", "did you mean p99?"),
    ],
)
def test_invalid_conditions(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_condition(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "factor", "values", "holds"),
    [
        ("p99 > 1.2x", 1.3, SURE, True),
        ("p99 > 1.2x", 1.1, SURE, False),
        ("p99 > 1.2x", 1.3, WIDE, False),
        ("p50 > 1.2x", 1.3, SURE, False),
        ("p99 < 0.9x", 0.8, SURE, True),
        ("p99 < 1.5x", 1.0, SURE, False),
    ],
)
def test_a_condition_holds_beyond_its_ratio_and_beyond_the_noise(
    text: str, factor: float, values: list[float], *, holds: bool
) -> None:
    row = compare_metric(Metric.P99, values, scaled(values, factor), 0.01)
    assert parse_condition(text).holds(row) is holds


def test_missing_throughput_is_below_every_ratio() -> None:
    row = compare_metric(Metric.THROUGHPUT, SURE, [0.0], 0.01)
    assert parse_condition("throughput < 0.1x").holds(row)
