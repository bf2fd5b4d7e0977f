"""A server that answers as no server should: without end, too large, too deep or too slow."""

import gzip
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

MB = 1 << 20
BLOCK = b"x" * 65536
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId>"
    b"<Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
)

Answer = Callable[[], Iterator[bytes]]
"""Yields the bytes of one answer, perhaps for ever."""


def whole(body: bytes, head: bytes = OK) -> Answer:
    """An answer with a body of known size."""
    announced = b"%bContent-Length: %d\r\n\r\n" % (head, len(body))

    def answer() -> Iterator[bytes]:
        yield announced
        yield body

    return answer


def endless(start: bytes, piece: bytes) -> Answer:
    """An answer that never ends."""
    return lambda: itertools.chain((start,), itertools.repeat(piece))


def repeated(start: bytes, piece: bytes, size: int, end: bytes = b"") -> bytes:
    """A body of a size: a start, pieces and an end."""
    return start + piece * ((size - len(start) - len(end)) // len(piece)) + end


def bomb() -> bytes:
    """JSON of 4 GB in 4 MB."""
    member = gzip.compress(b" " * 16 * MB, mtime=0)
    return gzip.compress(b'{"a":1', mtime=0) + member * 256


ANSWERS: dict[str, Answer] = {
    "body of 10 TB": endless(OK + b"Content-Length: 10995116277760\r\n\r\n", BLOCK),
    "endless chunks": endless(CHUNKED, b"10000\r\n" + BLOCK + b"\r\n"),
    "endless small chunks": endless(CHUNKED, b"1\r\nx\r\n" * 8192),
    "endless chunk extension": endless(CHUNKED + b"1;", BLOCK),
    "endless trailers": endless(CHUNKED + b"0\r\n", b"X-Trailer: x\r\n" * 4096),
    "body to the end of the connection": endless(OK + b"\r\n", BLOCK),
    "endless headers": endless(OK, b"X-Header: x\r\n" * 4096),
    "endless header": endless(OK + b"X-Header: ", BLOCK),
    "endless status line": endless(b"HTTP/1.1 200 ", BLOCK),
    "endless informational responses": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4096),
    "endless early hints": endless(
        b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 4096 + b"\r\n\r\n"
    ),
    "headers of 10 MB": whole(b"{}", OK + (b"X-Header: " + b"x" * 1000 + b"\r\n") * 10_000),
    "JSON nested 5,000,000 deep": whole(b"[" * 5 * MB),
    "JSON objects nested 1,000,000 deep": whole(b'{"a":' * MB),
    "JSON of 2,000,000 lists": whole(repeated(b'{"a":[', b"[],", 5 * MB, b"0]}")),
    "JSON of 1,000,000 names": whole(repeated(b"{", b'"a":1,', 5 * MB, b'"b":0}')),
    "a number of 5,000,000 digits": whole(
        repeated(b'{"FunctionArn":"a","MaximumRetryAttempts":', b"1", 5 * MB, b"}")
    ),
    "error of 5 MB": whole(
        repeated(b'{"Message":"', b"x", 5 * MB, b'"}'),
        b"HTTP/1.1 400 Bad Request\r\nx-amzn-ErrorType: X\r\n",
    ),
    "gzip bomb": whole(bomb(), OK + b"Content-Encoding: gzip\r\n"),
    "deflate bomb": whole(bomb(), OK + b"Content-Encoding: deflate\r\n"),
    "endless gzip": endless(
        CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n"),
        b"%x\r\n%b\r\n" % (len(gzip.compress(BLOCK)), gzip.compress(BLOCK)),
    ),
}


class HostileServer:
    """Listens on loopback until it is closed.

    Args:
        answer: the answer to each call of the service under attack.
        service: ``lambda`` or ``sts``; the other one answers as it should.
        pause_s: seconds between two pieces of an answer.

    Attributes:
        calls: of the service under attack.
    """

    def __init__(self, answer: Answer, service: str, pause_s: float) -> None:
        self._answer = answer
        self._service = service
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._threads = [threading.Thread(target=self._accept)]
        self.calls = 0
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0.5)
        with closing(connection), suppress(OSError):
            while not self._ended.is_set():
                path = self._request_path(connection)
                if path is None:
                    return
                service = "sts" if path == b"/" else "lambda"
                attacks = service == self._service
                self.calls += attacks
                pieces = self._answer() if attacks else whole(IDENTITY)()
                self._send(connection, pieces)

    def _request_path(self, connection: socket.socket) -> bytes | None:
        """The path of the next request, which is read whole; None: there is none."""
        received = b""
        while not self._ended.is_set():
            head, found, body = received.partition(b"\r\n\r\n")
            if found and len(body) >= _content_length(head):
                return head.split(b" ")[1].partition(b"?")[0]
            with suppress(TimeoutError):
                piece = connection.recv(65536)
                if not piece:
                    return None
                received += piece
        return None

    def _send(self, connection: socket.socket, pieces: Iterator[bytes]) -> None:
        for piece in pieces:
            rest = memoryview(piece)
            while rest and not self._ended.is_set():
                with suppress(TimeoutError):
                    rest = rest[connection.send(rest) :]
            if self._ended.wait(self._pause_s):
                return


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return 0


@contextmanager
def hostile_server(
    answer: Answer, service: str = "lambda", pause_s: float = 0.0
) -> Iterator[HostileServer]:
    server = HostileServer(answer, service, pause_s)
    try:
        yield server
    finally:
        server.close()
