"""A sandbox in its own thread, boto3 clients of it, and signed raw requests."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from bulkeic.sandbox import Sandbox, SandboxOptions
from bulkeic.sandbox.shared_state import SharedState

ACCOUNT = "123456789012"
REGION = "us-east-1"


class AwsErrorResponse:
    """The error response of a call: code, status, headers, decoded body."""

    def __init__(self, error: ClientError, body: bytes) -> None:
        self.code = error.response["Error"]["Code"]
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        self.headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        self.body: dict[str, str] = json.loads(body)
        self.message = self.body.get("message", self.body.get("Message"))


class SandboxThread:
    """A sandbox in a thread, from entry to exit."""

    def __init__(self, session: Any, options: SandboxOptions) -> None:
        self._session = session
        self._sandbox = Sandbox(options)
        self._clients = ExitStack()
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        self.port = int(self._sandbox.url.rsplit(":", 1)[1])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clients.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with self._sandbox:
            self._started.set()
            await self._stop.wait()

    def role(
        self, name: str = "deployer", account: str = ACCOUNT, **parameters: Any
    ) -> dict[str, str]:
        """Assume a role, and return its credentials as arguments of `client`."""
        answer = self.client(service="sts").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/{name}", RoleSessionName="tests", **parameters
        )["Credentials"]
        return {
            "key": answer["AccessKeyId"],
            "secret": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
        }

    def add_function(
        self, name: str, qualifier: str = "$LATEST", *, account: str = ACCOUNT
    ) -> None:
        function = {"account_id": account, "region": REGION, "function_name": name}
        assert self.admin("POST", "hold", [function | {"qualifier": qualifier}])[0] == 200

    def client(
        self,
        account: str = ACCOUNT,
        region: str = REGION,
        service: str = "lambda",
        *,
        key: str | None = None,
        secret: str | None = None,
        token: str | None = None,
        verify: str | None = None,
        **config: Any,
    ) -> Any:
        default_key, default_secret = self._sandbox.credentials(account)
        client = self._session.create_client(
            service,
            region_name=region,
            endpoint_url=self._sandbox.url,
            aws_access_key_id=key or default_key,
            aws_secret_access_key=secret or default_secret,
            aws_session_token=token,
            verify=verify,
            config=Config(retries={"total_max_attempts": 1}, proxies={}, **config),
        )
        self._clients.callback(client.close)
        return client

    @property
    def state(self) -> SharedState:
        return self._sandbox._state  # noqa: SLF001 - under test

    def populate(self, functions: int, **more: Any) -> None:
        self._sandbox.populate(functions, **more)

    def admin(self, method: str, name: str, data: Any = None) -> tuple[int, Any]:
        body = None if data is None else json.dumps(data)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"/_sandbox/{name}", body)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def stats(self) -> Any:
        return self.admin("GET", "stats")[1]

    def wait_for_stats(self, condition: Callable[[Any], bool]) -> Any:
        """Poll the stats until a condition holds, and return them."""
        for _ in range(2000):
            if condition(stats := self.stats()):
                return stats
        raise AssertionError(self.stats())

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def update(self, name: str, body: Any) -> tuple[int, Any, Any]:
        """Send an Update with any body; return status, headers and decoded response."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head, _, answer = self.send_raw(update_bytes(name, data)).partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {key.lower(): value for key, _, value in (x.partition(": ") for x in lines[1:])}
        return int(lines[0].split()[1]), headers, json.loads(answer)

    def send_raw(self, data: bytes) -> bytes:
        """Send bytes on a new connection; return all bytes until it closes."""
        with self.connect() as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))


StartSandbox = Callable[..., SandboxThread]
"""Starts a sandbox with the given fields of SandboxOptions."""


def expect_error(call: Callable[..., Any], **arguments: Any) -> AwsErrorResponse:
    """Make a boto3 call that must fail, and return its error response."""
    bodies: list[bytes] = []

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        bodies.append(response_dict["body"])

    events = call.__self__.meta.events  # type: ignore[attr-defined]
    events.register("before-parse", keep)
    try:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
    finally:
        events.unregister("before-parse", keep)
    return AwsErrorResponse(caught.value, bodies[-1])


def update_bytes(
    name: str,
    body: bytes = b'{"MaximumRetryAttempts":1}',
    *,
    account: str = ACCOUNT,
    region: str = REGION,
    close: bool = True,
    key: str = "",
) -> bytes:
    """Return the bytes of an Update, signed by botocore."""
    path = f"/2019-09-25/functions/{name}/event-invoke-config"
    credentials = Credentials(key or f"AKIA{account}", "secret")
    headers = signed("POST", path, body, credentials, region=region)
    headers["Connection"] = "close" if close else "keep-alive"
    headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def signed(
    method: str,
    target: str,
    body: bytes,
    credentials: Credentials,
    *,
    region: str = REGION,
    service: str = "lambda",
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a request, signed by botocore."""
    request = AWSRequest(method, f"http://localhost{target}", headers or {}, body)
    SigV4Auth(credentials, service, region).add_auth(request)
    return {"Host": "localhost", **dict(request.headers.items())}
