"""The metrics of a run as OpenTelemetry's data."""

import time
from collections.abc import Sequence

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from bulkeic.core.telemetry.metric_families import (
    HistogramValue,
    MetricFamily,
    MetricKind,
    MetricSample,
    RunMetric,
)


def metrics_data(
    families: Sequence[MetricFamily], resource: Resource, scope: tuple[str, str], started_ns: int
) -> MetricsData:
    """The metrics as data to export.

    Args:
        families: the metrics.
        resource: what they are of.
        scope: name and version of what made them.
        started_ns: Unix time since which counters count, nanoseconds.
    """
    now_ns = time.time_ns()
    metrics = [_metric(family, started_ns, now_ns) for family in families]
    scoped = ScopeMetrics(InstrumentationScope(*scope), metrics, schema_url="")
    return MetricsData([ResourceMetrics(resource, [scoped], schema_url="")])


def _metric(family: MetricFamily, started_ns: int, now_ns: int) -> Metric:
    metric = family.metric
    cumulative = AggregationTemporality.CUMULATIVE
    data: Gauge | Histogram | Sum
    if metric.kind is MetricKind.HISTOGRAM:
        points = _histograms(family, started_ns, now_ns)
        data = Histogram(points, cumulative)
    else:
        numbers = [
            NumberDataPoint(_attributes(metric, sample), started_ns, now_ns, sample.value)
            for sample in family.samples
            if not isinstance(sample.value, HistogramValue)
        ]
        is_counter = metric.kind is MetricKind.COUNTER
        data = Sum(numbers, cumulative, is_monotonic=True) if is_counter else Gauge(numbers)
    return Metric(metric.name, metric.help, metric.unit, data)


def _histograms(family: MetricFamily, started_ns: int, now_ns: int) -> list[HistogramDataPoint]:
    return [
        HistogramDataPoint(
            attributes=_attributes(family.metric, sample),
            start_time_unix_nano=started_ns,
            time_unix_nano=now_ns,
            count=sum(sample.value.counts),
            sum=sample.value.sum,
            bucket_counts=sample.value.counts,
            explicit_bounds=sample.value.bounds,
            min=None,  # type: ignore[arg-type]  # optional in the protocol
            max=None,  # type: ignore[arg-type]
        )
        for sample in family.samples
        if isinstance(sample.value, HistogramValue)
    ]


def _attributes(metric: RunMetric, sample: MetricSample) -> dict[str, str]:
    return dict(zip(metric.labels, sample.labels, strict=True))
