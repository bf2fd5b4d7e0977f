"""Two results of a benchmark side by side: ratios, and whether they are beyond the noise.

The logarithms of a metric's repeats are compared: ratios of latencies are about as often halved as
doubled. The interval around the ratio is Welch's. It is as wide as it takes for all judged metrics
of all loads to be within theirs 19 times in 20 (Bonferroni) when nothing has changed.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum

import msgspec

from bulkeic.bench.model.measurements import BenchResult, Measures
from bulkeic.bench.model.welch import half_width, mean, quantile, variance
from bulkeic.bench.model.workload import Load, LoadModel
from bulkeic.core.errors import UsageError

LEVEL = 0.05
RELEVANT = 0.03
ASSUMED_NOISE = 0.20
TELLING_NOISE = 0.20
_LEAST_REPEATS = 2
_NAMED = 5


class Metric(StrEnum):
    """What is compared. Those of ``MORE_IS_BETTER`` had better be more, all others less."""

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
    """What a difference comes to.

    ``SAME``: less than ``RELEVANT``, and noise is at most ``TELLING_NOISE``; of a whole
    comparison, nothing that is judged is beyond the noise.
    ``NOISE``: runs of the same thing differ as much, or it is too noisy to say anything.
    ``MIXED``: of a whole comparison, some metrics are better and some worse.
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
        old: geometric mean over the repeats: a second, a part of 1, or seconds; ``None``: never
            above 0.
        new: the same.
        ratio: new / old; ``None``: one of them is missing.
        noise: the part by which the ratio may be off, upwards: 0.08 is a factor of 1.08.
        low: the least that the ratio may be.
        high: the most.
        judged: whether it counts for the verdict of the whole.
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
        """Whether runs of the same thing hardly differ as much."""
        if self.low is None or self.high is None:
            return self.verdict in {Verdict.BETTER, Verdict.WORSE}
        return not self.low <= 1 <= self.high


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the two results has of a load, over all repeats.

    Attributes:
        done: requests that ended.
        failed: of those.
        stopped: repeats that ended early.
    """

    repeats: int
    done: int
    failed: int
    stopped: int


class LoadComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One load that both have.

    Attributes:
        load: in words.
        assumed: whether the noise is no less than ``ASSUMED_NOISE`` since one side has one repeat.
        differs: what of the load itself differs, in words.
    """

    load: str
    old: Side
    new: Side
    assumed: bool
    differs: list[str]
    rows: list[ComparisonRow]


