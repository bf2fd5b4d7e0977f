"""Every odd answer, whole and split at every byte: its fate and its connection's are the same."""

from collections.abc import Iterator

import pytest

from bulkeic.aws.http.answer_body import MAX_BODY_BYTES
from bulkeic.aws.http.answer_headers import AnswerHeaders
from bulkeic.aws.http.answer_parser import MAX_HEADER_BYTES, MAX_INFORMATIONAL, AnswerParser

from .fed_connection import Fate, FedConnections, fed_connections

HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 2\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n"
OK = HEAD + LENGTH + b"\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# What comes of them: an answer on a connection that is used again.
USED_AGAIN = {
    "a length": OK,
    "a length of zero": HEAD + b"Content-Length: 0\r\n\r\n",
    "spaces around the length": HEAD + b"Content-Length: \t 2 \r\n\r\nok",
    "a length in capitals": HEAD + b"CONTENT-LENGTH:2\r\n\r\nok",
    "no reason": b"HTTP/1.1 200\r\n" + LENGTH + b"\r\nok",
    "an empty reason": b"HTTP/1.1 200 \r\n" + LENGTH + b"\r\nok",
    "a reason that is not ASCII": b"HTTP/1.1 200 \xc3\xa9\r\n" + LENGTH + b"\r\nok",
    "an unknown status": b"HTTP/1.1 999 Odd\r\n" + LENGTH + b"\r\nok",
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "204 with a length": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    "100": CONTINUE + OK,
    "100 with a length": b"HTTP/1.1 100 Continue\r\nContent-Length: 7\r\n\r\n" + OK,
    "as many informational answers as allowed": CONTINUE * MAX_INFORMATIONAL + OK,
    "chunked": CHUNKED + CHUNKS,
    "chunked, in capitals": HEAD + b"TRANSFER-ENCODING:CHUNKED\r\n\r\n" + CHUNKS,
    "chunk extensions": CHUNKED + b"2;name=value;other\r\nok\r\n0;last\r\n\r\n",
    "leading zeros": CHUNKED + b"0002\r\nok\r\n000\r\n\r\n",
    "trailers": CHUNKED + b"2\r\nok\r\n0\r\nX-One: 1\r\nContent-Encoding: gzip\r\n\r\n",
    "a body of line breaks": HEAD + b"Content-Length: 4\r\n\r\n\r\n\r\n",
    "a body like an answer": HEAD + b"Content-Length: %d\r\n\r\n" % len(OK) + OK,
    "HTTP/1.0, kept alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + LENGTH + b"\r\nok",
    "an upgrade that is not made": HEAD
    + b"Upgrade: h2c\r\nConnection: upgrade\r\n"
    + LENGTH
    + b"\r\nok",
}
# An answer on a connection that is closed.
CLOSED = {
    "Connection: close": HEAD + b"Connection: close\r\n" + LENGTH + b"\r\nok",
    "CLOSE in a list": HEAD + b"Connection: foo, CLOSE\r\n" + LENGTH + b"\r\nok",
    "close and keep-alive": HEAD
    + b"Connection: close\r\nConnection: keep-alive\r\n"
    + LENGTH
    + b"\r\nok",
    "close, chunked": HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\nok",
    "a second answer": OK + OK,
    "half a second answer": OK + OK[:20],
    "an answer with neither length nor body behind it": OK + HEAD + b"\r\n",
    "one byte too many": OK + b"x",
    "an empty line behind it": OK + b"\r\n",
    "a line feed behind it": OK + b"\n",
    "an informational answer behind it": OK + CONTINUE,
    "a body with 204": b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nstale",
    "chunks with 204": b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a byte behind chunks": CHUNKED + CHUNKS + b"x",
    "an empty line behind chunks": CHUNKED + CHUNKS + b"\r\n",
    "two empty lines behind chunks": CHUNKED + CHUNKS + b"\r\n\r\n",
    "an answer behind chunks": CHUNKED + CHUNKS + OK,
    "an answer without a body behind chunks": CHUNKED + CHUNKS + HEAD + b"\r\n",
    "a line feed behind trailers": CHUNKED + b"0\r\nX: 1\r\n\r\n\n",
    "no length, Connection: close": b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n",
}
# No answer, and the connection is closed.
INVALID = {
    "two equal lengths": HEAD + LENGTH + LENGTH + b"\r\nok",
    "two lengths": HEAD + LENGTH + b"Content-Length: 3\r\n\r\nok",
    "two lengths in a line": HEAD + b"Content-Length: 2, 2\r\n\r\nok",
    "an empty length": HEAD + b"Content-Length: \r\n\r\nok",
    "a signed length": HEAD + b"Content-Length: +2\r\n\r\nok",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\nok",
    "a hexadecimal length": HEAD + b"Content-Length: 0x2\r\n\r\nok",
    "a length of 30 digits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\nok",
    "a length, chunked": HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "chunked, a length": HEAD + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + CHUNKS,
    "a length, identity": HEAD + LENGTH + b"Transfer-Encoding: identity\r\n\r\nok",
    "an unknown coding": HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + CHUNKS,
    "gzip, chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + CHUNKS,
    "chunked, gzip": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n" + CHUNKS,
    "chunked twice": HEAD + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + CHUNKS,
    "chunked twice, in lines": HEAD + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + CHUNKS,
    "xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + CHUNKS,
    "HTTP/1.0, chunked": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
    "a space before the colon": HEAD + b"Content-Length : 2\r\n\r\nok",
    "a folded header": HEAD + b"X-Odd: a\r\n b\r\n" + LENGTH + b"\r\nok",
    "a folded status line": HEAD + b" X-Odd: a\r\n" + LENGTH + b"\r\nok",
    "a header without a colon": HEAD + b"X-Odd\r\n" + LENGTH + b"\r\nok",
    "a header without a name": HEAD + b": odd\r\n" + LENGTH + b"\r\nok",
    "a header with an odd name": HEAD + b"X(Odd): a\r\n" + LENGTH + b"\r\nok",
    "a carriage return in a header": HEAD + b"X-Odd: a\rb\r\n" + LENGTH + b"\r\nok",
    "a NUL in a header": HEAD + b"X-Odd: a\0b\r\n" + LENGTH + b"\r\nok",
    "a NUL in the reason": b"HTTP/1.1 200 O\0K\r\n" + LENGTH + b"\r\nok",
    "line feeds alone": OK.replace(b"\r\n", b"\n"),
    "a line feed alone": HEAD + b"X-Odd: a\n" + LENGTH + b"\r\nok",
    "an empty line before it": b"\r\n" + OK,
    "a space before it": b" " + OK,
    "HTTP/0.9": OK.replace(b"1.1", b"0.9", 1),
    "HTTP/1.2": OK.replace(b"1.1", b"1.2", 1),
    "HTTP/2.0": OK.replace(b"1.1", b"2.0", 1),
    "HTTP/1.10": OK.replace(b"1.1", b"1.10", 1),
    "http/1.1": OK.replace(b"HTTP", b"http", 1),
    "RTSP/1.0": OK.replace(b"HTTP/1.1", b"RTSP/1.0", 1),
    "a status of two digits": OK.replace(b"200", b"20", 1),
    "a status of four digits": OK.replace(b"200", b"2000", 1),
    "a status below 100": OK.replace(b"200", b"099", 1),
    "a status of letters": OK.replace(b"200", b"abc", 1),
    "two spaces before the status": OK.replace(b" 200", b"  200", 1),
    "a change of protocol": b"HTTP/1.1 101 Yes\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + OK,
    "101": b"HTTP/1.1 101 Yes\r\n\r\n" + OK,
    "a request": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "TLS": b"\x15\x03\x03\x00\x02\x02\x28",
    "a page": b"<html>Sign in</html>\r\n\r\n",
    "a chunk size of letters": CHUNKED + b"x\r\nok\r\n0\r\n\r\n",
    "a chunk size with a prefix": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "a signed chunk size": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n",
    "a space behind the chunk size": CHUNKED + b"2 \r\nok\r\n0\r\n\r\n",
    "a chunk size of 30 digits": CHUNKED + b"f" * 30 + b"\r\nok\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    "a chunk without its line break": CHUNKED + b"2\r\nok0\r\n\r\n",
    "chunks with line feeds": CHUNKED + CHUNKS.replace(b"\r\n", b"\n"),
    "an invalid trailer": CHUNKED + b"2\r\nok\r\n0\r\nX-Odd\r\n\r\n",
    "an invalid informational answer": b"HTTP/1.1 100 Continue\r\nX-Odd\r\n\r\n" + OK,
}
# An answer that the end of its connection ends, and nothing else.
UNTIL_END = {
    "no length": (HEAD + b"\r\nuntil the end", 200, b"until the end"),
    "no length, no body": (HEAD + b"\r\n", 200, b""),
    "no length, HTTP/1.0": (b"HTTP/1.0 500 Odd\r\n\r\nuntil\r\n\r\n", 500, b"until\r\n\r\n"),
    "no headers behind 100": (CONTINUE + HEAD + b"\r\nok", 200, b"ok"),
}
CUT = {
    "nothing": b"",
    "half a status line": HEAD[:9],
    "half a head": HEAD + LENGTH,
    "half a body": HEAD + LENGTH + b"\r\no",
    "half the chunks": CHUNKED + b"2\r\nok\r\n",
    "half the last chunk": CHUNKED + CHUNKS[:-1],
    "100 alone": CONTINUE,
}


