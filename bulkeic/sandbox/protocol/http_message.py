"""HTTP requests, replies, and how a reply is rendered."""

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from http import HTTPStatus
from wsgiref.handlers import format_date_time

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
_SHORTFALL = 64


@dataclass(slots=True)
class HttpRequest:
    """One HTTP request.

    Attributes:
        method: as sent.
        path: percent-encoded, without the query.
        query: percent-encoded, without the question mark.
        headers: by lower-case name; values of repeated headers are joined with commas.
        body: the whole body.
        keep_alive: whether the connection may carry another request.
    """

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes
    keep_alive: bool


class ReplyEnding(Enum):
    """How a reply ends."""

    WHOLE = auto()
    TRUNCATED = auto()
    CUT = auto()
    NEVER = auto()


@dataclass(slots=True)
class HttpReply:
    """What the server does with a request.

    Attributes:
        status: HTTP status.
        body: the body's bytes.
        content_type: None for no body.
        headers: additional headers.
        delay_s: seconds until the reply is sent or the connection is cut.
        ending: how it ends; the connection stays open only after WHOLE and NEVER.
        changed: whether the call changed a configuration.
        in_flight_write: (account, Region, function) that a write has in flight until this reply is
            finished; None for other calls.
    """

    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    ending: ReplyEnding = ReplyEnding.WHOLE
    changed: bool = False
    in_flight_write: tuple[str, str, str] | None = None


@lru_cache(maxsize=4)
def http_date(unix_s: int) -> str:
    """Return the value of a Date header for a Unix time in seconds."""
    return format_date_time(unix_s)


def render(reply: HttpReply, *, keep_alive: bool, with_body: bool, wall_s: float) -> bytes:
    """Return the bytes of a reply.

    Args:
        reply: the reply.
        keep_alive: whether the connection stays open.
        with_body: False for a reply to HEAD.
        wall_s: Unix time in seconds.
    """
    head = [_LINES[reply.status], f"Date: {http_date(int(wall_s))}\r\n"]
    if reply.content_type is not None:
        length = len(reply.body) + (_SHORTFALL if reply.ending is ReplyEnding.TRUNCATED else 0)
        head.append(f"Content-Type: {reply.content_type}\r\nContent-Length: {length}\r\n")
    head.extend(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    head.append("Connection: keep-alive\r\n\r\n" if keep_alive else "Connection: close\r\n\r\n")
    rendered = "".join(head).encode("latin-1", "replace")
    return rendered + reply.body if with_body else rendered
