"""A server that receives OpenTelemetry's data over HTTP, as a collector does."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.loopback_server import QuietHandler, serve_loopback

_TRACES, _METRICS = "/v1/traces", "/v1/metrics"


class OtlpReceiver:
    """What was received.

    Attributes:
        url: of the server.
        bodies: the requests by path, in order of arrival.
    """

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {_TRACES: [], _METRICS: []}
        self.url = ""

    def spans(self) -> list[Any]:
        """Every span, in order of arrival."""
        return [
            span
            for body in self.bodies[_TRACES]
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, Any]:
        """The last metrics by name."""
        [resource] = ExportMetricsServiceRequest.FromString(
            self.bodies[_METRICS][-1]
        ).resource_metrics
        names = {each.key: each.value.string_value for each in resource.resource.attributes}
        assert names["service.name"] == "bulkeic"
        return {metric.name: metric for scope in resource.scope_metrics for metric in scope.metrics}


@contextmanager
def otlp_receiver() -> Iterator[OtlpReceiver]:
    """Runs a receiver in threads."""
    receiver = OtlpReceiver()

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            receiver.bodies[self.path].append(self.body())
            self.reply(200)

    with serve_loopback(Handler) as receiver.url:
        yield receiver


def attributes(of: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a data point."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}
