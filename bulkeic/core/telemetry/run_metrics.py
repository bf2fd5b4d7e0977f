"""A run in metrics, kept up to date with each event and each batch of outcomes."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum

from bulkeic.core.model import Outcome, Status
from bulkeic.core.rollout.run_events import (
    AnyRunEvent,
    GateAnswered,
    RunEnded,
    RunHalted,
    RunStarted,
    WaveDone,
    WaveStarted,
    WorkerLost,
    WorkersReady,
)
from bulkeic.core.summary import Traffic
from bulkeic.core.telemetry import metric_families as families
from bulkeic.core.telemetry.metric_families import (
    HistogramValue,
    MetricFamily,
    MetricSample,
    RunMetric,
)

MAX_ERROR_CODES = 50
OTHER_CODES = "other"
PENDING = "pending"
CALL_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PASSES = {"apply": "updating", "rollback": "updating", "plan": "reading", "verify": "verifying"}
"""The pass of each command that gives targets their outcomes; others check what it did."""
_TRAFFIC = {
    "calls": families.CALLS,
    "throttles": families.THROTTLES,
    "conflicts": families.CONFLICTS,
    "retries": families.RETRIES,
}

Labels = tuple[str, ...]


class SessionState(StrEnum):
    """What a session does, or how it ended."""

    WORKING = "working"
    HALTED = "halted"
    STOPPED = "stopped"
    DONE = "done"


class RunMetrics:
    """The metrics of the sessions of one command: a fold over events and outcomes.

    Args:
        version: of bulkeic.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._command = self._run = ""
        self._state = SessionState.WORKING
        self._started_at = 0.0
        self._lanes = self._wave = self._last_wave = 0
        self._targets: Counter[str] = Counter()
        self._counts: Counter[tuple[RunMetric, Labels]] = Counter()
        self._codes: set[str] = set()
        self._workers: dict[str, int] = {}
        self._traffic = Traffic()
        self._call_counts = [0] * (len(CALL_BOUNDS_S) + 1)
        self._call_seconds = 0.0

    def notice(self, event: AnyRunEvent) -> None:
        """Adds an event."""
        match event:
            case RunStarted():
                self._start(event)
            case WaveStarted():
                self._wave, self._last_wave = event.wave, event.of
            case WaveDone():
                self._count(families.WAVES_DONE)
            case GateAnswered():
                self._count(families.GATE_ANSWERS, event.kind.value, event.decision.value)
            case WorkersReady():
                self._workers = {"working": event.workers, "lost": 0}
            case WorkerLost():
                lost = self._workers.get("lost", 0) + 1
                self._workers = {"working": event.left, "lost": lost}
            case RunHalted():
                self._state = SessionState.HALTED
                self._count(families.HALTS, event.halt.value)
            case RunEnded():
                self._run = in_utf8(event.run)
                self._targets = Counter(event.counts)
                self._targets[PENDING] = event.pending
                if self._state is not SessionState.HALTED:
                    is_done = event.stopped is None and not event.pending
                    self._state = SessionState.DONE if is_done else SessionState.STOPPED

    def _start(self, event: RunStarted) -> None:
        self._command, self._run = event.command, in_utf8(event.run)
        self._state = SessionState.WORKING
        self._started_at = datetime.fromisoformat(event.at).timestamp()
        self._lanes = self._wave = self._last_wave = 0
        self._workers = {}
        self._targets = Counter(event.counts)
        self._targets[PENDING] = event.pending
        self._traffic = Traffic()

    def start(self, lanes: int) -> None:
        """Starts a pass over targets of some lanes."""
        self._lanes = lanes

    def advance(
        self, doing: str, outcomes: Sequence[Outcome], before_images: int, traffic: Traffic
    ) -> None:
        """Adds what a pass over targets has done.

        Args:
            doing: the pass in one word.
            outcomes: of finished jobs.
            before_images: number of targets that were read.
            traffic: of the whole session so far.
        """
        for name, metric in _TRAFFIC.items():
            more = getattr(traffic, name) - getattr(self._traffic, name)
            if more:
                self._count(metric, number=more)
        self._traffic = traffic
        if before_images:
            self._count(families.BEFORE_IMAGES, number=before_images)
        if outcomes and doing == _PASSES.get(self._command):
            self._add(outcomes)

    def _add(self, outcomes: Sequence[Outcome]) -> None:
        for status, number in Counter(outcome.status for outcome in outcomes).items():
            self._count(families.OUTCOMES, status.value, number=number)
            self._targets[status.value] += number
        self._targets[PENDING] -= len(outcomes)
        for code, number in Counter(outcome.error_code for outcome in outcomes).items():
            if code is not None:
                self._count(families.ERRORS, self._label(code), number=number)
        for outcome in outcomes:
            seconds = outcome.call_s
            if seconds is not None:
                self._call_counts[bisect_left(CALL_BOUNDS_S, seconds)] += 1
                self._call_seconds += seconds

    def _label(self, code: str) -> str:
        """The label of an error code. It stays the same, because a counter must not decrease."""
        if len(self._codes) < MAX_ERROR_CODES:
            self._codes.add(code)
        return code if code in self._codes else OTHER_CODES

    def _count(self, metric: RunMetric, *labels: str, number: int = 1) -> None:
        self._counts[metric, (self._command, *labels)] += number

    def families(self, now: float) -> list[MetricFamily]:
        """Every metric with its values; one without values is left out.

        Args:
            now: Unix time in seconds.
        """
        samples: dict[str, list[MetricSample]] = {each.name: [] for each in families.METRICS}
        for metric, sample in self._samples(now):
            samples[metric.name].append(sample)
        return [
            MetricFamily(metric, samples[metric.name])
            for metric in families.METRICS
            if samples[metric.name]
        ]

    def _samples(self, now: float) -> Iterator[tuple[RunMetric, MetricSample]]:
        for state in (PENDING, *(status.value for status in Status)):
            yield families.TARGETS, MetricSample((state,), self._targets[state])
        for state, number in self._workers.items():
            yield families.WORKERS, MetricSample((state,), number)
        for each in SessionState:
            yield families.STATE, MetricSample((each.value,), float(each is self._state))
        for metric, value in (
            (families.LANES, self._lanes),
            (families.WAVE, self._wave),
            (families.LAST_WAVE, self._last_wave),
            (families.STARTED, self._started_at),
            (families.UPDATED, now),
        ):
            yield metric, MetricSample((), value)
        yield families.RUN, MetricSample((self._command, self._run), 1)
        yield families.BUILD, MetricSample((self._version,), 1)
        for (metric, labels), number in self._counts.items():
            yield metric, MetricSample(labels, number)
        calls = HistogramValue(CALL_BOUNDS_S, tuple(self._call_counts), self._call_seconds)
        yield families.CALL_SECONDS, MetricSample((), calls)


def in_utf8(path: str) -> str:
    """A path without the bytes of it that are not UTF-8."""
    return path.encode(errors="replace").decode()
