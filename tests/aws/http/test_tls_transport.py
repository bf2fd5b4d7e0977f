"""The transport over TLS, on both event loops: session tickets are no answer."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from bulkeic.aws.http.origin_connection import OriginConnection
from tests.aws.scripted_server import (
    OK,
    STALE,
    Connection,
    Kind,
    Script,
    ScriptedServer,
    direct,
    get,
    over_aiohttp,
)
from tests.certificate import write_certificate


async def connections_of(script: Script, certificate: Path, kind: Kind) -> int:
    """Makes four calls; returns how many connections they took."""
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=certificate)
    async with (
        ScriptedServer(script).listen(served) as server,
        kind(server.url, tls=trusted) as transport,
    ):
        for _ in range(4):
            assert await get(transport) == b"ok"
        return server.connections


async def spoil(connection: Connection) -> None:
    await connection.serve(OK + STALE)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize(
    ("kind", "script", "connections"),
    [(direct, Connection.serve, 1), (direct, spoil, 4), (over_aiohttp, spoil, 4)],
    ids=["direct", "direct, spoiled", "aiohttp, spoiled"],
)
def test_a_connection_is_used_again_unless_it_is_in_doubt(
    tmp_path: Path,
    loop: Callable[[], asyncio.AbstractEventLoop],
    script: Script,
    connections: int,
    kind: Kind,
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(connections_of(script, certificate, kind)) == connections


class _Swallowing(OriginConnection):
    """Receives messages of TLS itself."""

    def data_received(self, data: bytes) -> None:
        pass


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_connection_is_quiet_once_tls_has_read_its_own_messages(
    loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def play() -> None:
        here, there = socket.socketpair()
        with there:
            running = asyncio.get_running_loop()
            _, connection = await running.create_connection(lambda: _Swallowing(running), sock=here)
            there.send(b"a session ticket")
            assert not connection.is_quiet()
            assert await connection.settle()
            connection.close()
            await connection.lost

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(play())
