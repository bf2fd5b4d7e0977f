"""A loopback server that answers the inventory services' operations by a script."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import RefreshingCredentials
from bulkeic.aws.inventory.inventory_services import InventoryServices
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.model import Lane

OWN = Lane("123456789012", "eu-west-1")


@dataclass(frozen=True)
class Refusal:
    """An error response.

    Attributes:
        headers: further ones, such as ``Date``.
    """

    code: str
    message: str = ""
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceRequest:
    """A request as it was received."""

    operation: str
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def key(self) -> str:
        """The access key id that signed it."""
        return self._scope[0]

    @property
    def region(self) -> str:
        """The Region that it is signed for."""
        return self._scope[2]

    @property
    def service(self) -> str:
        """The service that it is signed for."""
        return self._scope[3]

    @property
    def _scope(self) -> list[str]:
        return self.headers["authorization"].partition("Credential=")[2].split("/")


Answer = dict[str, Any] | bytes | Refusal | None
"""A result, a raw body, an error, or none: the connection is closed."""
Script = Sequence[Answer] | Callable[[ServiceRequest], Answer]


class ScriptedServices:
    """Answers each operation by its script; the last answer of a list is repeated.

    Attributes:
        requests: in order.
        most_open: connections that were open at once.
    """

    def __init__(self, scripts: dict[str, Script]) -> None:
        self._scripts = scripts
        self._open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.most_open = 0
        self.requests: list[ServiceRequest] = []
        self.url = ""

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of an operation's requests."""
        return [each.body for each in self.requests if each.operation == operation]

    @asynccontextmanager
    async def listen(self) -> AsyncIterator["ScriptedServices"]:
        """Serves as long as a ``with`` block lives."""

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        self.most_open = max(self.most_open, self._open)
        try:
            while (request := await read_request(reader)) is not None:
                self.requests.append(request)
                answer = self._answer(request)
                if answer is None:
                    break
                writer.write(encoded(answer))
                await writer.drain()
        except OSError:
            pass
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, request: ServiceRequest) -> Answer:
        script = self._scripts[request.operation]
        if callable(script):
            return script(request)
        number = len(self.asked(request.operation))
        return script[min(number, len(script)) - 1]


async def read_request(reader: asyncio.StreamReader) -> ServiceRequest | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    path = first.split(" ")[1]
    name = headers.get("x-amz-target", path).rpartition("/" if path != "/" else ".")[2]
    operation = re.sub("^list", "List", name)
    return ServiceRequest(operation, json.loads(body or b"{}"), headers)


def encoded(answer: dict[str, Any] | bytes | Refusal) -> bytes:
    """The bytes of a response."""
    status, headers = 200, {"Content-Type": "application/x-amz-json-1.1"}
    if isinstance(answer, Refusal):
        status = answer.status
        headers |= answer.headers | {"x-amzn-errortype": answer.code}
        answer = {"__type": answer.code, "message": answer.message}
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class OpenServices:
    """What a test calls, and what it sees.

    Attributes:
        waits: seconds before each retry.
    """

    services: InventoryServices
    server: ScriptedServices
    waits: list[float]


def keys_of(lane: Lane) -> AccessKeys:
    return AccessKeys(access_key=f"AKIA{lane.account_id}", secret_key=f"secret-{lane.account_id}")


def known_credentials(lane: Lane) -> RefreshingCredentials:
    async def fetch() -> AccessKeys:
        return keys_of(lane)

    return RefreshingCredentials(fetch)


@asynccontextmanager
async def open_services(
    scripts: dict[str, Script],
    *,
    credentials_of: Callable[[Lane], RefreshingCredentials] = known_credentials,
    timeout_s: float = 10.0,
) -> AsyncIterator[OpenServices]:
    """The services, which wait before a retry no longer than others need to run."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    async with (
        ScriptedServices(scripts).listen() as server,
        InventoryServices(
            Access(endpoint_url=server.url, region=OWN.region),
            credentials_of,
            timeout_s=timeout_s,
            sleep=sleep,
        ) as services,
    ):
        yield OpenServices(services, server, waits)
