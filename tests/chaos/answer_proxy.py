"""A hostile reverse proxy: it duplicates, delays, drops, swaps, truncates and injects answers.

What happens to each answer is drawn from a seed. Requests to STS pass untouched: their answers
carry credentials, whose account has tests of its own.
"""

import asyncio
import random
import threading
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

DELAY_S = 0.05
SWAP_WAIT_S = 0.05
KEPT_ANSWERS = 200
HEAD_END = b"\r\n\r\n"
PAGE = b"<html><body>Sign in to the network</body></html>"
GARBAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (
    len(PAGE),
    PAGE,
)
IDLE_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Attack(StrEnum):
    """What the proxy does with one request or its answer."""

    DUPLICATE = "duplicate"  # the answer is sent twice
    STALE = "stale"  # an earlier answer is sent instead, about another target
    SWAP = "swap"  # two answers change places
    DELAY = "delay"
    DROP_ANSWER = "drop_answer"  # the connection is cut after the request was carried out
    DROP_REQUEST = "drop_request"  # the connection is cut before it reaches the server
    TRUNCATE = "truncate"
    GARBAGE = "garbage"
    INJECT = "inject"  # an earlier answer follows the right one on the idle connection
    TIMEOUT_408 = "timeout_408"  # so does a 408, as load balancers send them


ATTACKS = tuple(Attack)


class AnswerProxy:
    """Stands between a client and a server, and attacks a share of the answers.

    Args:
        url: of the server.
        seed: draws the attacks.
        share: the part of requests that is attacked, 0 to 1.
        attacks: the kinds to draw from.

    Attributes:
        url: where the proxy listens.
        counts: how often each attack was made.
    """

    def __init__(
        self, url: str, seed: int, share: float, attacks: tuple[Attack, ...] = ATTACKS
    ) -> None:
        self.counts: dict[Attack, int] = dict.fromkeys(attacks, 0)
        self.share = share
        self._server = urlsplit(url)
        self._rng = random.Random(seed)
        self._attacks = attacks
        self._answers: deque[tuple[bytes, bytes]] = deque(maxlen=KEPT_ANSWERS)
        self._swap: asyncio.Future[bytes] | None = None
        self._swapped = b""
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._listening = self._run(self._listen())
        self.url = f"http://127.0.0.1:{self._listening.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """Cuts every connection and ends the thread."""
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _end(self) -> None:
        self._listening.close()
        await asyncio.sleep(0)  # a connection that was just accepted gets its task now
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for writer in self._writers:  # a task that is cancelled before it starts closes nothing
            writer.transport.abort()
        for _ in range(3):  # the loop closes the sockets of these, and of those just accepted
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            host, port = self._server.hostname, self._server.port
            server_reader, server_writer = await asyncio.open_connection(host, port)
            try:
                while await self._exchange(reader, writer, server_reader, server_writer):
                    pass
            finally:
                server_writer.transport.abort()
        writer.close()

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> bool:
        """Passes one request and its answer; false once the connection has to be closed."""
        request = await _message(reader)
        is_lambda = b"/event-invoke-config" in request.partition(b"\r\n")[0]
        attack = self._draw() if is_lambda else None
        if attack is Attack.DROP_REQUEST:
            return False
        server_writer.write(request)
        answer = await _message(server_reader)
        if not is_lambda:
            writer.write(answer)
            return True
        path = request.split(b" ", 2)[1]
        goes_on = await self._answer(writer, path, answer, attack)
        self._answers.append((path, answer))
        return goes_on

    def _draw(self) -> Attack | None:
        if self._rng.random() >= self.share:
            return None
        attack = self._rng.choice(self._attacks)
        self.counts[attack] += 1
        return attack

    async def _answer(
        self, writer: asyncio.StreamWriter, path: bytes, answer: bytes, attack: Attack | None
    ) -> bool:
        match attack:
            case Attack.DUPLICATE:
                writer.write(answer + answer)
            case Attack.STALE:
                writer.write(self._stale(path) or answer)
            case Attack.SWAP:
                writer.write(await self._swapped_for(answer))
            case Attack.DELAY:
                await asyncio.sleep(self._rng.random() * DELAY_S)
                writer.write(answer)
            case Attack.DROP_ANSWER:
                return False
            case Attack.TRUNCATE:
                writer.write(answer[: self._rng.randrange(1, len(answer))])
                return False
            case Attack.GARBAGE:
                writer.write(GARBAGE)
            case Attack.INJECT | Attack.TIMEOUT_408:
                writer.write(answer)
                await writer.drain()
                await asyncio.sleep(self._rng.choice((0, 0.001, 0.005)))
                writer.write(IDLE_TIMEOUT if attack is Attack.TIMEOUT_408 else self._stale(path))
            case _:
                writer.write(answer)
        return True

    def _stale(self, path: bytes) -> bytes:
        """An earlier answer about another target: the same target's would look like a new one."""
        others = [answer for about, answer in self._answers if about != path]
        return self._rng.choice(others) if others else b""

    async def _swapped_for(self, answer: bytes) -> bytes:
        """The answer of another request, which gets this one; the same if none comes in time."""
        waiting, self._swap = self._swap, None
        if waiting is not None and not waiting.done():
            other = self._swapped
            waiting.set_result(answer)
            return other
        future: asyncio.Future[bytes] = self._loop.create_future()
        self._swap = future
        self._swapped = answer
        try:
            async with asyncio.timeout(SWAP_WAIT_S):
                return await future
        except TimeoutError:
            return answer


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or an answer, framed by Content-Length, as the sandbox and the client send them."""
    head = await reader.readuntil(HEAD_END)
    length = int(_headers(head).get(b"content-length", b"0"))
    return head + await reader.readexactly(length)


def _headers(head: bytes) -> Mapping[bytes, bytes]:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines}


@contextmanager
def answer_proxy(
    url: str, seed: int, share: float, attacks: tuple[Attack, ...] = ATTACKS
) -> Iterator[AnswerProxy]:
    """A proxy that lives as long as a ``with`` block."""
    proxy = AnswerProxy(url, seed, share, attacks)
    try:
        yield proxy
    finally:
        proxy.close()
