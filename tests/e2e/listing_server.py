"""A server that lists functions as a test says: pages that repeat, lead back or disappear."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback_server import QuietHandler, serve_loopback

from .conftest import ACCOUNT, REGION
from .hostile_server import IDENTITY

Answer = Callable[[str, str], tuple[int, dict[str, Any]]]
"""From the path without version, and the marker, to a status and a body."""


def function(name: str) -> dict[str, Any]:
    """An entry of ListFunctions."""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
    return {
        "FunctionName": name, "FunctionArn": arn, "Version": "$LATEST", "Runtime": "python3.13",
        "LastModified": "2026-01-31T12:00:00.000+0000",
    }  # fmt: skip


def page(*names: str, marker: str | None = None) -> tuple[int, dict[str, Any]]:
    """An answer of ListFunctions."""
    body: dict[str, Any] = {"Functions": [function(name) for name in names]}
    return 200, body if marker is None else {**body, "NextMarker": marker}


class ListingServer:
    """Answers on loopback.

    Attributes:
        url: of the server.
        asked: path and marker of each call of Lambda, or the operation of another service.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str]] = []


class _Handler(QuietHandler):
    listed: ListingServer
    answer: Answer
    services: Mapping[str, Any]
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.body()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or self.path.strip("/")
        if not operation:
            self._send(200, IDENTITY)
            return
        self.listed.asked.append((operation, ""))
        self._send(200, json.dumps(self.services[operation]).encode())

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path = url.path.partition("/functions")[2].strip("/")
        marker = parse_qs(url.query).get("Marker", [""])[0]
        self.listed.asked.append((path, marker))
        status, body = self.answer(path, marker)
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, content: bytes) -> None:
        is_missing = status == HTTPStatus.NOT_FOUND
        headers = {"x-amzn-ErrorType": "ResourceNotFoundException"} if is_missing else {}
        with suppress(OSError):  # the command has stopped
            self.reply(status, content, headers)


@contextmanager
def listing_server(
    answer: Answer, services: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[ListingServer]:
    """Runs a server.

    Args:
        answer: to calls of Lambda.
        services: answers of other services than Lambda and STS, by operation.
    """

    server = ListingServer("")
    attributes = {"answer": staticmethod(answer), "services": services, "listed": server}
    handler = type("Handler", (_Handler,), attributes)
    with serve_loopback(handler) as server.url:
        yield server