@pytest.fixture(scope="module")
def fed() -> Iterator[FedConnections]:
    with fed_connections() as connections:
        yield connections


def splits(answer: bytes) -> Iterator[list[bytes]]:
    """The answer in two pieces, in three, and in single bytes."""
    for at in range(1, len(answer)):
        yield [answer[:at], answer[at:]]
        yield [answer[: at - 1], answer[at - 1 : at], answer[at:]] if at > 1 else [answer]
    yield [bytes([each]) for each in answer]


def one_fate(fed: FedConnections, answer: bytes, *, is_ended: bool = False) -> Fate:
    """The fate of an answer, which no split changes."""
    whole = fed.fate([answer] if answer else [], is_ended=is_ended)
    for pieces in splits(answer):
        assert fed.fate(pieces, is_ended=is_ended) == whole, pieces
    return whole


def status_of(answer: bytes) -> int:
    return int(answer.replace(CONTINUE, b"")[9:12]) if b" 100 " not in answer else 200


@pytest.mark.parametrize("answer", USED_AGAIN.values(), ids=USED_AGAIN)
def test_a_whole_answer_leaves_its_connection_usable(fed: FedConnections, answer: bytes) -> None:
    fate = one_fate(fed, answer)
    assert (fate.status, fate.error, fate.is_usable) == (status_of(answer), "", True)


