"""A server that answers at once: the fastest client must not wait for it.

It answers every event-invoke call as Lambda does: the function's ARN, the settings of the request,
a request ID. It checks no signature, and keeps nothing but the number of those calls.

    python benchmarks/instant_server.py [CERTIFICATE KEY]

prints its URL, serves until its stdin ends, and then prints the number of calls. With PEM files of
a certificate and its key it serves HTTPS.
"""

import asyncio
import ssl
import sys
from itertools import count
from typing import Any, cast

import uvloop

HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: %s\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n"
    b"x-amzn-RequestId: 00000000-0000-4000-8000-%012x\r\n\r\n"
)
CONFIGURATION = (
    b'{"DestinationConfig":{"OnFailure":{},"OnSuccess":{}},'
    b'"FunctionArn":"arn:aws:lambda:%s:123456789012:function:%s:$LATEST",'
    b'"LastModified":1767225600.0,%s'
)
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Account>123456789012</Account><UserId>AIDA</UserId>"
    b"<Arn>arn:aws:iam::123456789012:user/bench</Arn></GetCallerIdentityResult>"
    b"<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
END = b"\r\n\r\n"
LENGTH = b"\r\ncontent-length:"


class InstantAnswers(asyncio.Protocol):
    """A connection. Requests need a Content-Length if they have a body.

    Args:
        calls: counts the event-invoke calls of all connections.
    """

    def __init__(self, calls: "count[int]") -> None:
        self._calls = calls
        self._transport = asyncio.Transport()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer every complete request."""
        received = self._received + data
        while (end := received.find(END)) >= 0:
            head = received[:end]
            body_at = end + len(END)
            body_end = body_at + _length(head)
            if len(received) < body_end:
                break
            self._transport.write(self._answer(head, received[body_at:body_end]))
            received = received[body_end:]
        self._received = received

    def _answer(self, head: bytes, body: bytes) -> bytes:
        name = head.partition(b"/functions/")[2].partition(b"/")[0]
        if not name:
            return HEAD % (b"text/xml", len(IDENTITY), 0) + IDENTITY
        region = head.partition(b"Credential=")[2].split(b"/", 3)[2]
        answer = CONFIGURATION % (region, name, body.strip()[1:])
        return HEAD % (b"application/json", len(answer), next(self._calls)) + answer


def _length(head: bytes) -> int:
    """The bytes of a request's body."""
    at = head.lower().find(LENGTH)
    return int(head[at + len(LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Reports an error, unless a client ended during its handshake."""
    if not isinstance(context.get("exception"), OSError):
        loop.default_exception_handler(context)


async def serve(certificate: list[str]) -> None:
    """Serve on a free port of loopback until stdin ends."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_report)
    calls = count()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(*certificate)
    server = await loop.create_server(
        lambda: InstantAnswers(calls), "127.0.0.1", 0, ssl=context, backlog=1024
    )
    host, port = server.sockets[0].getsockname()
    print(f"{'https' if context else 'http'}://{host}:{port}", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(next(calls))


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1:]))
