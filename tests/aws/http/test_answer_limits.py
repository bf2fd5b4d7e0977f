"""Answers of any size and form cost bounded memory, and are read or refused as what they are."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest

from bulkeic.aws.answers.transport_failures import TRANSPORT_ERRORS, translate_transport_error
from bulkeic.aws.http.answer_body import (
    BODIES,
    MAX_BODIES_BYTES,
    MAX_BODY_BYTES,
    AnswerTooLargeError,
    ContentEncodingError,
)
from bulkeic.aws.http.answer_parser import MAX_INFORMATIONAL
from bulkeic.aws.http.transport_errors import NoAnswerError
from tests.aws.scripted_server import KINDS, OK, Connection, Kind, direct, get, open_transport

both = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
HEAD = b"HTTP/1.1 200 OK\r\n"
BIG = b"x" * 1_000_000
MOST_MEMORY = 40_000_000


def body(content: bytes, *headers: bytes) -> bytes:
    lines = b"".join(header + b"\r\n" for header in headers)
    return HEAD + lines + b"Content-Length: %d\r\n\r\n" % len(content) + content


async def refusal(kind: Kind, answer: bytes, *, repeat: bytes = b"") -> Exception:
    """What the transport raises for an answer, whose end is repeated without end."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer)
        while repeat:
            await connection.send(repeat)
        await asyncio.Event().wait()

    async with open_transport(script, kind=kind) as (transport, _):
        tracemalloc.start()
        try:
            with pytest.raises(TRANSPORT_ERRORS) as raised:
                await get(transport)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < MOST_MEMORY
    error = raised.value
    assert isinstance(error, Exception)
    return error


@both
@pytest.mark.parametrize(
    ("answer", "repeat"),
    [
        (HEAD + b"\r\n", BIG),
        (HEAD + b"Content-Length: 100000000000\r\n\r\n", BIG),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"f4240\r\n" + BIG + b"\r\n"),
    ],
    ids=["no length", "a length", "chunked"],
)
async def test_a_body_has_a_limit(kind: Kind, answer: bytes, repeat: bytes) -> None:
    error = await refusal(kind, answer, repeat=repeat)
    assert isinstance(error, AnswerTooLargeError)
    failure = translate_transport_error(error)
    assert (failure.fault, failure.code, failure.sent) == ("server", "AnswerTooLarge", True)


@both
async def test_a_body_of_the_limit_is_read(kind: Kind) -> None:
    async def script(connection: Connection) -> None:
        await connection.serve(body(b"x" * MAX_BODY_BYTES))

    async with open_transport(script, kind=kind) as (transport, _):
        assert len(await get(transport)) == MAX_BODY_BYTES


@both
@pytest.mark.parametrize(
    ("answer", "repeat"),
    [
        (HEAD, b"X-Odd: " + b"y" * 1000 + b"\r\n"),
        (HEAD + b"X-Odd: ", b"y" * 1_000_000),
        (HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(100)) + b"\r\n", b""),
        (b"HTTP/1.1 200 ", b"y" * 1_000_000),
    ],
    ids=["many", "one", "together", "the status line"],
)
async def test_headers_have_a_limit(kind: Kind, answer: bytes, repeat: bytes) -> None:
    await refusal(kind, answer, repeat=repeat)


@pytest.mark.parametrize("code", [100, 102, 103])
async def test_informational_answers_have_a_limit(code: int) -> None:
    one = b"HTTP/1.1 %d Odd\r\n\r\n" % code

    async def script(connection: Connection) -> None:
        await connection.serve(one * MAX_INFORMATIONAL + OK)

    async with open_transport(script) as (transport, _):
        assert await get(transport) == b"ok"
    assert isinstance(await refusal(direct, one, repeat=one * 1000), AnswerTooLargeError)


@both
async def test_bytes_on_an_idle_connection_cost_bounded_memory(kind: Kind) -> None:
    sent = asyncio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(OK)
        for count in range(1000):
            if count == 1 or connection.number:
                sent.set()
            await connection.send(OK * 20_000)

    async with open_transport(script, kind=kind) as (transport, _):
        tracemalloc.start()
        try:
            assert await get(transport) == b"ok"
            await sent.wait()
            for _ in range(1000):
                await asyncio.sleep(0)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < MOST_MEMORY


@both
@pytest.mark.parametrize("is_cut", [False, True])
async def test_large_answers_one_after_the_other_are_read(kind: Kind, *, is_cut: bool) -> None:
    """Together they have more bytes than all that may be read at once."""
    answer = body(b"x" * MAX_BODY_BYTES)
    count = MAX_BODIES_BYTES // MAX_BODY_BYTES + 1

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer[:-1] if is_cut else answer)

    async with open_transport(script, kind=kind) as (transport, _):
        for _ in range(count):
            if is_cut:
                with pytest.raises(NoAnswerError):
                    await get(transport)
            else:
                assert len(await get(transport)) == MAX_BODY_BYTES
    assert BODIES._bytes == 0  # noqa: SLF001 - what is not released is missed only much later


@both
async def test_a_redirect_is_not_followed(kind: Kind) -> None:
    async def script(connection: Connection) -> None:
        await connection.serve(b"HTTP/1.1 302 F\r\nLocation: /\r\nContent-Length: 4\r\n\r\nmove")

    async with open_transport(script, kind=kind) as (transport, server):
        assert await get(transport) == b"move"
        assert server.connections == 1


@both
@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        (b"gzip", gzip.compress(b"a body", mtime=0)),
        (b"GZIP", gzip.compress(b"a body", mtime=0)),
        (b"deflate", zlib.compress(b"a body")),
        (b"identity", b"a body"),
    ],
    ids=["gzip", "GZIP", "deflate", "identity"],
)
async def test_a_compressed_answer_is_decompressed(
    kind: Kind, encoding: bytes, content: bytes
) -> None:
    async def script(connection: Connection) -> None:
        await connection.serve(body(content, b"Content-Encoding: " + encoding))

    async with open_transport(script, kind=kind) as (transport, _):
        assert [await get(transport) for _ in range(2)] == [b"a body"] * 2


@both
@pytest.mark.parametrize(
    ("encoding", "content", "refused"),
    [
        (b"br", b"x", ContentEncodingError),
        (b"gzip, gzip", b"x", ContentEncodingError),
        (b"gzip", b"no gzip", ContentEncodingError),
        (b"gzip", gzip.compress(b"a body", mtime=0)[:-9], ContentEncodingError),
        (b"gzip", gzip.compress(b"a body", mtime=0) + b"more", ContentEncodingError),
        (b"gzip", gzip.compress(bytes(100_000_000), mtime=0), AnswerTooLargeError),
    ],
    ids=["unknown", "two", "no gzip", "cut", "surplus", "a bomb"],
)
async def test_a_compressed_answer_that_cannot_be_read_is_refused_as_such(
    kind: Kind, encoding: bytes, content: bytes, refused: type[Exception]
) -> None:
    error = await refusal(kind, body(content, b"Content-Encoding: " + encoding))
    assert type(error) is refused


@both
async def test_an_answer_that_drips_is_bounded_by_the_timeout(kind: Kind) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(HEAD + b"Content-Length: 1000000\r\n\r\n")
        while True:
            await connection.send(b"x")
            await asyncio.sleep(0.01)

    async with open_transport(script, timeout_s=0.3, kind=kind) as (transport, _):
        with pytest.raises(TimeoutError):
            await get(transport)
