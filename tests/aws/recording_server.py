"""A server that records requests byte by byte and sends canned responses."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# Every signer sets these again for each request.
PER_REQUEST_HEADERS = {"authorization", "x-amz-date", "amz-sdk-invocation-id"}


@dataclass(frozen=True)
class RecordedRequest:
    """A request as it was received."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        (value,) = [value for key, value in self.headers if key.lower() == name.lower()]
        return value

    @property
    def constant_headers(self) -> dict[str, str]:
        return {
            name: value for name, value in self.headers if name.lower() not in PER_REQUEST_HEADERS
        }

    @property
    def header_names(self) -> list[str]:
        return sorted(name for name, _ in self.headers)

    @property
    def signed_names(self) -> list[str]:
        return _field(self.header("Authorization"), "SignedHeaders").split(";")

    @property
    def scope(self) -> str:
        return _field(self.header("Authorization"), "Credential")

    @property
    def signature(self) -> str:
        return _field(self.header("Authorization"), "Signature")

    def signature_by(self, keys: Credentials) -> str:
        """Returns the signature that botocore computes for this request."""
        _, _, region, service, _ = self.scope.split("/")
        is_absolute = self.target.startswith("http://")  # as sent to a proxy
        request = AWSRequest(
            self.method,
            self.target if is_absolute else f"http://{self.header('Host')}{self.target}",
            {name: self.header(name) for name in self.signed_names},
            self.body,
        )
        request.context["timestamp"] = self.header("X-Amz-Date")
        auth = SigV4Auth(keys, service, region)
        to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        signature: str = auth.signature(to_sign, request)
        return signature


@dataclass(frozen=True)
class CannedResponse:
    """A response to send.

    Attributes:
        missing: how many bytes of the announced length are not sent.
        silent: whether nothing is sent.
        has_length: whether ``Content-Length`` is sent.
        raw: the whole response; the connection is closed after it.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    missing: int = 0
    silent: bool = False
    has_length: bool = True
    raw: bytes = b""

    @property
    def closes_connection(self) -> bool:
        return self.silent or bool(self.missing) or bool(self.raw)

    def encoded(self) -> bytes:
        if self.raw:
            return self.raw
        length = (
            (("Content-Length", str(len(self.body) + self.missing)),) if self.has_length else ()
        )
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*self.headers, *length))
        return f"HTTP/1.1 {self.status} Whatever\r\n{lines}\r\n".encode() + self.body


class RecordingServer:
    """Records requests on 127.0.0.1, in order. An async context manager.

    Attributes:
        response: to every request, unless ``answer`` is set.
        answer: returns the response to a request.
    """

    answer: Callable[[RecordedRequest], CannedResponse] | None = None

    def __init__(self) -> None:
        self.requests: list[RecordedRequest] = []
        self.connections = 0
        self.response = CannedResponse()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                response = self.answer(request) if self.answer else self.response
                if not response.silent:
                    writer.write(response.encoded())
                if response.closes_connection:
                    break
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> RecordedRequest | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return RecordedRequest(method, target, headers, await reader.readexactly(length))


def _field(authorization: str, name: str) -> str:
    return authorization.partition(f"{name}=")[2].partition(",")[0]