class SurroundingsDifference(msgspec.Struct, frozen=True):
    """Something beside the measures that is not the same; empty: one has no such thing."""

    what: str
    old: str
    new: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two results side by side.

    Attributes:
        only_old: loads that only the old one has, in words.
        only_new: the same of the new one.
        not_compared: loads whose latency means nothing, since they find a limit.
    """

    verdict: Verdict
    loads: list[LoadComparison]
    differences: list[SurroundingsDifference]
    only_old: list[str]
    only_new: list[str]
    not_compared: list[str]


def _succeeded(measures: Measures) -> float:
    """The part of the requests that ended well; where none did, that of half a request."""
    every = measures.done + measures.unfinished
    return max(0.5, measures.done - measures.failed) / every if every else 0.0


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


def compare(old: BenchResult, new: BenchResult) -> Comparison:
    """Compares two results, load by load.

    Raises:
        UsageError: they have no load in common.
    """
    first, second = _by_load(old), _by_load(new)
    both = [key for key in first if key in second and key[0] is not LoadModel.LIMIT]
    if not both:
        raise UsageError(
            "OLD and NEW have no load in common that can be compared: "
            f"OLD has {_loads(first)}; NEW has {_loads(second)}; measure the same load again"
        )
    level = LEVEL / (len(both) * len(JUDGED))
    loads = [_compared(first[key], second[key], level) for key in both]
    return Comparison(
        verdict=overall(row for load in loads for row in load.rows),
        loads=loads,
        differences=_differences(old, new),
        only_old=[_named(every) for key, every in first.items() if key not in second],
        only_new=[_named(every) for key, every in second.items() if key not in first],
        not_compared=[_named(every) for key, every in first.items() if key in second.keys() - both],
    )


def overall(rows: Iterable[ComparisonRow]) -> Verdict:
    """What the judged rows come to."""
    found = {row.verdict for row in rows if row.judged}
    if {Verdict.BETTER, Verdict.WORSE} <= found:
        return Verdict.MIXED
    for verdict in (Verdict.WORSE, Verdict.BETTER, Verdict.UNKNOWN):
        if verdict in found:
            return verdict
    return Verdict.SAME


def row_of(metric: Metric, old: list[float], new: list[float], level: float) -> ComparisonRow:
    """Compares one metric.

    Args:
        metric: whose values they are.
        old: one value for each repeat; those that are not above 0 were not measured.
        new: the same.
        level: the probability with which a ratio may be further off than its noise.
    """
    first = [math.log(value) for value in old if value > 0]
    second = [math.log(value) for value in new if value > 0]
    if not first or not second:
        return _missing(metric, first, second)
    difference = mean(second) - mean(first)
    noise = _noise(first, second, level)
    return ComparisonRow(
        metric=metric,
        old=math.exp(mean(first)),
        new=math.exp(mean(second)),
        ratio=_exp(difference),
        noise=_exp(noise) - 1,
        low=_exp(difference - noise),
        high=_exp(difference + noise),
        verdict=_verdict(metric, difference, noise),
        judged=metric in JUDGED,
    )


def _missing(metric: Metric, old: list[float], new: list[float]) -> ComparisonRow:
    verdict = Verdict.UNKNOWN
    if metric in MORE_IS_BETTER and (old or new):
        verdict = Verdict.WORSE if old else Verdict.BETTER
    return ComparisonRow(
        metric=metric,
        old=math.exp(mean(old)) if old else None,
        new=math.exp(mean(new)) if new else None,
        ratio=0.0 if verdict is Verdict.WORSE else None,
        noise=None,
        low=None,
        high=None,
        verdict=verdict,
        judged=metric in JUDGED,
    )


def _verdict(metric: Metric, difference: float, noise: float) -> Verdict:
    small = abs(difference) <= math.log1p(RELEVANT)
    if small and noise <= math.log1p(TELLING_NOISE):
        return Verdict.SAME
    if small or abs(difference) <= noise:
        return Verdict.NOISE
    is_better = (difference > 0) is (metric in MORE_IS_BETTER)
    return Verdict.BETTER if is_better else Verdict.WORSE


def _noise(old: list[float], new: list[float], level: float) -> float:
    if min(len(old), len(new)) >= _LEAST_REPEATS:
        return half_width(old, new, level)
    noise = math.log1p(ASSUMED_NOISE)
    many = max(old, new, key=len)
    if len(many) >= _LEAST_REPEATS:  # one value more, of what the others were drawn from
        spread = math.sqrt(variance(many) * (1 + 1 / len(many)))
        noise = max(noise, quantile(1 - level / 2, len(many) - 1) * spread)
    return noise


def _exp(value: float) -> float:
    """As ``math.exp``, and a huge number where that is too large for one."""
    return math.exp(min(value, 700.0))


def _by_load(result: BenchResult) -> dict[_Key, list[Measures]]:
    found: dict[_Key, list[Measures]] = {}
    for each in result.measures:
        key = (each.load.model, each.load.rate, each.load.concurrency)
        found.setdefault(key, []).append(each)
    return found


def _loads(found: Mapping[_Key, list[Measures]]) -> str:
    names = [_named(every) for every in found.values()]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([f"'{name}'" for name in names[:_NAMED]] + more) or "none"


def _named(every: list[Measures]) -> str:
    return _in_words(every[0].load)


def _in_words(load: Load) -> str:
    if load.model is LoadModel.OPEN and load.rate is None:
        return "open"  # no bench writes such a load, but a file may have it
    return str(load)


def _compared(old: list[Measures], new: list[Measures], level: float) -> LoadComparison:
    return LoadComparison(
        load=_named(old),
        old=_side(old),
        new=_side(new),
        assumed=min(len(old), len(new)) < _LEAST_REPEATS,
        differs=[
            f"{name} {_text(getattr(old[0].load, name))}, {_text(getattr(new[0].load, name))}"
            for name in ("duration_s", "requests", "warmup_s")
            if getattr(old[0].load, name) != getattr(new[0].load, name)
        ],
        rows=[
            row_of(metric, list(map(value, old)), list(map(value, new)), level)
            for metric, value in _VALUES.items()
        ],
    )


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _side(every: list[Measures]) -> Side:
    return Side(
        repeats=len(every),
        done=sum(each.done for each in every),
        failed=sum(each.failed for each in every),
        stopped=sum(each.stopped is not None for each in every),
    )


def _differences(old: BenchResult, new: BenchResult) -> list[SurroundingsDifference]:
    first, second = _surroundings(old), _surroundings(new)
    return [
        SurroundingsDifference(what, first.get(what, ""), second.get(what, ""))
        for what in first | second
        if first.get(what, "") != second.get(what, "")
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
