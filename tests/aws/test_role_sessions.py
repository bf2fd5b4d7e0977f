"""What STS may answer, and what becomes of the jobs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bulkeic.aws.access import Access
from bulkeic.aws.credentials import AccessKeys, CredentialsError, RefreshingCredentials
from bulkeic.aws.role_sessions import RoleSessions
from bulkeic.core.accounts import AccountAccess, Accounts, RoleSession
from bulkeic.core.model import Failure, Fault, Lane

TROUBLE = Failure(Fault.TIMEOUT, "ReadTimeoutError", "no answer")
HALF = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>a</AccessKeyId>"
    "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
)
ROLE = AccountAccess(role_arn="arn:aws:iam::{account}:role/r")


@asynccontextmanager
async def credentials(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RefreshingCredentials]:
    """The credentials of an account whose STS gives this answer, whatever it is asked."""

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
    async with server, AsyncExitStack() as parts:
        keyring = RoleSessions(
            Access(endpoint_url=url),
            Accounts((), ROLE),
            RoleSession(),
            timeout_s=10,
            open_parts=parts,
        )
        yield keyring.credentials(Lane("123456789012", "us-east-1"))


@pytest.mark.parametrize(
    "body",
    [
        "<html><body>log in</body></html>",
        "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>",
        HALF,
        "no XML",
        "",
    ],
)
async def test_an_answer_that_makes_no_sense_is_a_failure_that_may_pass(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with credentials(body, monkeypatch) as of_account:
        with pytest.raises(CredentialsError) as raised:
            await of_account.keys()
    assert raised.value.failure.fault is Fault.SERVER
    assert not raised.value.failure.sent


async def test_the_same_keys_with_another_expiry_are_no_newer_ones() -> None:
    times = iter([1000.0, 2000.0, 3000.0])

    async def fetch() -> AccessKeys:
        return AccessKeys(access_key="a", secret_key="s", expires_at=next(times))

    of_account = RefreshingCredentials(fetch, wall=lambda: 0.0)
    of_account.reject(await of_account.keys())
    with pytest.raises(CredentialsError) as raised:
        await of_account.keys()
    assert raised.value.failure.fault is Fault.EXPIRED


async def test_a_failed_renewal_brings_no_rejected_keys_back() -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()
    moment = 0.0

    async def fetch() -> AccessKeys:
        if asked.is_set():
            return AccessKeys(access_key="b", secret_key="s", expires_at=9000.0)
        if moment:
            asked.set()
            await go_on.wait()
            raise CredentialsError(TROUBLE)
        return AccessKeys(access_key="a", secret_key="s", expires_at=900.0)

    of_account = RefreshingCredentials(fetch, wall=lambda: moment)
    first = await of_account.keys()
    moment = 800.0
    renewal = asyncio.create_task(of_account.keys())
    await asked.wait()
    of_account.reject(first)
    go_on.set()
    with pytest.raises(CredentialsError):
        await renewal
    assert of_account.fresh() is None
    assert (await of_account.keys()).access_key == "b"
