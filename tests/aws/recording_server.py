"""A server that keeps what it is sent, down to the bytes, and answers what it is told to."""

import asyncio
from dataclasses import dataclass
from typing import Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# Set anew for each request, by anybody who signs.
EACH_TIME = {"authorization", "x-amz-date", "amz-sdk-invocation-id"}


@dataclass(frozen=True)
class Request:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        (value,) = [value for key, value in self.headers if key.lower() == name.lower()]
        return value

    @property
    def constant(self) -> dict[str, str]:
        return {name: value for name, value in self.headers if name.lower() not in EACH_TIME}

    @property
    def names(self) -> list[str]:
        return sorted(name for name, _ in self.headers)

    @property
    def signed_names(self) -> list[str]:
        return _part(self.header("Authorization"), "SignedHeaders").split(";")

    @property
    def scope(self) -> str:
        return _part(self.header("Authorization"), "Credential")

    @property
    def signature(self) -> str:
        return _part(self.header("Authorization"), "Signature")

    def signature_by(self, keys: Credentials) -> str:
        """The signature that botocore makes of what came over the wire."""
        _, _, region, service, _ = self.scope.split("/")
        whole = self.target.startswith("http://")  # as a proxy is told
        request = AWSRequest(
            self.method,
            self.target if whole else f"http://{self.header('Host')}{self.target}",
            {name: self.header(name) for name in self.signed_names},
            self.body,
        )
        request.context["timestamp"] = self.header("X-Amz-Date")
        auth = SigV4Auth(keys, service, region)
        to_sign = auth.string_to_sign(request, auth.canonical_request(request))
        signature: str = auth.signature(to_sign, request)
        return signature


@dataclass(frozen=True)
class Canned:
    """An answer, which may promise bytes that are ``missing``, or be ``silent`` altogether.

    Attributes:
        told: whether its length is.
        raw: all of it as it goes over the wire, after which the connection ends.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    missing: int = 0
    silent: bool = False
    told: bool = True
    raw: bytes = b""

    @property
    def is_last(self) -> bool:
        return self.silent or bool(self.missing) or bool(self.raw)

    def encoded(self) -> bytes:
        if self.raw:
            return self.raw
        length = (("Content-Length", str(len(self.body) + self.missing)),) if self.told else ()
        lines = "".join(f"{name}: {value}\r\n" for name, value in (*self.headers, *length))
        return f"HTTP/1.1 {self.status} Whatever\r\n{lines}\r\n".encode() + self.body


class Recorder:
    """Records requests on loopback, in order. An async context manager."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.answer = Canned()

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
                if not self.answer.silent:
                    writer.write(self.answer.encoded())
                if self.answer.is_last:
                    break
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value) for name, _, value in (line.partition(": ") for line in lines))
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Request(method, target, headers, await reader.readexactly(length))


def _part(authorization: str, name: str) -> str:
    return authorization.partition(f"{name}=")[2].partition(",")[0]
