"""Connections are made to the addresses that DNS has now, with TLS as it was configured."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from bulkeic.aws.answers.transport_failures import translate_transport_error
from bulkeic.aws.http.connector import Connector
from bulkeic.aws.http.tls_context import make_tls_context
from bulkeic.aws.http.transport_errors import ConnectError, TlsError, UntrustedCertificateError
from bulkeic.core.model import Fault
from tests.aws.scripted_server import OK, Connection, ScriptedServer, direct, get
from tests.certificate import write_certificate

LOOPS = pytest.mark.parametrize(
    "loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
Loop = Callable[[], asyncio.AbstractEventLoop]


def addresses(*hosts: str, port: int) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]


class ResolvingLoop(asyncio.SelectorEventLoop):
    """Knows the addresses of every name."""

    answers: list[list[Any] | OSError]

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer


def run_resolving(work: Any) -> None:
    with asyncio.Runner(loop_factory=ResolvingLoop) as runner:
        runner.run(work)


def no_tls() -> ssl.SSLContext:
    raise AssertionError("http needs no TLS")


@asynccontextmanager
async def accepting(host: str, port: int = 0) -> AsyncIterator[int]:
    """A server that accepts and says nothing; its port."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def connected_host(connector: Connector) -> str:
    connection = await connector.connect()
    assert connection._transport is not None  # noqa: SLF001
    host: str = connection._transport.get_extra_info("peername")[0]  # noqa: SLF001
    sock = connection._transport.get_extra_info("socket")  # noqa: SLF001
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    connection.close()
    await connection.lost
    return host


def test_another_address_is_tried_after_a_dead_one() -> None:
    """The first refuses, and the second never answers: its queue of connections is full."""

    async def connect() -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.3", 0))
            port = full.getsockname()[1]
            full.listen(0)
            waiting = [socket.socket() for _ in range(3)]
            for each in waiting:
                each.setblocking(False)  # noqa: FBT003
                each.connect_ex(("127.0.0.3", port))
            async with accepting("127.0.0.4", port):
                hosts = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
                loop = asyncio.get_running_loop()
                loop.answers = [addresses(*hosts, port=port)]  # type: ignore[attr-defined]
                assert await connected_host(Connector(f"http://many:{port}", no_tls)) == "127.0.0.4"
            for each in waiting:
                each.close()

    run_resolving(connect())


def test_dns_is_asked_for_each_connection() -> None:
    async def connect() -> None:
        async with accepting("127.0.0.2") as port, accepting("127.0.0.3", port):
            loop = asyncio.get_running_loop()
            loop.answers = [  # type: ignore[attr-defined]
                addresses("127.0.0.2", port=port), addresses("127.0.0.3", port=port),
            ]  # fmt: skip
            connector = Connector(f"http://moved:{port}", no_tls)
            hosts = [await connected_host(connector) for _ in range(2)]
            assert hosts == ["127.0.0.2", "127.0.0.3"]

    run_resolving(connect())


def test_connections_that_are_made_at_once_share_a_lookup() -> None:
    async def connect() -> None:
        async with accepting("127.0.0.2") as port:
            loop = asyncio.get_running_loop()
            loop.answers = [addresses("127.0.0.2", port=port)]  # type: ignore[attr-defined]
            connector = Connector(f"http://many:{port}", no_tls)
            cancelled, *others = [asyncio.create_task(connector.connect()) for _ in range(4)]
            await asyncio.sleep(0)
            cancelled.cancel()
            for connection in await asyncio.gather(*others):
                connection.close()
                await connection.lost

    run_resolving(connect())


@pytest.mark.parametrize(
    "answer",
    [
        socket.gaierror(-2, "Name or service not known"),
        [],
        addresses("127.0.0.1", port=1),
        addresses("127.0.0.1", "127.0.0.2", port=1),
    ],
    ids=["unknown", "without addresses", "refused", "refused by all"],
)
def test_a_host_that_cannot_be_reached_is_named(answer: Any) -> None:
    async def connect() -> None:
        loop = asyncio.get_running_loop()
        loop.answers = [answer]  # type: ignore[attr-defined]
        with pytest.raises(ConnectError, match="Cannot connect to gone:1: ") as raised:
            await Connector("http://gone:1", no_tls).connect()
        failure = translate_transport_error(raised.value)
        assert (failure.fault, failure.code) == (Fault.CONNECTION, "EndpointConnectionError")

    run_resolving(connect())


@pytest.mark.parametrize("is_there", [True, False])
def test_ca_certificates_that_cannot_be_read_are_named_as_the_cause(
    tmp_path: Path, *, is_there: bool
) -> None:
    bundle = tmp_path / "ca.pem"
    if is_there:
        bundle.touch()
    connector = Connector("https://127.0.0.1:1", lambda: make_tls_context(str(bundle)))

    with pytest.raises(UntrustedCertificateError, match="the CA certificates cannot") as raised:
        asyncio.run(connector.connect())

    failure = translate_transport_error(raised.value)
    assert (failure.fault, failure.sent) == (Fault.UNTRUSTED, False)
    assert "AWS_CA_BUNDLE" in failure.message


async def connect_over_tls(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> bytes:
    async with ScriptedServer(Connection.serve).listen(server) as scripted:
        url = scripted.url.replace("127.0.0.1", host)
        async with direct(url, tls=client) as transport:
            return await get(transport)


def served(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


@LOOPS
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_certificate_must_be_trusted_and_belong_to_the_host(
    tmp_path: Path, loop: Loop, host: str, *, is_trusted: bool
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    client = ssl.create_default_context(cafile=certificate if is_trusted else None)
    with asyncio.Runner(loop_factory=loop) as runner:
        answer = connect_over_tls(served(certificate), client, host)
        if is_trusted and host == "127.0.0.1":  # the certificate's only name
            assert runner.run(answer) == b"ok"
            return
        with pytest.raises(UntrustedCertificateError, match="CERTIFICATE_VERIFY_FAILED") as raised:
            runner.run(answer)
        failure = translate_transport_error(raised.value)
        assert (failure.fault, failure.code, failure.sent) == (Fault.UNTRUSTED, "SSLError", False)


@LOOPS
@pytest.mark.parametrize("has_certificate", [True, False])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_may_ask_for_a_certificate(
    tmp_path: Path, loop: Loop, version: ssl.TLSVersion, *, has_certificate: bool
) -> None:
    certificate = write_certificate(tmp_path / "certificate.pem")
    server = served(certificate)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(certificate)
    server.maximum_version = version
    client = ssl.create_default_context(cafile=certificate)
    if has_certificate:
        client.load_cert_chain(certificate)
    with asyncio.Runner(loop_factory=loop) as runner:
        answer = connect_over_tls(server, client, "127.0.0.1")
        if has_certificate:
            assert runner.run(answer) == b"ok"
        else:
            with pytest.raises(Exception) as raised:  # noqa: PT011 - its fault is checked
                runner.run(answer)
            failure = translate_transport_error(raised.value)
            assert failure.fault is Fault.CONNECTION


@LOOPS
def test_a_server_that_does_not_speak_tls_is_an_error(loop: Loop) -> None:
    async def plain(connection: Connection) -> None:
        await connection.send(OK * 10)

    async def connect() -> None:
        async with ScriptedServer(plain).listen() as server:
            url = server.url.replace("http", "https")
            async with direct(url, tls=ssl.create_default_context()) as transport:
                with pytest.raises(TlsError):
                    await get(transport)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(connect())
