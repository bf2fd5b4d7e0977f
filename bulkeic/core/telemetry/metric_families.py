"""The metrics of a run: their names, kinds, labels and meaning, declared once.

Counters count what this command does. Gauges show the run that it works on.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec


class MetricKind(StrEnum):
    """The kinds of metrics, with the names of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class RunMetric(msgspec.Struct, frozen=True):
    """A metric.

    Attributes:
        name: in Prometheus; the series of a counter end in ``_total``.
        help: what it means, one sentence.
        labels: names of its labels; each has few values.
        unit: in UCUM, as OpenTelemetry names it; empty: a plain number.
    """

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    unit: str = ""

    @property
    def series(self) -> str:
        """The name of its series in Prometheus."""
        return f"{self.name}_total" if self.kind is MetricKind.COUNTER else self.name


class HistogramValue(msgspec.Struct, frozen=True):
    """Observed values in buckets.

    Attributes:
        bounds: upper bound of each bucket but the last, included.
        counts: number of values in each bucket; one more than bounds.
        sum: of all values.
    """

    bounds: Sequence[float]
    counts: Sequence[int]
    sum: float


class MetricSample(msgspec.Struct, frozen=True):
    """The value of a metric for some labels.

    Attributes:
        labels: values of the labels, in their order.
    """

    labels: tuple[str, ...]
    value: float | HistogramValue


class MetricFamily(msgspec.Struct, frozen=True):
    """A metric with all its values."""

    metric: RunMetric
    samples: Sequence[MetricSample]


def _counter(name: str, text: str, *labels: str) -> RunMetric:
    return RunMetric(f"bulkeic_{name}", MetricKind.COUNTER, text, labels)


def _gauge(name: str, text: str, *labels: str, unit: str = "") -> RunMetric:
    return RunMetric(f"bulkeic_{name}", MetricKind.GAUGE, text, labels, unit)


TARGETS = _gauge("targets", "Targets of the run by state: pending, or the status of their outcome.",
                 "state")  # fmt: skip
LANES = _gauge("lanes", "Lanes that the current pass over targets works on.")
WORKERS = _gauge(
    "workers", "Worker processes of the session by state; none without --workers.", "state"
)
WAVE = _gauge("wave", "Number of the wave that works, or has worked last; 0 without waves.")
LAST_WAVE = _gauge("last_wave", "Number of the last wave of the run; 0 without waves.")
STATE = _gauge("session_state", "1 for the state of the session, 0 for the other states.", "state")
STARTED = _gauge("session_start_time_seconds", "Unix time at which the session started.", unit="s")
UPDATED = _gauge("last_update_time_seconds", "Unix time of these values.", unit="s")
RUN = _gauge("run_info", "Always 1, with the command and the path of the run file.",
             "command", "run")  # fmt: skip
BUILD = _gauge("build_info", "Always 1, with the version of bulkeic.", "version")
OUTCOMES = _counter("outcomes", "Outcomes of targets.", "command", "status")
ERRORS = _counter("errors", "Outcomes by error code.",
                  "command", "error_code")  # fmt: skip
BEFORE_IMAGES = _counter("before_images", "Reads of targets before a change.", "command")
CALLS = _counter("calls", "Calls that were sent to Lambda.", "command")
THROTTLES = _counter("throttles", "Calls that were throttled.", "command")
CONFLICTS = _counter("conflicts", "Calls that met another change of the same function.", "command")
RETRIES = _counter("retries", "Calls that repeat one that failed.", "command")
WAVES_DONE = _counter("waves_done", "Waves that were written and read again.", "command")
GATE_ANSWERS = _counter("gate_answers", "Answers of gate, alarms and calendar.",
                        "command", "kind", "decision")  # fmt: skip
HALTS = _counter("halts", "Halts of runs, by what halted them.", "command", "halt")
CALL_SECONDS = RunMetric(
    "bulkeic_call_duration_seconds",
    MetricKind.HISTOGRAM,
    "Duration of the last call for each target that has an outcome.",
    unit="s",
)
METRICS = (
    TARGETS, LANES, WORKERS, WAVE, LAST_WAVE, STATE, STARTED, UPDATED, RUN, BUILD, OUTCOMES, ERRORS,
    BEFORE_IMAGES, CALLS, THROTTLES, CONFLICTS, RETRIES, WAVES_DONE, GATE_ANSWERS, HALTS,
    CALL_SECONDS,
)  # fmt: skip
