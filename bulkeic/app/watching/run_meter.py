"""Keeps the metrics of a run for the threads that publish them."""

import threading
import time
from collections.abc import Mapping, Sequence

from bulkeic.app.watching.watchers import EventWatcher
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.rollout.run_events import AnyRunEvent
from bulkeic.core.summary import Traffic
from bulkeic.core.telemetry.metric_families import MetricFamily
from bulkeic.core.telemetry.run_metrics import RunMetrics
from bulkeic.output.progress.run_progress import MakeForecast, Progress
from bulkeic.version import __version__


class RunMeter(EventWatcher):
    """Folds what happens into metrics, which any thread can read."""

    def __init__(self) -> None:
        self._metrics = RunMetrics(__version__)
        self._lock = threading.Lock()

    def families(self) -> list[MetricFamily]:
        """The metrics now."""
        with self._lock:
            return self._metrics.families(time.time())

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        with self._lock:
            self._metrics.notice(event)

    def progress(self, doing: str) -> Progress:
        """See ``RunWatcher``."""
        return _MeteredPass(self._metrics, self._lock, doing)


class _MeteredPass:
    """Folds the outcomes of one pass.

    Args:
        metrics: to fold them into.
        lock: of the metrics.
        doing: the pass in one word.
    """

    def __init__(self, metrics: RunMetrics, lock: threading.Lock, doing: str) -> None:
        self._metrics = metrics
        self._lock = lock
        self._doing = doing

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """See ``Progress``."""
        with self._lock:
            self._metrics.start(len(lanes))

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """See ``Progress``."""
        del forecast
        with self._lock:
            self._metrics.advance(self._doing, outcomes, len(before_images), traffic)

    def stop(self) -> None:
        """See ``Progress``."""
