"""A loopback server that answers as CloudWatch and Systems Manager by what a test sets."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNT = "123456789012"


def described(name: str, state: str = "OK", place: str = f"us-east-1:{ACCOUNT}") -> dict[str, Any]:
    """An alarm as CloudWatch describes it."""
    arn = f"arn:aws:cloudwatch:{place}:alarm:{name}"
    return {"AlarmName": name, "AlarmArn": arn, "StateValue": state}


class MonitoringServer:
    """CloudWatch and Systems Manager.

    Attributes:
        alarms: state by name; of metric alarms, in every Region.
        composite: the same of composite alarms.
        answer: what DescribeAlarms answers instead; ``None``: by ``alarms``.
        refusal: an error code of both operations; ``None``: they answer.
        calendar: what GetCalendarState answers, in order; the last one is repeated.
        asked: the Region and the account of each DescribeAlarms.
        calendar_asked: the calendars of each GetCalendarState.
    """

    def __init__(self) -> None:
        self.url = ""
        self.alarms: dict[str, str] = {}
        self.composite: dict[str, str] = {}
        self.answer: Any = None
        self.refusal: str | None = None
        self.calendar: list[Any] = []
        self.asked: list[tuple[str, str]] = []
        self.calendar_asked: list[list[str]] = []

    @contextmanager
    def serve(self) -> Iterator["MonitoringServer"]:
        """Serves as long as a ``with`` block lives."""
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                owner.respond(self)

            def log_message(self, *_: Any) -> None:
                """Keeps quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def respond(self, request: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        key, _, region = request.headers["Authorization"].partition("Credential=")[2].split("/")[:3]
        status = 200 if self.refusal is None else 400
        if self.refusal is not None:
            answer: Any = {"__type": self.refusal, "message": "no"}
        elif request.headers["X-Amz-Target"].endswith(".DescribeAlarms"):
            account = key[4:16]
            self.asked.append((region, account))
            answer = self.answer or self._described(f"{region}:{account}", body["AlarmNames"])
        else:
            self.calendar_asked.append(body["CalendarNames"])
            answer = self.calendar[min(len(self.calendar_asked), len(self.calendar)) - 1]
        data = json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.send_header("Content-Type", "application/x-amz-json-1.1")
        request.end_headers()
        request.wfile.write(data)

    def _described(self, place: str, names: list[str]) -> dict[str, Any]:
        kinds = (("MetricAlarms", self.alarms), ("CompositeAlarms", self.composite))
        return {
            field: [
                described(name, state, place) for name, state in alarms.items() if name in names
            ]
            for field, alarms in kinds
        }
