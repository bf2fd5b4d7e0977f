"""A connection in doubt is never used: an answer belongs to the request before it."""

import asyncio
import ssl
from contextlib import suppress

import pytest

from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.transport import HttpRoute, make_transport
from bulkeic.aws.http.transport_errors import InvalidAnswerError, NoAnswerError
from tests.aws.scripted_server import (
    KINDS,
    OK,
    STALE,
    Connection,
    Kind,
    ScriptedServer,
    get,
    open_transport,
)

both = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
IDLE_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SURPLUS = {
    "a second answer": STALE,
    "half an answer": STALE[:20],
    "a 408": IDLE_TIMEOUT,
    "one byte": b"H",
    "no HTTP": b"garbage\r\n\r\n",
    "an informational answer": b"HTTP/1.1 102 Processing\r\n\r\n",
    "many bytes": STALE * 10_000,
}


async def test_a_connection_is_used_again_after_one_whole_answer() -> None:
    async with open_transport(Connection.serve) as (transport, server):
        assert [await get(transport) for _ in range(5)] == [b"ok"] * 5
        assert server.connections == 1


@both
@pytest.mark.parametrize("surplus", SURPLUS.values(), ids=SURPLUS)
async def test_bytes_that_come_with_an_answer_are_not_the_next_one(
    kind: Kind, surplus: bytes
) -> None:
    async def script(connection: Connection) -> None:
        await connection.serve(OK + surplus)

    async with open_transport(script, kind=kind) as (transport, server):
        for number in range(3):
            # Bytes that are not HTTP may spoil the answer that they follow, too.
            with suppress(InvalidAnswerError):
                assert await get(transport) == b"ok"
            assert server.connections == number + 1


@both
@pytest.mark.parametrize("surplus", SURPLUS.values(), ids=SURPLUS)
async def test_bytes_that_come_on_an_idle_connection_are_not_the_next_answer(
    kind: Kind,
    surplus: bytes,
) -> None:
    is_idle, is_sent = asyncio.Event(), asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(OK)
        if connection.number == 0:
            await is_idle.wait()
            await connection.send(surplus)
            is_sent.set()
        await connection.serve(STALE if connection.number == 0 else OK)

    async with open_transport(script, kind=kind) as (transport, server):
        assert await get(transport) == b"ok"
        is_idle.set()
        await is_sent.wait()
        assert await get(transport) == b"ok"
        assert server.connections == 2


@both
async def test_bytes_that_the_process_has_not_read_yet_are_not_the_next_answer(kind: Kind) -> None:
    """The kernel has them; nothing of this process ran since they came."""
    writers: list[asyncio.StreamWriter] = []

    async def script(connection: Connection) -> None:
        writers.append(connection._writer)  # noqa: SLF001 - to write without a turn of the loop
        await connection.serve()

    async with open_transport(script, kind=kind) as (transport, server):
        assert await get(transport) == b"ok"
        writers[0].get_extra_info("socket")._sock.send(STALE)  # noqa: SLF001 - sent at once
        assert await get(transport) == b"ok"
        assert server.connections == 2


async def test_a_connection_that_the_server_closed_is_not_used() -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(OK)

    async with open_transport(script) as (transport, server):
        assert [await get(transport) for _ in range(3)] == [b"ok"] * 3
        assert server.connections == 3


async def test_a_server_that_answers_before_it_is_asked_gets_no_request() -> None:
    requests: list[bytes] = []
    is_sent = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.send(STALE)
        is_sent.set()
        requests.append(await connection.request())

    class Timing:
        async def before_send(self) -> None:
            await is_sent.wait()

        def response_received(self) -> None:
            raise AssertionError("there is no answer")

    async with open_transport(script) as (transport, _):
        with pytest.raises(NoAnswerError):
            await transport.exchange("GET", "/", "Host: h\r\n", b"", timing=Timing())
    assert requests == []


async def test_a_connection_whose_answer_is_not_trusted_is_not_used_again() -> None:
    async with open_transport(Connection.serve) as (transport, server):
        assert await get(transport, lambda _: False) == b"ok"
        assert await get(transport, lambda response: response.body == b"ok") == b"ok"
        assert await get(transport) == b"ok"
        assert server.connections == 2


@both
async def test_a_connection_that_was_cancelled_or_timed_out_is_not_used_again(kind: Kind) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        if connection.number:
            await connection.send(OK)
        await connection.serve()

    async with open_transport(script, timeout_s=0.2, kind=kind) as (transport, server):
        with pytest.raises(TimeoutError):
            await get(transport)
        assert await get(transport) == b"ok"
        assert server.connections == 2


async def test_origins_that_share_a_limit_do_not_block_each_other() -> None:
    pools = OriginPools(1, ssl.create_default_context)
    first, second = ScriptedServer(Connection.serve), ScriptedServer(Connection.serve)
    async with first.listen(), second.listen():
        transports = [
            make_transport(server.url, HttpRoute(pools), 10.0) for server in (first, second)
        ]
        for number in range(3):
            for transport in transports:
                assert await get(transport) == b"ok"
            assert first.connections == second.connections == number + 1
        answers = await asyncio.gather(*[get(each) for each in transports * 10])
        assert answers == [b"ok"] * 20
        await pools.close()
