"""The transport over TLS, on both event loops: session tickets are no answer."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
import uvloop

from bulkeic.aws.connection_pool import HttpRoute
from bulkeic.aws.transport import make_transport
from tests.certificate import write_certificate

from .scripted_server import OK, STALE, Connection, Script, ScriptedServer, get


async def connections_of(script: Script, certificate: Path) -> int:
    """Makes four calls; returns how many connections they took."""
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(certificate)
    trusted = ssl.create_default_context(cafile=certificate)
    async with (
        ScriptedServer(script).listen(served) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusted)) as session,
    ):
        transport = make_transport(server.url, HttpRoute(session, None, {}), 10)
        for _ in range(4):
            assert await get(transport) == b"ok"
        return server.connections


async def spoil(connection: Connection) -> None:
    await connection.serve(OK + STALE)


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize(("script", "connections"), [(Connection.serve, 1), (spoil, 4)])
def test_a_connection_is_used_again_unless_it_is_in_doubt(
    tmp_path: Path,
    loop: Callable[[], asyncio.AbstractEventLoop],
    script: Script,
    connections: int,
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    with asyncio.Runner(loop_factory=loop) as runner:
        assert runner.run(connections_of(script, certificate)) == connections
