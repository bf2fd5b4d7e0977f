"""Writes the metrics of a run to a file in the text format of Prometheus: ``--metrics``."""

import os
from collections.abc import Callable, Iterable, Sequence

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bulkeic.app.watching.periodic_thread import PeriodicThread
from bulkeic.app.watching.watchers import EventWatcher
from bulkeic.core.rollout.run_events import AnyRunEvent
from bulkeic.core.telemetry.metric_families import HistogramValue, MetricFamily, MetricKind
from bulkeic.output.console import Console

WRITE_EVERY_S = 10.0
_LAST_WRITE_LIMIT_S = 5.0

ReadFamilies = Callable[[], Sequence[MetricFamily]]


class MetricsFile(EventWatcher):
    """Writes metrics from the first event on, in a thread.

    Args:
        path: of the file, which is replaced each time.
        families: reads the metrics.
        console: prints why the file cannot be written, once.
    """

    def __init__(self, path: str, families: ReadFamilies, console: Console) -> None:
        # Renaming would replace a symbolic link, and a relative path could change its meaning.
        self._path = os.path.realpath(path)
        self._console = console
        self._has_failed = False
        self._registry = CollectorRegistry()
        self._registry.register(_MetricCollector(families))
        self._thread = PeriodicThread("metrics", self._write, WRITE_EVERY_S)

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        del event
        self._thread.hasten()

    def close(self) -> None:
        """See ``RunWatcher``."""
        self._thread.close(_LAST_WRITE_LIMIT_S)

    def _write(self) -> None:
        try:
            write_to_textfile(self._path, self._registry)
        except OSError as error:
            if not self._has_failed:
                self._console.print(
                    f"--metrics: the file cannot be written ({error.strerror}); the run continues"
                )
            self._has_failed = True


class _MetricCollector(Collector):
    """The metrics as the library wants them.

    Args:
        families: reads them.
    """

    def __init__(self, families: ReadFamilies) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """The metrics now."""
        return map(_family, self._families())


def _family(family: MetricFamily) -> Metric:
    metric = family.metric
    if metric.kind is MetricKind.HISTOGRAM:
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for sample in family.samples:
            if isinstance(sample.value, HistogramValue):
                buckets = _cumulated(sample.value)
                histogram.add_metric(sample.labels, buckets, sample.value.sum)
        return histogram
    kind = CounterMetricFamily if metric.kind is MetricKind.COUNTER else GaugeMetricFamily
    plain = kind(metric.name, metric.help, labels=metric.labels)
    for sample in family.samples:
        if not isinstance(sample.value, HistogramValue):
            plain.add_metric(sample.labels, sample.value)
    return plain


def _cumulated(value: HistogramValue) -> list[tuple[str, float]]:
    """The buckets, each with the number of values up to its bound."""
    total, found = 0, []
    for bound, count in zip([*map(str, value.bounds), "+Inf"], value.counts, strict=True):
        total += count
        found.append((bound, float(total)))
    return found
