"""How a command reaches a worker: what every kind of link has."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol


class LinkLostError(Exception):
    """A worker cannot be reached any more. The text says how it ended, or why.

    Attributes:
        has_ended: whether it has certainly ended; otherwise it may call its lanes until its lease
            has ended.
        lost_lease: whether it has ended because it did not hear the command in time.
    """

    def __init__(self, how: str, *, has_ended: bool, lost_lease: bool = False) -> None:
        super().__init__(how)
        self.has_ended = has_ended
        self.lost_lease = lost_lease


class WorkerLink(Protocol):
    """How a worker is reached.

    Attributes:
        name: of the worker, for people.
    """

    name: str

    async def exchange(self, message: bytes) -> bytes:
        """Sends a message and returns the answer.

        Raises:
            LinkLostError: the worker cannot be reached any more.
        """

    async def kill(self) -> bool:
        """Gives the worker up, and ends it if possible: whether it has certainly ended."""

    async def close(self) -> bool:
        """Lets the worker end: whether it has certainly ended."""


class LinkSource(NamedTuple):
    """Where the links of a command come from.

    Attributes:
        start: reaches or starts workers for a number of lanes.
        restart: starts one in place of another (see ``WorkerTeam``); ``None``: it cannot be.
    """

    start: Callable[[int], Awaitable[Sequence[WorkerLink]]]
    restart: Callable[[int], WorkerLink] | None = None
