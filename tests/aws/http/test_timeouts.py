"""A timeout says whether the request may have been sent: only then is its outcome in doubt."""

import asyncio
import ssl

import pytest

from bulkeic.aws.answers.transport_failures import translate_transport_error
from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.transport import HttpRoute, make_transport
from bulkeic.core.pacing.retry import is_ambiguous
from tests.aws.scripted_server import (
    KINDS,
    OK,
    Connection,
    Kind,
    ScriptedServer,
    get,
    open_transport,
)

both = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
SHORT_S = 0.1


def may_be_sent(error: TimeoutError) -> bool:
    return is_ambiguous(translate_transport_error(error))


@both
async def test_after_the_request_was_written_it_may_be_carried_out(kind: Kind) -> None:
    async def answer_once(connection: Connection) -> None:
        await connection.request()
        if connection.number == 0:
            await connection.send(OK)
            await connection.request()
        await asyncio.Event().wait()

    async with open_transport(answer_once, SHORT_S, kind) as (transport, _):
        assert await get(transport) == b"ok"
        for _ in range(2):  # on the connection that was kept, and on a new one
            with pytest.raises(TimeoutError) as raised:
                await get(transport)
            assert may_be_sent(raised.value)


@both
async def test_in_the_tls_handshake_nothing_was_sent(kind: Kind) -> None:
    async def never(_: Connection) -> None:
        await asyncio.Event().wait()

    async with ScriptedServer(never).listen() as server:
        url = server.url.replace("http", "https")
        async with kind(url, SHORT_S, tls=ssl.create_default_context()) as transport:
            with pytest.raises(TimeoutError) as raised:
                await get(transport)
    assert not may_be_sent(raised.value)


async def test_a_timeout_is_of_its_own_exchange_and_not_of_an_idle_connection() -> None:
    async with open_transport(Connection.serve, SHORT_S) as (transport, server):
        for _ in range(2):
            assert await get(transport) == b"ok"  # the second one on the first one's connection
        await asyncio.sleep(2 * SHORT_S)
        assert await get(transport) == b"ok"
        assert server.connections == 1


async def test_while_a_call_waits_for_a_place_nothing_was_sent() -> None:
    requests: list[bytes] = []

    async def never(connection: Connection) -> None:
        requests.append(await connection.request())
        await asyncio.Event().wait()

    async with ScriptedServer(never).listen() as server:
        pools = OriginPools(1, ssl.create_default_context)
        patient = make_transport(server.url, HttpRoute(pools), 10.0)
        hasty = make_transport(server.url, HttpRoute(pools), SHORT_S)
        first = asyncio.create_task(get(patient))
        await asyncio.sleep(0)  # it takes the only place
        with pytest.raises(TimeoutError) as raised:
            await get(hasty)
        first.cancel()
        await pools.close()
    assert not may_be_sent(raised.value)
    assert len(requests) == 1
