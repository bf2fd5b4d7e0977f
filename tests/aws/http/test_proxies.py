"""Why no connection through a proxy was made: the same errors as without one."""

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from bulkeic.aws.answers.transport_failures import TRANSPORT_ERRORS, translate_transport_error
from bulkeic.aws.http.aiohttp_transport import AiohttpTransport, new_session
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import is_ambiguous
from tests.aws.scripted_server import Connection, Script, ScriptedServer, get
from tests.certificate import write_certificate

PASSWORD = "hunter2-of-the-proxy"


def relay_to(port: int) -> Script:
    """The script of a proxy, which connects every client to one port."""

    async def relay(connection: Connection) -> None:
        await connection.request()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")

        async def answer() -> None:
            while data := await reader.read(65536):
                await connection.send(data)

        try:
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(answer())
                while data := await connection.received():
                    writer.write(data)
        finally:
            writer.transport.abort()

    return relay


async def failure_by(proxy: str, origin: str) -> Failure:
    """The failure of a call through a proxy."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), force_close=True)
    async with new_session(connector) as session:

        async def open_session() -> aiohttp.ClientSession:
            return session

        with pytest.raises(TRANSPORT_ERRORS) as raised:
            await get(AiohttpTransport(origin, open_session, 5.0, proxy))
    error = raised.value
    assert isinstance(error, Exception)
    return translate_transport_error(error)


async def test_an_untrusted_certificate_is_one_behind_a_proxy_too(tmp_path: Path) -> None:
    served = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    served.load_cert_chain(write_certificate(tmp_path / "certificate.pem"))
    async with ScriptedServer(Connection.serve).listen(served) as origin:
        port = int(origin.url.rpartition(":")[2])
        async with ScriptedServer(relay_to(port)).listen() as proxy:
            failure = await failure_by(proxy.url, origin.url)
    assert (failure.fault, failure.code, failure.sent) == (Fault.UNTRUSTED, "SSLError", False)
    assert failure.message.startswith(f"Cannot connect to 127.0.0.1:{port}: SSLCertVerification")


@pytest.mark.parametrize("origin", ["https://lambda.example", "http://lambda.example"])
async def test_a_proxy_that_is_down_gets_nothing(origin: str) -> None:
    failure = await failure_by(f"http://user:{PASSWORD}@127.0.0.1:1", origin)
    assert (failure.fault, failure.code) == (Fault.CONNECTION, "ProxyConnectionError")
    assert not is_ambiguous(failure)
    assert failure.message.startswith("Cannot connect to 127.0.0.1:1: ")
    assert " object at " not in failure.message
    assert PASSWORD not in failure.message


async def test_a_proxy_that_refuses_to_connect_passes_nothing_on() -> None:
    async def refuse(connection: Connection) -> None:
        await connection.serve(b"HTTP/1.1 407 Why\r\nContent-Length: 0\r\n\r\n")

    async with ScriptedServer(refuse).listen() as proxy:
        failure = await failure_by(proxy.url, "https://lambda.example")
    assert (failure.code, failure.message) == ("ProxyConnectionError", "HTTP 407 of the proxy")
    assert not is_ambiguous(failure)


async def test_a_proxy_that_cuts_the_connection_may_have_passed_the_call_on() -> None:
    async def cut(connection: Connection) -> None:
        await connection.request()

    async with ScriptedServer(cut).listen() as proxy:
        failure = await failure_by(proxy.url, "http://lambda.example")
    assert (failure.code, is_ambiguous(failure)) == ("ConnectionClosedError", True)
