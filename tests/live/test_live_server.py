"""The server of a live page, with a source of its own and real connections."""

import gc
import http.client
import json
import os
import resource
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from bulkeic.live.live_server import LiveServer
from bulkeic.live.live_source import NoTargetsError
from bulkeic.live.open_connections import DEFAULT_LIMITS, ServerLimits


class Source:
    """A source whose content the test sets."""

    document = b"<!DOCTYPE html><title>page</title>"
    policy = "default-src 'none'"

    def __init__(self, parts: Mapping[str, object]) -> None:
        self.parts: Mapping[str, object] | None = parts
        self.stops = 0
        self.targets: bytes | None = b"rows"

    def changed_parts(self) -> Mapping[str, object] | None:
        parts, self.parts = self.parts, None
        return parts

    def packed_targets(self) -> bytes:
        if self.targets is None:
            raise NoTargetsError("not now")
        return self.targets

    def ask_to_stop(self) -> None:
        self.stops += 1


@contextmanager
def serving(source: Source, limits: ServerLimits = DEFAULT_LIMITS) -> Iterator[LiveServer]:
    server = LiveServer(source, 0, limits)
    try:
        yield server
    finally:
        server.close()
        assert "live page" not in {thread.name for thread in threading.enumerate()}


def place(server: LiveServer) -> tuple[str, int, str]:
    url = urlsplit(server.url)
    assert url.hostname is not None
    assert url.port is not None
    return url.hostname, url.port, url.path


def ask(server: LiveServer, name: str = "", method: str = "GET") -> http.client.HTTPResponse:
    host, port, path = place(server)
    connection = http.client.HTTPConnection(host, port, timeout=20)
    connection.request(method, path + name, headers={"Origin": f"http://{host}:{port}"})
    return connection.getresponse()


def connected(server: LiveServer, data: bytes = b"") -> socket.socket:
    host, port, _ = place(server)
    client = socket.create_connection((host, port), timeout=20)
    client.sendall(data)
    return client


def request_text(server: LiveServer, name: str) -> bytes:
    host, port, path = place(server)
    return f"GET {path}{name} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


def is_closed(client: socket.socket) -> bool:
    """Waits until the other end closes; the answer is read and dropped."""
    try:
        while client.recv(65536):
            pass
    except ConnectionResetError:
        pass
    client.close()
    return True


def test_pages_are_not_kept_or_framed() -> None:
    with serving(Source({})) as server, ask(server) as answer:
        assert (answer.status, answer.read()) == (200, Source.document)
        assert answer.headers["Content-Security-Policy"] == Source.policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Access-Control-Allow-Origin"] is None


def test_a_client_gets_what_there_is_then_the_end() -> None:
    with serving(Source({"tiles": "<b>1</b>"})) as server:
        events = ask(server, "events")
        assert events.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert events.readline() == b"retry: 2000\n"
        lines = [events.readline() for _ in range(3)]
        assert lines[1] == b"event: part\n"
        assert json.loads(lines[2].removeprefix(b"data: ")) == {
            "name": "tiles", "content": "<b>1</b>"
        }  # fmt: skip
        threading.Thread(target=server.close).start()
        assert b"event: over\n" in events.read()
        events.close()


def test_the_last_update_comes_before_the_end() -> None:
    source = Source({"a": "1", "b": "2"})
    with serving(source) as server:
        events = ask(server, "events")
        while b'"b"' not in events.readline():
            pass
        source.parts = {"a": "1", "b": "3"}
        threading.Thread(target=server.close).start()
        rest = events.read()
        events.close()
    assert rest.count(b"event: part") == 1
    assert rest.index(b'"3"') < rest.index(b"event: over")


def test_targets_and_stops() -> None:
    source = Source({})
    with serving(source) as server:
        with ask(server, "targets") as answer:
            assert (answer.status, answer.read()) == (200, b"rows")
        source.targets = None
        with ask(server, "targets") as answer:
            assert (answer.status, answer.read()) == (409, b"not now\n")
        with ask(server, "stop", "POST") as answer:
            assert (answer.status, source.stops) == (204, 1)


def test_one_table_at_a_time_also_if_its_client_leaves() -> None:
    class Slow(Source):
        calls = 0
        started, go_on = threading.Event(), threading.Event()

        def packed_targets(self) -> bytes:
            self.calls += 1
            self.started.set()
            self.go_on.wait(20)
            return b"rows"

    source = Slow({})
    with serving(source) as server:
        connected(server, request_text(server, "targets")).close()
        assert source.started.wait(20)
        for _ in range(20):
            with ask(server, "targets") as answer:
                assert answer.status == 503
        assert source.calls == 1
        source.go_on.set()
        while True:
            with ask(server, "targets") as answer:
                if answer.status == 200:
                    break


@pytest.mark.parametrize(
    "data",
    [
        b"", b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\nA: ", b"\x00\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000, b"G" * 100_000, b"\x16\x03\x01\x02\x00\x01",
    ],
)  # fmt: skip
def test_a_connection_without_a_request_is_closed(data: bytes) -> None:
    with serving(Source({}), ServerLimits(request_s=0.2)) as server:
        assert is_closed(connected(server, data))
        with ask(server) as answer:
            assert answer.status == 200


def test_a_client_that_does_not_read_is_dropped_and_delays_nothing() -> None:
    source = Source({"big": "x" * 8_000_000})
    with serving(source, ServerLimits(write_s=0.2)) as server:
        slow = connected(server, request_text(server, "events"))
        events = ask(server, "events")
        while b'"big"' not in events.readline():
            pass
        source.parts = {"small": "y"}
        while b'"small"' not in events.readline():
            pass
        events.close()
        assert is_closed(slow)


def test_connections_have_a_limit_and_their_end_makes_room() -> None:
    with serving(Source({"a": "b"}), ServerLimits(connections=50, request_s=20)) as server:
        clients = [ask(server, "events") for _ in range(50)]
        assert is_closed(connected(server, request_text(server, "")))
        for client in clients:
            while b'"a"' not in client.readline():
                pass
            client.close()
        for _ in range(1000):
            with connected(server, request_text(server, "")) as late:
                try:
                    if late.recv(12) == b"HTTP/1.1 200":
                        break
                except ConnectionResetError:
                    continue
        else:
            pytest.fail("no room")


def test_a_port_in_use_is_an_error() -> None:
    with serving(Source({})) as server, pytest.raises(OSError, match="in use"):
        LiveServer(Source({}), place(server)[1])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_cannot_start_is_an_error() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, limits[1]))
    try:
        with pytest.raises(OSError, match="open files"):
            LiveServer(Source({}), 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        gc.collect()  # the loop that asyncio could not make
    assert "live page" not in {thread.name for thread in threading.enumerate()}


def test_a_page_that_fails_says_why() -> None:
    class Failing(Source):
        def changed_parts(self) -> Mapping[str, object] | None:
            raise ValueError("no parts")

    with serving(Failing({})) as server, ask(server, "events") as events:
        assert events.readline() == b"retry: 2000\n"
        with pytest.raises(http.client.IncompleteRead) as cut:
            events.read()
        assert b"over" not in cut.value.partial
    assert str(server.error) == "no parts"
