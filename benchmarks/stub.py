"""A server with a known latency: it answers every request a fixed time after its arrival.

It checks no signature, and answers every request, except for the caller's identity, with a
configuration of the function in its path that has the settings in its body. While it is in use it
polls without a pause and keeps a core busy, because the operating system would wake it up some
tenths of a millisecond early or late.

    python benchmarks/stub.py --latency 0.02 --stall 5 1

prints its URL and serves until its stdin ends. With `--stall AT LENGTH` it stops for LENGTH
seconds, AT seconds after the first request, and then handles the requests that arrived.
"""

import argparse
import heapq
import itertools
import select
import socket
import sys
import time

CONFIGURATION = (
    b'{"FunctionArn":"arn:aws:lambda:%s:123456789012:function:%s:$LATEST",'
    b'"LastModified":1700000000.0,%s}'
)
IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Account>123456789012</Account><UserId>AIDA</UserId>"
    b"<Arn>arn:aws:iam::123456789012:user/bench</Arn></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)
IDENTITY_ASKED = b"Action=GetCallerIdentity"
END = b"\r\n\r\n"
LENGTH = b"content-length:"
MOST_BYTES = 65_536
IN_USE_S = 1.0


class Stub:
    """Serves on a free port of loopback.

    Args:
        latency_s: seconds from a request's last byte to its answer.
        stall: seconds from the first request to the stall, and seconds that it lasts.
    """

    def __init__(self, latency_s: float, stall: tuple[float, float] | None = None) -> None:
        self._latency_s = latency_s
        self._stall = stall
        self._first_s: float | None = None
        self._last_s = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._clients: dict[int, socket.socket] = {}
        self._heard: dict[int, bytes] = {}
        self._due: list[tuple[float, int, int, bytes]] = []
        self._numbers = itertools.count()
        self._poll = select.poll()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serves until stdin ends."""
        stdin, listener = sys.stdin.fileno(), self._listener.fileno()
        for each in (stdin, listener):
            self._poll.register(each, select.POLLIN)
        while True:
            in_use = self._due or time.monotonic() < self._last_s + IN_USE_S
            for ready, _ in self._poll.poll(0 if in_use else None):
                if ready == stdin:
                    return
                if ready == listener:
                    self._accept()
                else:
                    self._read(ready)
            self._sleep_through()
            while self._due and self._due[0][0] <= time.monotonic():
                self._answer(*heapq.heappop(self._due)[2:])

    def _sleep_through(self) -> None:
        if self._stall is None or self._first_s is None:
            return
        at, length = self._stall
        if time.monotonic() >= self._first_s + at:
            self._stall = None
            time.sleep(max(0.0, self._first_s + at + length - time.monotonic()))

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client.fileno()], self._heard[client.fileno()] = client, b""
        self._poll.register(client, select.POLLIN)

    def _read(self, number: int) -> None:
        try:
            more = self._clients[number].recv(MOST_BYTES)
        except OSError:
            more = b""
        now = time.monotonic()
        if not more:
            self._hang_up(number)
            return
        self._last_s = now
        heard = self._heard[number] + more
        while (rest := _after_request(heard)) is not None:
            if IDENTITY_ASKED in heard:
                self._answer(number, IDENTITY)
            else:
                self._first_s = self._first_s or now
                body = _configuration(heard[: len(heard) - len(rest)])
                due = (now + self._latency_s, next(self._numbers), number, body)
                heapq.heappush(self._due, due)
            heard = rest
        self._heard[number] = heard

    def _hang_up(self, number: int) -> None:
        self._poll.unregister(number)
        self._clients.pop(number).close()
        self._due = [each for each in self._due if each[2] != number]
        heapq.heapify(self._due)

    def _answer(self, number: int, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        try:
            self._clients[number].sendall(head % len(body) + body)
        except OSError:
            return  # it closed the connection, which the next read detects


def _configuration(request: bytes) -> bytes:
    """The answer to a request."""
    head, _, body = request.partition(END)
    name = head.partition(b"/functions/")[2].partition(b"/")[0]
    region = head.partition(b"Credential=")[2].split(b"/")[2]
    return CONFIGURATION % (region, name, body.strip()[1:-1] or b'"MaximumRetryAttempts":1')


def _after_request(heard: bytes) -> bytes | None:
    """The bytes after the first request; ``None``: it is incomplete."""
    head, end, rest = heard.partition(END)
    if not end:
        return None
    lower = head.lower()
    at = lower.find(LENGTH)
    length = int(lower[at + len(LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    return rest[length:] if len(rest) >= length else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.02)
    parser.add_argument("--stall", type=float, nargs=2, metavar=("AT", "LENGTH"))
    options = parser.parse_args()
    stub = Stub(options.latency, options.stall and tuple(options.stall))
    print(stub.url, flush=True)
    stub.serve()


if __name__ == "__main__":
    main()