@pytest.mark.parametrize("answer", CLOSED.values(), ids=CLOSED)
def test_an_answer_after_which_the_connection_is_in_doubt(
    fed: FedConnections, answer: bytes
) -> None:
    fate = one_fate(fed, answer)
    assert (fate.status, fate.error, fate.is_usable) == (status_of(answer), "", False)


@pytest.mark.parametrize("answer", INVALID.values(), ids=INVALID)
def test_an_invalid_answer_is_none(fed: FedConnections, answer: bytes) -> None:
    assert one_fate(fed, answer) == Fate(None, error="InvalidAnswerError")


@pytest.mark.parametrize(("answer", "status", "body"), UNTIL_END.values(), ids=UNTIL_END)
def test_an_answer_may_end_with_its_connection(
    fed: FedConnections, answer: bytes, status: int, body: bytes
) -> None:
    assert one_fate(fed, answer, is_ended=True) == Fate(status, body)
    assert one_fate(fed, answer).error == "not whole"


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
def test_a_part_of_an_answer_is_none(fed: FedConnections, answer: bytes) -> None:
    assert one_fate(fed, answer, is_ended=True) == Fate(None, error="NoAnswerError")


def test_the_bodies_are_what_was_sent(fed: FedConnections) -> None:
    bodies = {name: fed.fate([answer]).body for name, answer in (USED_AGAIN | CLOSED).items()}
    odd = {
        "a length of zero": b"",
        "a body of line breaks": b"\r\n\r\n",
        "a body like an answer": OK,
        "a line feed behind trailers": b"",
    }
    for name, body in bodies.items():
        has_none = name.partition(" ")[0] in {"204", "304"} or "204" in name or "no length" in name
        assert body == odd.get(name, b"" if has_none else b"ok"), name


