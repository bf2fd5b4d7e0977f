"""Compares two benchmark results: ratios, and whether they are beyond the noise.

The logarithms of a metric's repeats are compared, because latencies are about as often halved as
doubled. The interval around the ratio is Welch's. With the Bonferroni correction, when nothing
changed, all judged metrics of all loads are within their intervals 19 times in 20.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from statistics import fmean, variance

import msgspec

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.model.welch import student_t_quantile, welch_half_width
from bulkeic.bench.model.workload import LoadModel
from bulkeic.core.errors import UsageError

LEVEL = 0.05
RELEVANT = 0.03
ASSUMED_NOISE = 0.20
MAX_CLEAR_NOISE = 0.20
_MIN_REPEATS = 2
_SHOWN_LOADS = 5


class Metric(StrEnum):
    """What is compared. Less is better, except for the metrics in ``MORE_IS_BETTER``."""

    THROUGHPUT = "throughput"
    SUCCEEDED = "succeeded"
    P50 = "p50"
    P90 = "p90"
    P99 = "p99"
    P999 = "p99.9"
    MAX = "max"
    CPU = "cpu"


MORE_IS_BETTER = frozenset({Metric.THROUGHPUT, Metric.SUCCEEDED})
JUDGED = frozenset(Metric) - {Metric.P999, Metric.MAX}


class Verdict(StrEnum):
    """The conclusion from a difference.

    ``SAME``: the difference is below ``RELEVANT`` and the noise is at most ``MAX_CLEAR_NOISE``; for
    a whole comparison: no judged metric differs beyond the noise.
    ``NOISE``: repeats of the same measurement differ as much, or the noise hides any difference.
    ``MIXED``: for a whole comparison: some metrics are better and some are worse.
    """

    SAME = "same"
    NOISE = "within noise"
    BETTER = "better"
    WORSE = "worse"
    MIXED = "mixed"
    UNKNOWN = "not measured"


class ComparisonRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one load.

    Attributes:
        old: geometric mean over OLD's repeats, in requests a second, a share of 1, or seconds;
            ``None``: no repeat was above 0.
        new: the same for NEW.
        ratio: new / old; ``None``: one of them is missing.
        noise: how far the ratio may be off, upwards: 0.08 is a factor of 1.08.
        low: lower end of the interval around the ratio.
        high: upper end.
        judged: whether the row counts for the verdict of the whole comparison.
    """

    metric: Metric
    old: float | None
    new: float | None
    ratio: float | None
    noise: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    judged: bool

    @property
    def beyond_noise(self) -> bool:
        """Whether repeats of the same measurement rarely differ as much."""
        if self.low is None or self.high is None:
            return self.verdict in {Verdict.BETTER, Verdict.WORSE}
        return not self.low <= 1 <= self.high


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """All repeats of a load in one of the two results.

    Attributes:
        repeats: number of repeats.
        done: requests that ended.
        failed: requests that ended and failed.
        stopped: repeats that ended early.
    """

    repeats: int
    done: int
    failed: int
    stopped: int


class LoadComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One load that both results have.

    Attributes:
        load: description of the load.
        assumed: whether the noise is at least ``ASSUMED_NOISE``, because one side has one repeat.
        differs: settings of the load that differ.
    """

    load: str
    old: Side
    new: Side
    assumed: bool
    differs: list[str]
    rows: list[ComparisonRow]


class SurroundingsDifference(msgspec.Struct, frozen=True):
    """A setting or a version that differs between the results; empty: one side lacks it."""

    what: str
    old: str
    new: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of two results.

    Attributes:
        only_old: loads that only OLD has.
        only_new: loads that only NEW has.
        not_compared: loads that find a limit, so their latency means nothing.
    """

    verdict: Verdict
    loads: list[LoadComparison]
    differences: list[SurroundingsDifference]
    only_old: list[str]
    only_new: list[str]
    not_compared: list[str]


