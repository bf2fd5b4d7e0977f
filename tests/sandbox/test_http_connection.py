"""Connections of correct, faulty and slow clients."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bulkeic.sandbox import Faults, SandboxOptions
from bulkeic.sandbox.auth import principal, sts_sessions
from bulkeic.sandbox.protocol.body_budget import BodyBudget
from bulkeic.sandbox.protocol.request_parser import HEAD_LIMIT
from bulkeic.sandbox.server.http_connection import (
    IDLE_TIMEOUT_S,
    LINGER_S,
    WAITING_LIMIT,
    WAITING_SIZE_LIMIT,
    HttpConnection,
)
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state import invoke_settings

from .sandbox_client import ACCOUNT, SandboxThread, StartSandbox, update_bytes

STATS = b"GET /_sandbox/stats HTTP/1.1\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"rubbish\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
        (STATS + b"Content-Length: x\r\n\r\n", b"400"),
        (STATS + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (STATS + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (STATS + b"no colon\r\n\r\n", b"400"),
        (CHUNKED + b"x\r\n", b"400"),
        (b"GET /" + b"x" * HEAD_LIMIT + b" HTTP/1.1\r\n" + END, b"431"),
        (STATS + b"X: " + b"x" * HEAD_LIMIT + b"\r\n" + END, b"431"),
        (STATS + b"X: " + b"x" * 2 * HEAD_LIMIT, b"431"),
        (STATS + b"X: x\r\n" * HEAD_LIMIT, b"431"),
        (update_bytes("fn", b"x" * (1024 * 1024 + 1)), b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (
            CHUNKED + b"80000\r\n" + b"x" * 0x80000 + b"\r\n90000\r\n" + b"x" * 0x90000,
            b"413",
        ),
        (b"PUT /_sandbox/state HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (
            CHUNKED + b"0\r\nX: " + b"x" * 2 * HEAD_LIMIT,
            b"431",
        ),
    ],
)  # fmt: skip
def test_invalid_requests_are_refused(sandbox: SandboxThread, data: bytes, status: bytes) -> None:
    answer = sandbox.send_raw(data)
    assert answer.startswith(b"HTTP/1.1 " + status + b" ")
    assert b"Connection: close\r\n" in answer
    assert sandbox.stats()["malformed"] > 0


@pytest.mark.parametrize(
    "data",
    [
        STATS + END,
        b"\r\n\r\n" + STATS + END,
        b"GET http://sandbox/_sandbox/stats HTTP/1.1\r\n" + END,
        b"GET /_sandbox/stats?x=y HTTP/1.1\r\n" + END,
        b"GET /_sandbox/stats HTTP/1.0\r\n\r\n",
        STATS + b"X: " + b"x" * (HEAD_LIMIT - 200) + b"\r\n" + END,
        STATS + b"Empty:\r\n" + END,
        STATS + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\nwhatever",
        STATS + b"Transfer-Encoding: chunked\r\n" + END + b"3\r\nabc\r\n0\r\n\r\n",
        STATS + b"\r\n" + STATS + END,
        STATS + b"\r\n" + (STATS + b"\r\n") * 3000 + STATS + END,
    ],
)
def test_valid_requests_are_answered(sandbox: SandboxThread, data: bytes) -> None:
    answer = sandbox.send_raw(data)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == data.count(b" /_sandbox/") or b"http:" in data


def test_a_refusal_follows_earlier_replies(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox(faults=Faults(latency_s=0.01))
    sandbox.add_function("fn")
    answer = sandbox.send_raw(update_bytes("fn", close=False) + b"rubbish\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


def test_a_body_of_a_mebibyte_is_read(sandbox: SandboxThread) -> None:
    sandbox.add_function("fn")
    body = b'{"MaximumRetryAttempts":0' + b" " * (1024 * 1024 - 26) + b"}"
    assert sandbox.send_raw(update_bytes("fn", body)).startswith(b"HTTP/1.1 200")


def test_a_request_in_single_bytes(sandbox: SandboxThread) -> None:
    sandbox.add_function("fn")
    with sandbox.connect() as connection:
        for byte in update_bytes("fn"):
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_head_request_gets_no_body(sandbox: SandboxThread) -> None:
    head, _, body = sandbox.send_raw(b"HEAD /x HTTP/1.1\r\n" + END).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert body == b""


def test_a_client_that_expects_100_continue(sandbox: SandboxThread) -> None:
    sandbox.add_function("fn")
    head, _, body = update_bytes("fn").partition(b"\r\n\r\n")
    with sandbox.connect() as connection:
        connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_replies_pause_while_the_client_does_not_read(sandbox: SandboxThread) -> None:
    with sandbox.connect() as connection:
        connection.settimeout(0.2)
        request = (STATS + b"\r\n") * 1000
        with pytest.raises(TimeoutError):
            connection.sendall(request * 2000)
    assert sandbox.stats()


@pytest.mark.parametrize("target", ["CONNECT x:1", "OPTIONS *"])
def test_targets_without_a_path_are_not_found(sandbox: SandboxThread, target: str) -> None:
    answer = sandbox.send_raw(f"{target} HTTP/1.1\r\n".encode() + END)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_calls_of_boto3_share_a_connection(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    aws = sandbox.client()
    sandbox.add_function("fn")
    before = sandbox.stats()["connections_accepted"]
    for _ in range(5):
        aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    assert sandbox.stats()["connections_accepted"] == before + 2


def test_caches_keep_no_long_strings(sandbox: SandboxThread) -> None:
    def cached() -> int:
        # Without the cache of dates, which grows each second.
        caches = (
            principal._parse_credential,  # noqa: SLF001 - under test
            sts_sessions._find_session,  # noqa: SLF001 - under test
            invoke_settings._interned,  # noqa: SLF001 - under test
        )
        return sum(cache.cache_info().currsize for cache in caches)

    sandbox.add_function("fn")
    long = "A" * 20_000
    destination = b'{"DestinationConfig":{"OnFailure":{"Destination":"arn:%b"}}}' % long.encode()
    sandbox.send_raw(update_bytes("fn"))
    before = cached()
    assert sandbox.send_raw(update_bytes("fn", key=f"{ACCOUNT}{long}")).startswith(b"HTTP/1.1 403")
    token = f"X-Amz-Security-Token: {long}\r\nHost:".encode()
    answer = sandbox.send_raw(update_bytes("fn").replace(b"Host:", token))
    assert b"UnrecognizedClientException" in answer
    assert sandbox.send_raw(update_bytes("fn", destination)).startswith(b"HTTP/1.1 400")
    assert cached() == before


class FakeTransport(asyncio.Transport):
    """A transport that records its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.is_aborted = False
        self.reading_enabled = True

    def write(self, data: Any) -> None:
        self.sent += data

    def abort(self) -> None:
        self.is_aborted = True

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.is_aborted

    def pause_reading(self) -> None:
        self.reading_enabled = False

    def resume_reading(self) -> None:
        self.reading_enabled = True


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    new_loop = asyncio.new_event_loop()
    yield new_loop
    new_loop.close()