def test_one_connection_parses_many_answers() -> None:
    parser = AnswerParser()
    for answer in [*USED_AGAIN.values()] * 2:
        for pieces in ([answer], [answer[:30], answer[30:]]):
            responses = [parser.feed(piece) for piece in pieces if piece]
            assert responses[-1] is not None
            assert parser.is_reusable
    parser.close()


def test_a_trailer_is_no_header_of_its_answer_nor_of_the_next() -> None:
    parser = AnswerParser()
    for answer in (USED_AGAIN["trailers"], USED_AGAIN["a length"]):
        response = parser.feed(answer)
        assert response is not None
        assert not {"x-one", "content-encoding"} & set(response.headers)
    parser.close()


def test_headers_match_in_any_case_and_the_first_one_holds() -> None:
    head = HEAD + b"X-Id:  one\t\r\nx-ID: two\r\nX-Id2: three\r\nEmpty:\r\nNot: \xff\r\n\r\n"
    headers = AnswerHeaders(head, head.lower())
    assert [headers.get(name) for name in ("x-id", "X-ID", "x-id2", "id", "empty")] == [
        "one", "one", "three", None, "",
    ]  # fmt: skip
    assert headers.get("id", "default") == "default"
    assert dict(headers) == {"x-id": "one", "x-id2": "three", "empty": "", "not": "\udcff"}
    assert len(headers) == 4
    assert "X-Id" in headers
    with pytest.raises(KeyError):
        headers["http/1.1 200 ok"]


@pytest.mark.parametrize(
    "endless",
    [
        HEAD + b"X-Odd: y\r\n" * MAX_HEADER_BYTES,
        HEAD + b"X-Odd: " + b"y" * MAX_HEADER_BYTES,
        HEAD[:-2] + b"y" * MAX_HEADER_BYTES,
        CONTINUE * (MAX_INFORMATIONAL + 1) + OK,
        (CONTINUE[:-2] + b"X: " + b"y" * (MAX_HEADER_BYTES // 9) + b"\r\n\r\n") * 10 + OK,
        CHUNKED + b"0;" + b"x" * 3 * MAX_HEADER_BYTES,
        CHUNKED + b"0\r\n" + b"X: y\r\n" * MAX_HEADER_BYTES,
        CHUNKED + b"0\r\nX: " + b"y" * 3 * MAX_HEADER_BYTES,
        HEAD + b"Content-Length: 99999999\r\n\r\n" + b"x" * (MAX_BODY_BYTES + 1),
        HEAD + b"\r\n" + b"x" * (MAX_BODY_BYTES + 1),
        CHUNKED + b"1\r\nx\r\n" * (MAX_BODY_BYTES + 1),
    ],
    ids=[
        "headers", "a header", "a reason", "informational answers", "informational headers",
        "a chunk extension", "trailers", "a trailer", "a length", "no length", "small chunks",
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1500, 262_144])
def test_an_endless_answer_is_refused(fed: FedConnections, endless: bytes, step: int) -> None:
    pieces = [endless[at : at + step] for at in range(0, len(endless), step)]
    assert fed.fate(pieces) == Fate(None, error="AnswerTooLargeError")
