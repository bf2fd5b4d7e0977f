"""Calls of STS are signed with the server's time if this machine's clock is wrong."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.role_sessions import RoleSessions
from bulkeic.core.accounts import AccountAccess, Accounts, RoleSession
from bulkeic.core.errors import AccessError
from bulkeic.core.model import Lane

ACCOUNT = "123456789012"
ROLE = AccountAccess(role_arn="arn:aws:iam::{account}:role/r")
TOO_OLD = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
    "<Message>Signature expired</Message></Error></ErrorResponse>"
)


class SkewedSts:
    """Refuses requests that were not signed within five minutes of its own clock.

    Args:
        ahead_s: by how many seconds its clock is ahead of this machine's.
    """

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s
        self.refused = self.accepted = 0
        self.connections: list[asyncio.Task[Any]] = []

    def _answer(self, action: bytes, body: bytes) -> str:
        expires = datetime.fromtimestamp(time.time() + self.ahead_s + 3600, UTC)
        if action == b"GetCallerIdentity":
            return (
                "<GetCallerIdentityResponse><GetCallerIdentityResult>"
                f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/u</Arn></GetCallerIdentityResult>"
                "</GetCallerIdentityResponse>"
            )
        role = parse_qs(body.decode())["RoleArn"][0]
        account = role.split(":")[4]
        return (
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>"
            "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration>"
            "</Credentials><AssumedRoleUser>"
            f"<Arn>arn:aws:sts::{account}:assumed-role/r/bulkeic</Arn></AssumedRoleUser>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.connections.append(task)
        with suppress(asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                signed = re.search(rb"x-amz-date: (\w+)", head, re.IGNORECASE)
                assert length
                assert signed
                body = await reader.readexactly(int(length[1]))
                action = re.search(rb"Action=(\w+)", body)
                assert action
                at = datetime.strptime(signed[1].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                now = time.time() + self.ahead_s
                is_valid = abs(at.timestamp() - now) < 300
                self.accepted += is_valid
                self.refused += not is_valid
                text = self._answer(action[1], body) if is_valid else TOO_OLD
                status = "200 OK" if is_valid else "403 Forbidden"
                date = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
                writer.write(
                    f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Type: text/xml\r\n"
                    f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
                )
                await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def open_access(sts: SkewedSts, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Access]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    server = await asyncio.start_server(sts.serve, "127.0.0.1", 0)
    async with server:
        yield Access(endpoint_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await asyncio.gather(*sts.connections)


@pytest.mark.parametrize("ahead_s", [3600.0, -7200.0, 0.0])
async def test_roles_are_assumed_with_the_time_of_sts(
    ahead_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = SkewedSts(ahead_s)
    async with open_access(sts, monkeypatch) as access, AsyncExitStack() as stack:
        sessions = RoleSessions(
            access, Accounts((), ROLE), RoleSession(), timeout_s=10, exit_stack=stack
        )
        lanes = [Lane(f"{number:012}", "us-east-1") for number in range(1, 5)]
        found = await asyncio.gather(*(sessions.credentials(lane).keys() for lane in lanes))
        refused = sts.refused
        last = await sessions.credentials(Lane("9" * 12, "us-east-1")).keys()

    assert sts.accepted == 5
    assert refused == sts.refused <= 4
    assert (refused > 0) == bool(ahead_s)
    for keys in (*found, last):
        assert keys.expires_at == pytest.approx(time.time() + 3600, abs=60)


async def test_the_callers_account_is_found_with_the_time_of_sts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sts = SkewedSts(3600.0)
    async with open_access(sts, monkeypatch) as access:
        assert await access.caller_account_id("us-east-1", 10) == ACCOUNT
    assert (sts.refused, sts.accepted) == (1, 1)


@pytest.mark.parametrize("ahead_s", [90_000.0, -40 * 86_400.0])
async def test_a_date_that_is_off_by_more_than_a_day_is_not_believed(
    ahead_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts = SkewedSts(ahead_s)
    async with open_access(sts, monkeypatch) as access:
        with pytest.raises(AccessError, match="SignatureDoesNotMatch"):
            await access.caller_account_id("us-east-1", 10)
    assert sts.accepted == 0
