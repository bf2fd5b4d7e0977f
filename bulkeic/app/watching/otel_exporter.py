"""Sends a trace of a run and its metrics with OpenTelemetry: ``--otel``."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence

import requests
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from bulkeic.app.watching.otlp_metrics import metrics_data
from bulkeic.app.watching.periodic_thread import PeriodicThread
from bulkeic.app.watching.run_trace import RunTrace
from bulkeic.app.watching.watchers import EventWatcher
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.errors import UsageError, printable
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.rollout.run_events import AnyRunEvent
from bulkeic.core.summary import Traffic
from bulkeic.core.telemetry.metric_families import MetricFamily
from bulkeic.output.console import Console
from bulkeic.output.progress.run_progress import MakeForecast, Progress
from bulkeic.version import __version__

SEND_EVERY_S = 10.0
END_LIMIT_S = 3.0
"""How long the end of the command waits for the last data to be sent."""
_SCOPE = "bulkeic"
_QUERY = re.compile(r"\?\S*")
_MAX_CHARACTERS = 300
_LIBRARY = logging.getLogger("opentelemetry")


class OtelExporter(EventWatcher):
    """Sends spans and metrics over OTLP/HTTP, in threads.

    Args:
        families: reads the metrics.
        console: prints why they cannot be sent, once.

    Raises:
        UsageError: a variable of OpenTelemetry has an invalid value.
    """

    def __init__(self, families: Callable[[], Sequence[MetricFamily]], console: Console) -> None:
        self._families = families
        self._started_ns = time.time_ns()
        self._errors = _FirstError(console)
        _LIBRARY.propagate = False
        _LIBRARY.handlers[:] = [self._errors]
        try:
            self._resource = Resource.create(
                {"service.name": _SCOPE, "service.version": __version__}
            )
            spans = OTLPSpanExporter(session=_session())
            self._metrics = OTLPMetricExporter(session=_session())
            self._spans = TracerProvider(resource=self._resource, shutdown_on_exit=False)
            self._spans.add_span_processor(BatchSpanProcessor(spans))
        except (ValueError, RuntimeError, OSError) as error:
            raise UsageError(f"--otel: {_shown(str(error))}") from None
        self._trace = RunTrace(self._spans.get_tracer(_SCOPE, __version__))
        self._thread = PeriodicThread("otel-metrics", self._send_metrics, SEND_EVERY_S)

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        self._trace.notice(event)
        self._thread.hasten()

    def progress(self, doing: str) -> Progress:
        """See ``RunWatcher``."""
        return _TracedPass(self._trace, doing)

    def close(self) -> None:
        """See ``RunWatcher``."""
        self._trace.close()
        ends_at = time.monotonic() + END_LIMIT_S
        # The library waits longer than that for a server that does not answer.
        ending = threading.Thread(target=self._spans.shutdown, name="otel-end", daemon=True)
        ending.start()
        is_sent = self._thread.close(END_LIMIT_S)
        ending.join(max(0.0, ends_at - time.monotonic()))
        if not is_sent or ending.is_alive():
            self._errors.show(f"the last data was not sent within {END_LIMIT_S:g} s.")

    def _send_metrics(self) -> None:
        data = metrics_data(
            self._families(), self._resource, (_SCOPE, __version__), self._started_ns
        )
        self._metrics.export(data)


def _session() -> requests.Session:
    """A session that does not read the bodies of answers, which may be endless."""
    session = requests.Session()
    session.stream = True
    return session


class _FirstError(logging.Handler):
    """Prints the first error of the library, which repeats them.

    Args:
        console: prints it.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._is_printed = False

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        # Warnings are repeated as an error if they last, and may quote a variable with a secret.
        if record.levelno >= logging.ERROR:
            self.show(_shown(record.getMessage()))

    def show(self, text: str) -> None:
        """Prints an error, unless one was printed."""
        if not self._is_printed:
            self._is_printed = True
            self._console.print(f"--otel: {text} This does not affect the run.")


def _shown(text: str) -> str:
    """A text of the library that is safe to print: a query of a URL may hold a key."""
    return printable(sanitize(_QUERY.sub("?…", text))[:_MAX_CHARACTERS])


class _TracedPass:
    """Gives a pass over targets a span.

    Args:
        trace: of the run.
        doing: the pass in one word.
    """

    def __init__(self, trace: RunTrace, doing: str) -> None:
        self._trace = trace
        self._doing = doing

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """See ``Progress``."""
        self._trace.start_pass(self._doing, lanes=len(lanes), targets=sum(lanes.values()))

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """See ``Progress``. No span for each target."""

    def stop(self) -> None:
        """See ``Progress``."""
        self._trace.end_pass()
