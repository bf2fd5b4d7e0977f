"""The sandbox over HTTPS."""

import asyncio
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError, SSLError

from bulkeic.sandbox import Faults, Sandbox, SandboxOptions
from tests.certificate import write_certificate

from .sandbox_client import StartSandbox, update_bytes


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "sandbox.pem")


def test_it_serves_https(start_sandbox: StartSandbox, certificate: Path) -> None:
    sandbox = start_sandbox(tls_cert=str(certificate), any_function=True)
    aws = sandbox.client(verify=str(certificate))
    answer = aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    assert answer["MaximumRetryAttempts"] == 1
    with pytest.raises(SSLError):
        sandbox.client().list_functions()
    assert sandbox.send_raw(update_bytes("fn")) == b""


def test_cut_works_over_https(start_sandbox: StartSandbox, certificate: Path) -> None:
    sandbox = start_sandbox(
        tls_cert=str(certificate), tls_key=str(certificate), faults=Faults(cut_before=1.0)
    )
    with pytest.raises(ConnectionClosedError):
        sandbox.client(verify=str(certificate)).list_functions()


def test_it_closes_with_an_unfinished_handshake(certificate: Path) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(tls_cert=str(certificate))) as sandbox:
            idle = socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])))
            for _ in range(3):
                await asyncio.sleep(0)
        idle.close()

    asyncio.run(main())


def test_invalid_certificates_are_refused(tmp_path: Path) -> None:
    async def main(path: Path) -> None:
        await Sandbox(SandboxOptions(tls_cert=str(path))).__aenter__()

    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path in (empty, tmp_path / "gone.pem"):
        with pytest.raises(OSError, match=r"PEM|no start line|No such file"):
            asyncio.run(main(path))
    with pytest.raises(ValueError, match="tls_key"):
        SandboxOptions(tls_key=str(empty))
