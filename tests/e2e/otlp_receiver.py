"""A server that receives OpenTelemetry's data over HTTP, as a collector does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

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

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.bodies[self.path].append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def attributes(of: Any) -> dict[str, Any]:
    """The attributes of a span, an event or a data point."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}
