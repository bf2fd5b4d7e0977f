"""The request parser: bytes in any chunks, limits, refusals."""

from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox.protocol.http_message import HttpRequest
from bulkeic.sandbox.protocol.request_parser import HEAD_LIMIT, RequestParser

TWO_REQUESTS = (
    b"POST /a?b=c HTTP/1.1\r\nX: 1\r\nx: 2\r\nContent-Length: 3\r\n\r\nabc"
    b"GET http://sandbox/d HTTP/1.1\r\nConnection: close\r\n\r\n"
)
EXPECTED = [
    HttpRequest(
        "POST", "/a", "b=c", {b"x": b"1,2", b"content-length": b"3"}, b"abc", keep_alive=True
    ),
    HttpRequest("GET", "/d", "", {b"connection": b"close"}, b"", keep_alive=False),
]


def parse(*chunks: bytes, body_limit: int = 10) -> tuple[list[HttpRequest], int | None, int]:
    """Return the requests, the refusal, and how often a client waited for 100 Continue."""
    requests: deque[HttpRequest] = deque()
    expectations: list[None] = []
    parser = RequestParser(
        requests, lambda _: body_limit, lambda _: True, lambda: expectations.append(None)
    )
    for chunk in chunks:
        parser.feed(chunk)
    return list(requests), parser.refusal, len(expectations)


@given(cuts=st.lists(st.integers(0, len(TWO_REQUESTS)), max_size=10).map(sorted))
def test_chunks_do_not_change_the_requests(cuts: list[int]) -> None:
    bounds = [0, *cuts, len(TWO_REQUESTS)]
    chunks = [TWO_REQUESTS[start:end] for start, end in pairwise(bounds)]
    assert parse(*chunks) == (EXPECTED, None, 0)


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"rubbish\r\n\r\n", 400),
        (b"GET /" + b"x" * HEAD_LIMIT, 431),
        (b"POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11, 413),
    ],
)
def test_nothing_is_parsed_after_a_refusal(data: bytes, refusal: int) -> None:
    assert parse(data, TWO_REQUESTS) == ([], refusal, 0)


def test_a_client_can_wait_for_100_continue() -> None:
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    assert parse(head) == ([], None, 1)


def test_an_upgrade_ends_parsing() -> None:
    head = b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    requests, refusal, _ = parse(head, TWO_REQUESTS)
    assert [request.keep_alive for request in requests] == [False]
    assert refusal is None
