"""Helpers for the live page: its URL, its requests, its events."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from .forks import Process

MARK = "live page: "


def live_url(process: Process) -> str:
    """Reads stderr until the URL of the page, which ends with a slash."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(MARK):
            return str(line.removeprefix(MARK).strip())
    raise AssertionError("no live page")


def ended(process: Process) -> tuple[int, str]:
    """Waits for the end of a command: its exit code and the rest of stderr."""
    _, err = process.communicate(timeout=30)
    return process.wait(20), err


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    """A request as it is given: its status and its body."""
    place = urlsplit(url)
    with closing(http.client.HTTPConnection(place.netloc, timeout=20)) as connection:
        connection.request(method, place.path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def stop(url: str) -> int:
    """What the button of the page sends: its status."""
    place = urlsplit(url)
    return ask(f"{url}stop", "POST", Origin=f"http://{place.netloc}")[0]


class LiveEvents:
    """The events of a page, as a client reads them.

    Attributes:
        parts: the latest content of each part.
        is_over: whether the page has ended.
    """

    def __init__(self, url: str) -> None:
        self.parts: dict[str, Any] = {}
        self.is_over = False
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.netloc, timeout=30)
        self._connection.request("GET", f"{place.path}events")
        self._answer = self._connection.getresponse()
        assert self._answer.status == 200

    def __iter__(self) -> Iterator[str]:
        """Reads to the end, and yields the name of each part that has changed."""
        kind = ""
        for line in self._answer:
            if line.startswith(b"event: "):
                kind = line.removeprefix(b"event: ").strip().decode()
                self.is_over |= kind == "over"
            elif line.startswith(b"data: ") and kind == "part":
                part = json.loads(line.removeprefix(b"data: "))
                self.parts[part["name"]] = part["content"]
                yield part["name"]
        self.close()

    def until(self, name: str, text: str) -> None:
        """Reads until a part contains a text."""
        while text not in str(self.parts.get(name, "")):
            next(iter(self))

    def close(self) -> None:
        """Disconnects."""
        self._answer.close()
        self._connection.close()
