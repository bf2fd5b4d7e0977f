"""Malformed responses of STS, and credentials that are rejected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.identity.role_sessions import RoleSessions
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.accounts import AccountAccess, Accounts, RoleSession
from bulkeic.core.model import Failure, Fault, Lane

TIMED_OUT = Failure(Fault.TIMEOUT, "ReadTimeoutError", "no answer")
PARTIAL = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>"
    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
)
ROLE = AccountAccess(role_arn="arn:aws:iam::{account}:role/r")


@asynccontextmanager
async def open_credentials(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RefreshingCredentials]:
    """Opens the credentials of an account whose STS always sends this response."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        await writer.drain()
        writer.close()

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, AsyncExitStack() as stack:
        role_sessions = RoleSessions(
            Access(endpoint_url=url),
            Accounts((), ROLE),
            RoleSession(),
            timeout_s=10,
            exit_stack=stack,
        )
        yield role_sessions.credentials(Lane("123456789012", "us-east-1"))


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>log in</body></html>",
        "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>",
        PARTIAL,
        "no XML",
        "",
    ],
)
async def test_a_malformed_response_of_sts_is_a_server_failure(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_credentials(body, monkeypatch) as account_credentials:
        with pytest.raises(CredentialsError) as raised:
            await account_credentials.keys()
    assert raised.value.failure.fault is Fault.SERVER
    assert not raised.value.failure.sent


async def test_the_rejected_keys_with_a_later_expiry_are_not_newer_keys() -> None:
    times = iter([1000.0, 2000.0, 3000.0])

    async def fetch() -> AccessKeys:
        return AccessKeys(access_key="a", secret_key="s", expires_at=next(times))

    account_credentials = RefreshingCredentials(fetch, clock=lambda: 0.0)
    account_credentials.reject(await account_credentials.keys())
    with pytest.raises(CredentialsError) as raised:
        await account_credentials.keys()
    assert raised.value.failure.fault is Fault.EXPIRED


async def test_a_failed_refresh_does_not_restore_rejected_keys() -> None:
    fetching = asyncio.Event()
    resume = asyncio.Event()
    now = 0.0

    async def fetch() -> AccessKeys:
        if fetching.is_set():
            return AccessKeys(access_key="b", secret_key="s", expires_at=9000.0)
        if now:
            fetching.set()
            await resume.wait()
            raise CredentialsError(TIMED_OUT)
        return AccessKeys(access_key="a", secret_key="s", expires_at=900.0)

    account_credentials = RefreshingCredentials(fetch, clock=lambda: now)
    first = await account_credentials.keys()
    now = 800.0
    refresh = asyncio.create_task(account_credentials.keys())
    await fetching.wait()
    account_credentials.reject(first)
    resume.set()
    with pytest.raises(CredentialsError):
        await refresh
    assert account_credentials.cached() is None
    now = 801.0
    assert (await account_credentials.keys()).access_key == "b"