@pytest.mark.parametrize(
    ("data", "timeout_s"),
    [
        (b"", IDLE_TIMEOUT_S),
        (b"GET /", IDLE_TIMEOUT_S),
        (update_bytes("fn")[:-1], IDLE_TIMEOUT_S),
        (STATS + b"\r\n", IDLE_TIMEOUT_S),
        (b"rubbish\r\n\r\n", LINGER_S),
    ],
)
def test_an_idle_client_is_cut(
    loop: asyncio.AbstractEventLoop, data: bytes, timeout_s: float
) -> None:
    state, transport = SharedState(SandboxOptions(), 0.0), FakeTransport()
    connection = HttpConnection(RequestHandler(state), state, set(), loop)
    before = loop.time()
    connection.connection_made(transport)
    if data:
        connection.data_received(data)
    connection.expire(before + timeout_s - 0.1)
    assert not transport.is_closing()
    connection.expire(loop.time() + timeout_s + 0.1)
    assert transport.is_closing()
    connection.connection_lost(None)
    assert state.connections == 0


def test_a_client_that_waits_for_a_reply_is_not_cut(loop: asyncio.AbstractEventLoop) -> None:
    state, transport = (
        SharedState(SandboxOptions(faults=Faults(latency_s=1000)), 0.0),
        FakeTransport(),
    )
    connection = HttpConnection(RequestHandler(state), state, set(), loop)
    connection.connection_made(transport)
    connection.data_received(update_bytes("fn"))
    connection.expire(loop.time() + 999)
    assert not transport.is_closing()
    connection.connection_lost(None)