def _succeeded(measures: Measures) -> float:
    """Share of requests that succeeded; if none did, the share of half a request."""
    total = measures.done + measures.unfinished
    return max(0.5, measures.done - measures.failed) / total if total else 0.0


_VALUES: dict[Metric, Callable[[Measures], float]] = {
    Metric.THROUGHPUT: lambda each: each.throughput,
    Metric.SUCCEEDED: _succeeded,
    Metric.P50: lambda each: each.latency.p50_s,
    Metric.P90: lambda each: each.latency.p90_s,
    Metric.P99: lambda each: each.latency.p99_s,
    Metric.P999: lambda each: each.latency.p999_s,
    Metric.MAX: lambda each: each.latency.max_s,
    Metric.CPU: lambda each: each.client.cpu_s / each.calls if each.calls else 0.0,
}
_Key = tuple[LoadModel, float | None, int]


def compare_results(old: BenchResult, new: BenchResult) -> Comparison:
    """Compares two results, load by load.

    Raises:
        UsageError: they have no load in common.
    """
    old_loads, new_loads = _by_load(old), _by_load(new)
    both = [key for key in old_loads if key in new_loads and key[0] is not LoadModel.LIMIT]
    if not both:
        raise UsageError(
            "OLD and NEW have no load in common that can be compared; "
            f"OLD has {_load_names(old_loads)}; NEW has {_load_names(new_loads)}; "
            "measure the same load again"
        )
    level = LEVEL / (len(both) * len(JUDGED))
    loads = [_compare_load(old_loads[key], new_loads[key], level) for key in both]
    return Comparison(
        verdict=overall_verdict(row for load in loads for row in load.rows),
        loads=loads,
        differences=_differences(old, new),
        only_old=[_load_name(each) for key, each in old_loads.items() if key not in new_loads],
        only_new=[_load_name(each) for key, each in new_loads.items() if key not in old_loads],
        not_compared=[
            _load_name(each) for key, each in old_loads.items() if key in new_loads.keys() - both
        ],
    )


def overall_verdict(rows: Iterable[ComparisonRow]) -> Verdict:
    """The verdict over all judged rows."""
    verdicts = {row.verdict for row in rows if row.judged}
    if {Verdict.BETTER, Verdict.WORSE} <= verdicts:
        return Verdict.MIXED
    for verdict in (Verdict.WORSE, Verdict.BETTER, Verdict.UNKNOWN):
        if verdict in verdicts:
            return verdict
    return Verdict.SAME


def compare_metric(
    metric: Metric, old: list[float], new: list[float], level: float
) -> ComparisonRow:
    """Compares one metric.

    Args:
        metric: name of the metric.
        old: one value for each repeat of OLD; values of 0 or less were not measured.
        new: the same for NEW.
        level: probability that the true ratio lies outside the interval.
    """
    old_logs = [math.log(value) for value in old if value > 0]
    new_logs = [math.log(value) for value in new if value > 0]
    if not old_logs or not new_logs:
        return _unmeasured_row(metric, old_logs, new_logs)
    difference = fmean(new_logs) - fmean(old_logs)
    noise = _noise(old_logs, new_logs, level)
    return ComparisonRow(
        metric=metric,
        old=math.exp(fmean(old_logs)),
        new=math.exp(fmean(new_logs)),
        ratio=_bounded_exp(difference),
        noise=_bounded_exp(noise) - 1,
        low=_bounded_exp(difference - noise),
        high=_bounded_exp(difference + noise),
        verdict=_verdict(metric, difference, noise),
        judged=metric in JUDGED,
    )


def _unmeasured_row(metric: Metric, old: list[float], new: list[float]) -> ComparisonRow:
    verdict = Verdict.UNKNOWN
    if metric in MORE_IS_BETTER and (old or new):
        verdict = Verdict.WORSE if old else Verdict.BETTER
    return ComparisonRow(
        metric=metric,
        old=math.exp(fmean(old)) if old else None,
        new=math.exp(fmean(new)) if new else None,
        ratio=0.0 if verdict is Verdict.WORSE else None,
        noise=None,
        low=None,
        high=None,
        verdict=verdict,
        judged=metric in JUDGED,
    )


