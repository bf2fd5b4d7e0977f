"""What a run needs to start a wave and to go on with it, beside its own numbers."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from bulkeic.app.run.session import RunSession


class Conditions:
    """No conditions: the base class of those that there are.

    Attributes:
        have_alarms: whether alarms are watched, also after the last wave.
    """

    have_alarms = False

    @asynccontextmanager
    async def guard(self, session: RunSession) -> AsyncIterator[Sequence[str]]:  # noqa: ARG002 - for subclasses
        """Opens what is asked: why the run must not start; none: it may."""
        yield ()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watches, also between waves, and stops the session if the run must halt."""
        yield

    @contextmanager
    def working(self, wave: int) -> Iterator[None]:  # noqa: ARG002 - for subclasses
        """Knows that a wave works; 0: the run has no waves."""
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
