"""Answers of STS are bounded as Lambda's are, and belong to the role that was asked for."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import CredentialsError, RefreshingCredentials
from bulkeic.aws.identity.role_sessions import RoleSessions
from bulkeic.core.accounts import AccountAccess, Accounts, RoleSession
from bulkeic.core.errors import AccessError
from bulkeic.core.model import Failure, Fault, Lane
from tests.aws.scripted_server import Connection, Script, ScriptedServer

ROLE = AccountAccess(role_arn="arn:aws:iam::{account}:role/team/deploy")
ACCOUNT = "111111111111"
ANSWER = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA{account}</AccessKeyId>"
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>"
    "<Arn>arn:aws:sts::{account}:assumed-role/{role}/bulkeic</Arn></AssumedRoleUser>"
    "</AssumeRoleResult></AssumeRoleResponse>"
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


def assumed(account: str = ACCOUNT, role: str = "deploy") -> bytes:
    body = ANSWER.format(account=account, role=role).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def always(answer: bytes, repeat: bytes = b"", every_s: float = 0.0) -> Script:
    """Sends an answer to each request; repeats the end of it for ever."""

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.send(answer)
            while repeat:
                await connection.send(repeat)
                await asyncio.sleep(every_s)

    return script


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


@asynccontextmanager
async def open_credentials(
    script: Script, timeout_s: float = 10.0
) -> AsyncIterator[tuple[RefreshingCredentials, ScriptedServer]]:
    async with ScriptedServer(script).listen() as server, AsyncExitStack() as stack:
        sessions = RoleSessions(
            Access(endpoint_url=server.url),
            Accounts((), ROLE),
            RoleSession(),
            timeout_s=timeout_s,
            exit_stack=stack,
        )
        yield sessions.credentials(Lane(ACCOUNT, "us-east-1")), server


async def failure_of(script: Script, timeout_s: float = 10.0) -> Failure:
    async with open_credentials(script, timeout_s) as (credentials, _):
        with pytest.raises(CredentialsError) as raised:
            await credentials.keys()
    return raised.value.failure


async def test_the_keys_of_the_role_are_used() -> None:
    async with open_credentials(always(assumed())) as (credentials, server):
        assert (await credentials.keys()).access_key == f"ASIA{ACCOUNT}"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer", [assumed("222222222222"), assumed(role="other"), assumed(role="team/deploy")]
)
async def test_the_keys_of_another_role_are_never_used(answer: bytes) -> None:
    failure = await failure_of(always(answer))
    assert (failure.fault, failure.code, failure.sent) == (Fault.SERVER, "AnswerMismatch", False)


async def test_bytes_after_an_answer_of_sts_are_not_the_next_one() -> None:
    async with open_credentials(always(assumed() + assumed("222222222222"))) as (keys, server):
        credentials = await keys.keys()
        keys.reject(credentials)
        with pytest.raises(CredentialsError):  # the same keys again
            await keys.keys()
        assert credentials.access_key == f"ASIA{ACCOUNT}"
        assert server.connections == 2


@pytest.mark.parametrize(
    ("answer", "repeat"),
    [
        (HEAD + b"\r\n", b"x" * 1_000_000),
        (HEAD, b"X-Odd: y\r\n" * 1000),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    ],
    ids=["body", "headers", "informational answers"],
)
async def test_an_answer_of_sts_has_limits(answer: bytes, repeat: bytes) -> None:
    failure = await failure_of(always(answer, repeat))
    assert failure.fault in {Fault.CONNECTION, Fault.SERVER}


@pytest.mark.parametrize("call", ["AssumeRole", "GetCallerIdentity"])
async def test_the_timeout_covers_the_whole_exchange_with_sts(call: str) -> None:
    dripping = always(HEAD + b"Content-Length: 100000\r\n\r\n", b"x", every_s=0.02)
    begun = time.monotonic()
    if call == "AssumeRole":
        assert (await failure_of(dripping, timeout_s=0.3)).fault is Fault.TIMEOUT
    else:
        async with ScriptedServer(dripping).listen() as server:
            with pytest.raises(AccessError):
                await Access(endpoint_url=server.url).caller_account_id("us-east-1", 0.3)
    assert time.monotonic() - begun < 30
