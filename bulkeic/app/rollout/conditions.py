"""The conditions under which a run starts a wave and continues it: alarms and a calendar."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from bulkeic.app.run.session import RunSession


class Conditions:
    """No conditions: a wave always starts. The base class of other conditions.

    Attributes:
        have_alarms: whether alarms are watched, also after the last wave.
    """

    have_alarms = False

    @asynccontextmanager
    async def guard(self, session: RunSession) -> AsyncIterator[Sequence[str]]:  # noqa: ARG002 - for subclasses
        """Opens the services to ask, and yields why the run must not start; empty: it may."""
        yield ()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches, also between waves, and stops the session if the run must halt."""
        yield

    @contextmanager
    def working(self, wave: int) -> Iterator[None]:  # noqa: ARG002 - for subclasses
        """Is open while a wave works; 0: the run has no waves."""
        yield

    async def hold(self, wave: int, name: str) -> None:
        """Holds until a wave may start, or the session is stopped.

        Args:
            wave: its number; 0: the run has no waves.
            name: of it, for people.
        """

    async def look_at_end(self, wave: int, name: str) -> None:
        """Looks a last time after the last wave, and stops the session if the run must halt.

        Args:
            wave: its number.
            name: of it, for people.
        """
