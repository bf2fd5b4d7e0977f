"""Fuzzes what a connection makes of an answer: whole, split, and used again or not."""

import asyncio
import re
import socket
from collections.abc import Iterable
from typing import Any

from bulkeic.aws.answers.transport_failures import TRANSPORT_ERRORS
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.origin_connection import OriginConnection
from tests.aws.http.fed_connection import SilentTransport

_SPLIT_BYTES = 2
_ENDS = socket.socketpair()
_LOOP = asyncio.new_event_loop()
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9a-fA-F]+)(?:;[^\r\n]*)?\r\n")


def _received(pieces: Iterable[bytes]) -> tuple[str, RawResponse | None, bool]:
    """What a connection makes of bytes: an error or an answer, and whether it is used again."""
    connection = OriginConnection(_LOOP)
    connection.connection_made(SilentTransport(_ENDS[0]))
    answer = connection.send(b"")
    for piece in pieces:
        connection.data_received(piece)
    is_usable = connection.is_reusable
    if not answer.done():
        connection.eof_received()
    connection.close()
    connection.connection_lost(None)
    error = answer.exception()
    if error is None:
        return "", answer.result(), is_usable
    assert isinstance(error, TRANSPORT_ERRORS), f"unexpected {error!r}"
    return type(error).__name__, None, is_usable


def _strict_body(data: bytes) -> bytes | None:
    """The body of an answer on a connection that is used again, read in another way."""
    head, end, rest = data.partition(b"\r\n\r\n")
    while head.startswith(b"1", 9):
        head, end, rest = rest.partition(b"\r\n\r\n")
    head += end
    if not head.startswith((b"HTTP/1.1 ", b"HTTP/1.0 ")):
        return None
    if head[9:12] in {b"204", b"304"}:
        return None if rest else b""
    length = _CONTENT_LENGTH.findall(head)
    if length:
        return rest if [int(each) for each in length] == [len(rest)] else None
    body = b""
    while (chunk := _CHUNK.match(rest)) is not None:
        size, rest = int(chunk[1], 16), rest[chunk.end() :]
        if size == 0:
            return body if rest == b"\r\n" or rest.find(b"\r\n\r\n") == len(rest) - 4 else None
        body, rest = body + rest[:size], rest[size:]
        if not rest.startswith(b"\r\n"):
            return None
        rest = rest[2:]
    return None


def receive_answer(data: bytes) -> None:
    """Receives an answer, whole and split at two places that its first bytes choose."""
    if len(data) < _SPLIT_BYTES:
        return
    first, second = sorted(at % (len(data) - 1) for at in data[:_SPLIT_BYTES])
    answer = data[_SPLIT_BYTES:]
    whole = _received([answer] if answer else [])
    pieces = [answer[:first], answer[first:second], answer[second:]]
    split = _received(filter(None, pieces))
    assert _shown(split) == _shown(whole), f"split at {first}, {second}"
    error, response, is_usable = whole
    if is_usable:
        assert not error, "the connection is used again after an error"
        assert response is not None
        assert not _is_other(response, answer), "the connection is used again after another body"


def _shown(fate: tuple[str, RawResponse | None, bool]) -> Any:
    error, response, is_usable = fate
    if response is None:
        return error, is_usable
    return response.status, dict(response.headers), response.body, is_usable


def _is_other(response: RawResponse, answer: bytes) -> bool:
    is_encoded = "content-encoding" in response.headers
    return not is_encoded and response.body != _strict_body(answer)
