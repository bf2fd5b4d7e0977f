"""The endpoints that the SDK resolves, through a proxy and with a bundle of CA certificates."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.inventory.inventory_services import InventoryServices
from bulkeic.core.model import Lane
from tests.certificate import write_certificate

from .scripted_services import OWN, encoded, known_credentials, read_request

ANSWERS: dict[str, dict[str, Any]] = {
    "ListAccounts": {"Accounts": [{"Id": OWN.account_id, "State": "ACTIVE"}]},
    "ListRegions": {"Regions": [{"RegionName": "eu-west-1", "RegionOptStatus": "ENABLED"}]},
    "GetResources": {"ResourceTagMappingList": []},
    "SelectAggregateResourceConfig": {"Results": []},
}


class InterceptingProxy:
    """A proxy that answers in place of AWS, with a certificate for the hosts of a Region.

    Attributes:
        asked: the host and the Region of the signature of each request.
    """

    def __init__(self, certificate: Path) -> None:
        self.asked: list[tuple[str, str]] = []
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)
        self._tasks: set[asyncio.Task[None]] = set()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            host = head.decode().split(" ")[1].removesuffix(":443")
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.drain()
            await writer.start_tls(self._context)
            request = await read_request(reader)
            assert request is not None
            self.asked.append((host, request.region))
            writer.write(encoded(ANSWERS[request.operation]))
            await writer.drain()
        writer.close()

    async def end(self) -> None:
        await asyncio.gather(*self._tasks)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", {
            ("organizations.us-east-1.amazonaws.com", "us-east-1"),
            ("account.us-east-1.amazonaws.com", "us-east-1"),
            ("tagging.eu-west-1.amazonaws.com", "eu-west-1"),
            ("config.eu-west-1.amazonaws.com", "eu-west-1"),
        }),
        ("cn-north-1", {
            ("organizations.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
            ("account.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
            ("tagging.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("config.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        }),
        ("us-gov-east-1", {
            ("organizations.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("account.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
            ("tagging.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
            ("config.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
        }),
    ],
)  # fmt: skip
async def test_global_services_are_called_in_the_region_of_the_partition(
    region: str, expected: set[tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = [host for host, _ in expected]
    certificate = write_certificate(tmp_path / "certificate.pem", *hosts)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    proxy = InterceptingProxy(certificate)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    lane = Lane(OWN.account_id, region)
    async with (
        server,
        InventoryServices(Access(region=region), known_credentials, timeout_s=10) as services,
    ):
        (account,) = [each async for each in services.organization_accounts(lane)]
        assert account.is_active
        assert await services.enabled_regions(lane) == ["eu-west-1"]
        assert [each async for each in services.tagged_functions(lane, {})] == []
        assert [each async for each in services.config_functions(lane, aggregator="a")] == []
        await proxy.end()

    assert set(proxy.asked) == expected
