"""A loopback server that answers as CloudWatch and Systems Manager by what a test sets."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.loopback_server import QuietHandler, serve_loopback

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

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                owner.respond(self)

        with serve_loopback(Handler) as self.url:
            yield self

    def respond(self, request: QuietHandler) -> None:
        """Answers one request."""
        body = json.loads(request.body())
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
        kind = {"Content-Type": "application/x-amz-json-1.1"}
        request.reply(status, json.dumps(answer).encode(), kind)

    def _described(self, place: str, names: list[str]) -> dict[str, Any]:
        kinds = (("MetricAlarms", self.alarms), ("CompositeAlarms", self.composite))
        return {
            field: [
                described(name, state, place) for name, state in alarms.items() if name in names
            ]
            for field, alarms in kinds
        }
