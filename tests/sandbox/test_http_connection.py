"""Clients that are good, bad and slow."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bulkeic.sandbox import Faults, SandboxOptions
from bulkeic.sandbox.auth import principal, sts_sessions
from bulkeic.sandbox.server.http_connection import (
    HEAD_LIMIT,
    LINGER_S,
    PATIENCE_S,
    WAITING_LIMIT,
    WAITING_SIZE_LIMIT,
    HttpConnection,
)
from bulkeic.sandbox.server.request_handler import RequestHandler
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state import invoke_settings

from .sandbox_client import ACCOUNT, Running, update_bytes

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
def test_what_is_refused(sandbox: Running, data: bytes, status: bytes) -> None:
    answer = sandbox.talk(data)
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
def test_what_is_not_refused(sandbox: Running, data: bytes) -> None:
    answer = sandbox.talk(data)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == data.count(b" /_sandbox/") or b"http:" in data


def test_a_refusal_comes_after_the_answers_before_it(start: Callable[..., Running]) -> None:
    running = start(faults=Faults(latency_s=0.01))
    running.hold("fn")
    answer = running.talk(update_bytes("fn", close=False) + b"rubbish\r\n\r\n")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


def test_a_body_of_a_mebibyte_is_read(sandbox: Running) -> None:
    sandbox.hold("fn")
    body = b'{"MaximumRetryAttempts":0' + b" " * (1024 * 1024 - 26) + b"}"
    assert sandbox.talk(update_bytes("fn", body)).startswith(b"HTTP/1.1 200")


def test_a_request_in_single_bytes(sandbox: Running) -> None:
    sandbox.hold("fn")
    with sandbox.connect() as connection:
        for byte in update_bytes("fn"):
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_head_request_gets_no_body(sandbox: Running) -> None:
    head, _, body = sandbox.talk(b"HEAD /x HTTP/1.1\r\n" + END).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404")
    assert body == b""


def test_a_client_that_waits_to_send_its_body(sandbox: Running) -> None:
    sandbox.hold("fn")
    head, _, body = update_bytes("fn").partition(b"\r\n\r\n")
    with sandbox.connect() as connection:
        connection.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_client_that_reads_nothing_is_not_answered_without_end(sandbox: Running) -> None:
    with sandbox.connect() as connection:
        connection.settimeout(0.2)
        request = (STATS + b"\r\n") * 1000
        with pytest.raises(TimeoutError):
            connection.sendall(request * 2000)
    assert sandbox.stats()


@pytest.mark.parametrize("target", ["CONNECT x:1", "OPTIONS *"])
def test_targets_without_a_path(sandbox: Running, target: str) -> None:
    answer = sandbox.talk(f"{target} HTTP/1.1\r\n".encode() + END)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert answer.count(b"HTTP/1.1") == 1


def test_calls_of_boto3_share_a_connection(start: Callable[..., Running]) -> None:
    running = start()
    aws = running.client()
    running.hold("fn")
    before = running.stats()["connections_accepted"]
    for _ in range(5):
        aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    assert running.stats()["connections_accepted"] == before + 2


def test_nothing_long_stays_in_memory(sandbox: Running) -> None:
    def kept() -> int:
        # Dates are apart: each second is another one.
        caches = (principal._read, sts_sessions._find, invoke_settings._shared)  # noqa: SLF001 - what is tried
        return sum(cache.cache_info().currsize for cache in caches)

    sandbox.hold("fn")
    long = "A" * 20_000
    destination = b'{"DestinationConfig":{"OnFailure":{"Destination":"arn:%b"}}}' % long.encode()
    sandbox.talk(update_bytes("fn"))
    before = kept()
    assert sandbox.talk(update_bytes("fn", key=f"{ACCOUNT}{long}")).startswith(b"HTTP/1.1 403")
    token = f"X-Amz-Security-Token: {long}\r\nHost:".encode()
    answer = sandbox.talk(update_bytes("fn").replace(b"Host:", token))
    assert b"UnrecognizedClientException" in answer
    assert sandbox.talk(update_bytes("fn", destination)).startswith(b"HTTP/1.1 400")
    assert kept() == before


class Wire(asyncio.Transport):
    """A transport that only notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.gone = False
        self.reads = True

    def write(self, data: Any) -> None:
        self.sent += data

    def abort(self) -> None:
        self.gone = True

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.gone

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("data", "patience"),
    [
        (b"", PATIENCE_S),
        (b"GET /", PATIENCE_S),
        (update_bytes("fn")[:-1], PATIENCE_S),
        (STATS + b"\r\n", PATIENCE_S),
        (b"rubbish\r\n\r\n", LINGER_S),
    ],
)
def test_who_keeps_us_waiting_is_cut(
    loop: asyncio.AbstractEventLoop, data: bytes, patience: float
) -> None:
    world, wire = SharedState(SandboxOptions(), 0.0), Wire()
    connection = HttpConnection(RequestHandler(world), world, set(), loop)
    before = loop.time()
    connection.connection_made(wire)
    if data:
        connection.data_received(data)
    connection.expire(before + patience - 0.1)
    assert not wire.is_closing()
    connection.expire(loop.time() + patience + 0.1)
    assert wire.is_closing()
    connection.connection_lost(None)
    assert world.connections == 0


def test_who_waits_for_us_is_not(loop: asyncio.AbstractEventLoop) -> None:
    world, wire = SharedState(SandboxOptions(faults=Faults(latency_s=1000)), 0.0), Wire()
    connection = HttpConnection(RequestHandler(world), world, set(), loop)
    connection.connection_made(wire)
    connection.data_received(update_bytes("fn"))
    connection.expire(loop.time() + 999)
    assert not wire.is_closing()
    connection.connection_lost(None)


@pytest.fixture
def behind_a_hang(loop: asyncio.AbstractEventLoop) -> Iterator[tuple[HttpConnection, Wire]]:
    """A connection whose first call is never answered."""
    options = SandboxOptions(any_function=True, verify_signatures=False, faults=Faults(hang=1.0))
    world, wire = SharedState(options, 0.0), Wire()
    connection = HttpConnection(RequestHandler(world), world, set(), loop)
    connection.connection_made(wire)
    connection.data_received(update_bytes("fn", close=False))
    yield connection, wire
    connection.connection_lost(None)


def test_bodies_that_wait_are_bounded(behind_a_hang: tuple[HttpConnection, Wire]) -> None:
    connection, wire = behind_a_hang
    half = update_bytes("fn", b"x" * (WAITING_SIZE_LIMIT // 2), close=False)
    connection.data_received(half)
    assert wire.reads
    connection.data_received(half)
    assert not wire.reads


def test_who_sends_on_behind_a_call_that_hangs_is_cut(
    loop: asyncio.AbstractEventLoop, behind_a_hang: tuple[HttpConnection, Wire]
) -> None:
    connection, wire = behind_a_hang
    connection.data_received(update_bytes("fn", close=False) * (WAITING_LIMIT - 1))
    connection.expire(loop.time() + PATIENCE_S + 1)
    assert not wire.is_closing()
    connection.data_received(update_bytes("fn", close=False))
    connection.expire(loop.time() + PATIENCE_S + 1)
    assert wire.is_closing()
