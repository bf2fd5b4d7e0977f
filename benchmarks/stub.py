"""A server whose latency is known: every request is answered so many seconds after it has come.

It checks no signature, and answers whatever is asked, but for the caller's identity, with one
event-invoke configuration. One thread
waits in `select`, whose time-outs are due to the microsecond; an event loop's are to the
millisecond.

    python benchmarks/stub.py --latency 0.02 --stall 5 1

prints its URL and serves until its stdin ends. With `--stall AT LENGTH` it does nothing for so
long, that many seconds after the first request: what comes meanwhile is dealt with afterwards.
"""

import argparse
import heapq
import itertools
import select
import socket
import sys
import time

BODY = (
    b'{"FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-0:$LATEST",'
    b'"LastModified":1700000000.0,"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":3600,'
    b'"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}'
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


class Stub:
    """Serves on a free port of loopback.

    Args:
        latency_s: seconds from a request's last byte to its answer.
        stall: seconds after the first request at which it stalls, and for how long.
    """

    def __init__(self, latency_s: float, stall: tuple[float, float] | None = None) -> None:
        self._latency_s = latency_s
        self._stall = stall
        self._first_s: float | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._heard: dict[socket.socket, bytes] = {}
        self._due: list[tuple[float, int, socket.socket, bytes]] = []
        self._numbers = itertools.count()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serves until stdin ends."""
        while True:
            wait_s = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            ready, _, _ = select.select([sys.stdin, self._listener, *self._heard], [], [], wait_s)
            self._sleep_through()
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, client, body = heapq.heappop(self._due)
                _answer(client, body)
            for each in ready:
                if each is sys.stdin:
                    return
                if each is self._listener:
                    self._accept()
                else:
                    self._read(each)

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
        self._heard[client] = b""

    def _read(self, client: socket.socket) -> None:
        try:
            more = client.recv(MOST_BYTES)
        except OSError:
            more = b""
        if not more:
            del self._heard[client]
            client.close()
            return
        heard = self._heard[client] + more
        while (rest := _after_request(heard)) is not None:
            if IDENTITY_ASKED in heard:
                _answer(client, IDENTITY)
            else:
                now = time.monotonic()
                self._first_s = self._first_s or now
                due = (now + self._latency_s, next(self._numbers), client, BODY)
                heapq.heappush(self._due, due)
            heard = rest
        self._heard[client] = heard


def _answer(client: socket.socket, body: bytes) -> None:
    try:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    except OSError:
        return  # it has hung up


def _after_request(heard: bytes) -> bytes | None:
    """What follows the first request; ``None``: it is not whole yet."""
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
