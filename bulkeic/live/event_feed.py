"""The parts of a page as server-sent events: each client gets the parts that it has not seen."""

import asyncio
import json
from collections.abc import Mapping

RETRY_MS = 2000


class EventFeed:
    """The latest content of each part, with the number of the update that changed it.

    A client that is slow skips updates; nothing is kept for it.

    Attributes:
        number: of the last update that changed something.
        is_over: whether no more updates follow.
    """

    def __init__(self) -> None:
        self.number = 0
        self.is_over = False
        self._parts: dict[str, tuple[int, bytes]] = {}
        self._news = asyncio.Event()

    def update(self, parts: Mapping[str, object]) -> None:
        """Replaces parts; those that are as before are not sent again.

        Args:
            parts: what JSON can hold, by name.
        """
        changed = {}
        for name, content in parts.items():
            event = _event("part", {"name": name, "content": content})
            if self._parts.get(name, (0, b""))[1] != event:
                changed[name] = (self.number + 1, event)
        if changed:
            self.number += 1
            self._parts |= changed
            self._wake()

    def end(self) -> None:
        """Lets all clients go, after the last update."""
        self.is_over = True
        self._wake()

    def since(self, number: int) -> bytes:
        """The events of the updates after one.

        Args:
            number: of the last update that the client has; 0: none.
        """
        return b"".join(event for at, event in self._parts.values() if at > number)

    async def wait(self, timeout_s: float) -> None:
        """Waits for the next update, or for the end of a time in seconds."""
        news = self._news
        try:
            async with asyncio.timeout(timeout_s):
                await news.wait()
        except TimeoutError:
            pass

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


FIRST_EVENT = f"retry: {RETRY_MS}\n\n".encode()
LAST_EVENT = b"event: over\ndata: {}\n\n"
KEEP_ALIVE = b": \n\n"


def _event(kind: str, data: object) -> bytes:
    """An event; its JSON is one line of ASCII."""
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()