@pytest.fixture
def behind_a_hang(
    loop: asyncio.AbstractEventLoop,
) -> Iterator[tuple[HttpConnection, FakeTransport]]:
    """A connection whose first call is never answered."""
    options = SandboxOptions(any_function=True, verify_signatures=False, faults=Faults(hang=1.0))
    state, transport = SharedState(options, 0.0), FakeTransport()
    connection = HttpConnection(RequestHandler(state), state, set(), loop)
    connection.connection_made(transport)
    connection.data_received(update_bytes("fn", close=False))
    yield connection, transport
    connection.connection_lost(None)


def test_waiting_bodies_are_bounded(behind_a_hang: tuple[HttpConnection, FakeTransport]) -> None:
    connection, transport = behind_a_hang
    half = update_bytes("fn", b"x" * (WAITING_SIZE_LIMIT // 2), close=False)
    connection.data_received(half)
    assert transport.reading_enabled
    connection.data_received(half)
    assert not transport.reading_enabled


def test_the_bodies_of_all_connections_are_bounded(loop: asyncio.AbstractEventLoop) -> None:
    state = SharedState(SandboxOptions(any_function=True, verify_signatures=False), 0.0)
    state.bodies = BodyBudget(3000)
    made = []
    for _ in range(4):
        connection = HttpConnection(RequestHandler(state), state, set(), loop)
        connection.connection_made(FakeTransport())
        made.append(connection)
    part = update_bytes("fn", b"x" * 1500, close=False)[:-1]
    for connection in made[:3]:
        connection.data_received(part)
    sent = [connection._transport.sent for connection in made]  # type: ignore[attr-defined] # noqa: SLF001
    assert [answer[:12] for answer in sent] == [b"", b"", b"HTTP/1.1 503", b""]
    assert b"too many request bodies" in sent[2]
    assert state.bodies.held == 2 * 1499
    made[0].connection_lost(None)
    made[1].data_received(b"x")
    assert state.bodies.held == 0
    made[3].data_received(part)
    assert state.bodies.held == 1499
    for connection in made[1:]:
        connection.connection_lost(None)
    assert state.bodies.held == 0


def test_bodies_that_were_answered_are_not_held(sandbox: SandboxThread) -> None:
    sandbox.add_function("fn")
    for size in (10, 1024 * 1024, 1024 * 1024 + 1):
        sandbox.send_raw(update_bytes("fn", b"x" * size))
    sandbox.wait_for_stats(lambda stats: stats["connections"] == 1)
    assert sandbox.state.bodies.held == 0


def test_a_client_that_fills_the_queue_behind_a_hang_is_cut(
    loop: asyncio.AbstractEventLoop, behind_a_hang: tuple[HttpConnection, FakeTransport]
) -> None:
    connection, transport = behind_a_hang
    connection.data_received(update_bytes("fn", close=False) * (WAITING_LIMIT - 1))
    connection.expire(loop.time() + IDLE_TIMEOUT_S + 1)
    assert not transport.is_closing()
    connection.data_received(update_bytes("fn", close=False))
    connection.expire(loop.time() + IDLE_TIMEOUT_S + 1)
    assert transport.is_closing()