def _verdict(metric: Metric, difference: float, noise: float) -> Verdict:
    small = abs(difference) <= math.log1p(RELEVANT)
    if small and noise <= math.log1p(MAX_CLEAR_NOISE):
        return Verdict.SAME
    if small or abs(difference) <= noise:
        return Verdict.NOISE
    is_better = (difference > 0) is (metric in MORE_IS_BETTER)
    return Verdict.BETTER if is_better else Verdict.WORSE


def _noise(old: list[float], new: list[float], level: float) -> float:
    if min(len(old), len(new)) >= _MIN_REPEATS:
        return welch_half_width(old, new, level)
    noise = math.log1p(ASSUMED_NOISE)
    longer = max(old, new, key=len)
    if len(longer) >= _MIN_REPEATS:  # the interval of one more value from the same distribution
        spread = math.sqrt(variance(longer) * (1 + 1 / len(longer)))
        noise = max(noise, student_t_quantile(1 - level / 2, len(longer) - 1) * spread)
    return noise


def _bounded_exp(value: float) -> float:
    """``math.exp``, but a huge number instead of an overflow."""
    return math.exp(min(value, 700.0))


def _by_load(result: BenchResult) -> dict[_Key, list[Measures]]:
    loads: dict[_Key, list[Measures]] = {}
    for each in result.measures:
        key = (each.load.model, each.load.rate, each.load.concurrency)
        loads.setdefault(key, []).append(each)
    return loads


def _load_names(loads: Mapping[_Key, list[Measures]]) -> str:
    names = [_load_name(repeats) for repeats in loads.values()]
    more = [f"and {len(names) - _SHOWN_LOADS} more"] if len(names) > _SHOWN_LOADS else []
    return ", ".join([f"'{name}'" for name in names[:_SHOWN_LOADS]] + more) or "none"


def _load_name(repeats: list[Measures]) -> str:
    load = repeats[0].load
    if load.model is LoadModel.OPEN and load.rate is None:
        return "open"  # bulkeic writes no such load, but a file may contain one
    return str(load)


def _compare_load(old: list[Measures], new: list[Measures], level: float) -> LoadComparison:
    return LoadComparison(
        load=_load_name(old),
        old=_side(old),
        new=_side(new),
        assumed=min(len(old), len(new)) < _MIN_REPEATS,
        differs=[
            f"{name} {_text(getattr(old[0].load, name))}, {_text(getattr(new[0].load, name))}"
            for name in ("duration_s", "requests", "warmup_s")
            if getattr(old[0].load, name) != getattr(new[0].load, name)
        ],
        rows=[
            compare_metric(metric, list(map(value, old)), list(map(value, new)), level)
            for metric, value in _VALUES.items()
        ],
    )


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _side(repeats: list[Measures]) -> Side:
    return Side(
        repeats=len(repeats),
        done=sum(each.done for each in repeats),
        failed=sum(each.failed for each in repeats),
        stopped=sum(each.stopped is not None for each in repeats),
    )


def _differences(old: BenchResult, new: BenchResult) -> list[SurroundingsDifference]:
    before, after = _surroundings(old), _surroundings(new)
    return [
        SurroundingsDifference(what, before.get(what, ""), after.get(what, ""))
        for what in before | after
        if before.get(what, "") != after.get(what, "")
    ]


def _surroundings(result: BenchResult) -> dict[str, str]:
    return {
        "operation": result.operation.value,
        "endpoint": result.endpoint,
        "targets": str(result.targets),
        "lanes": str(result.lanes),
        **{f"machine: {name}": value for name, value in result.machine.items()},
        **{f"version of {name}": value for name, value in result.versions.items()},
    }
