"""A wrong clock on this machine is detected and corrected."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.aws.requests.clock_skew import TOLERATED_SKEW_S, clock_skew_s
from bulkeic.core.model import (
    Answer,
    Failure,
    Fault,
    Job,
    Lane,
    Settings,
    SourceLine,
    Success,
    Target,
)
from tests.aws.both_clients import make_update

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:{}:$LATEST"


class SkewedServer:
    """Rejects requests that were not signed within five minutes of its own clock."""

    def __init__(self, ahead_s: float) -> None:
        self.ahead_s = ahead_s
        self.calls = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            self.calls += 1
            function = head.split(b"/functions/")[1].split(b"/")[0].decode()
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            signed = re.search(rb"x-amz-date: (\w+)", head, re.IGNORECASE)
            assert length
            assert signed
            await reader.readexactly(int(length[1]))
            signed_at = datetime.strptime(signed[1].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            now = time.time() + self.ahead_s
            is_valid = abs(signed_at.timestamp() - now) < 300
            config = {
                "FunctionArn": FUNCTION.format(function), "LastModified": 1.0,
                "MaximumRetryAttempts": 1,
            }  # fmt: skip
            body = json.dumps(config) if is_valid else "{}"
            status = "200 OK" if is_valid else "403 Forbidden"
            date = format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)
            writer.write(
                f"HTTP/1.1 {status}\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n"
                f"x-amzn-ErrorType: InvalidSignatureException\r\n\r\n{body}".encode()
            )
            await writer.drain()


@asynccontextmanager
async def open_caller(server: SkewedServer) -> AsyncIterator[LambdaCaller]:
    connections: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await server.answer(reader, writer)
        writer.close()
        await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(asyncio.create_task(serve(reader, writer)))

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    access = Access(
        endpoint_url=f"http://127.0.0.1:{port}",
        credentials=lambda _: ("AKIA123456789012", "secret"),
        isolated=True,
    )
    async with listening, LambdaCaller(access, timeout_s=10, concurrency=8) as caller:
        yield caller
    await asyncio.gather(*connections)


def make_job(number: int) -> Job:
    return Job(
        number, SourceLine("s"), "f", Target(Lane("1" * 12, "us-east-1"), f"f{number}"), Settings(1)
    )


async def call_update(caller: LambdaCaller, number: int) -> Answer:
    return await caller.call(make_job(number), make_update(make_job(number)))


@pytest.mark.parametrize("ahead_s", [3600.0, -86_400.0, 301.0])
async def test_a_wrong_clock_is_corrected_after_the_first_responses(ahead_s: float) -> None:
    server = SkewedServer(ahead_s)
    async with open_caller(server) as caller:
        first = await asyncio.gather(*(call_update(caller, number) for number in range(4)))
        again = await asyncio.gather(*(call_update(caller, number) for number in range(4)))
    assert {each.fault for each in first if isinstance(each, Failure)} == {Fault.EXPIRED}
    assert all(isinstance(each, Success) for each in again)


async def test_a_signature_that_is_invalid_with_a_correct_clock_is_denied() -> None:
    class RejectingServer(SkewedServer):
        async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.ahead_s = 0.0
            head = await reader.readuntil(b"\r\n\r\n")
            date = format_datetime(datetime.now(UTC), usegmt=True)
            writer.write(
                f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\nContent-Length: 2\r\n"
                "x-amzn-ErrorType: InvalidSignatureException\r\n\r\n{}".encode()
            )
            await writer.drain()
            assert head

    async with open_caller(RejectingServer(0)) as caller:
        answer = await call_update(caller, 0)
    assert isinstance(answer, Failure)
    assert (answer.fault, answer.code) == (Fault.DENIED, "InvalidSignatureException")


@pytest.mark.parametrize("ahead_s", [2 * 86_400.0, -50 * 365 * 86_400.0])
async def test_a_date_that_is_off_by_more_than_a_day_is_not_believed(ahead_s: float) -> None:
    async with open_caller(SkewedServer(ahead_s)) as caller:
        answers = [await call_update(caller, 0) for _ in range(2)]

    codes = {(each.fault, each.code) for each in answers if isinstance(each, Failure)}
    assert codes == {(Fault.DENIED, "InvalidSignatureException")}


@pytest.mark.parametrize(
    ("code", "date", "expected"),
    [
        ("InvalidSignatureException", "Thu, 01 Jan 1970 01:00:00 GMT", 3600.0),
        ("SignatureDoesNotMatch", "Thu, 01 Jan 1970 00:04:00 GMT", None),
        ("AccessDeniedException", "Thu, 01 Jan 1970 01:00:00 GMT", None),
        ("RequestExpired", "Fri, 02 Jan 1970 00:00:00 GMT", 86_400.0),
        ("RequestExpired", "Sat, 03 Jan 1970 00:00:00 GMT", None),
        ("RequestExpired", "yesterday", None),
        ("RequestExpired", None, None),
    ],
)
def test_only_a_date_that_is_far_off_is_reported_as_clock_skew(
    code: str, date: str | None, expected: float | None
) -> None:
    headers = {} if date is None else {"date": date}
    assert clock_skew_s(code, headers, 0.0) == expected
    assert TOLERATED_SKEW_S < 300
