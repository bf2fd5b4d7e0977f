"""Asks a change calendar whether a wave may start."""

import time
from collections.abc import Awaitable, Callable

from bulkeic.core.errors import ServiceError
from bulkeic.core.rollout.change_calendar import CalendarReading
from bulkeic.core.rollout.gates import ConditionAnswer


class CalendarReader:
    """Reads a change calendar.

    Args:
        read: returns the state of a calendar, or raises ``ServiceError``.
        arn: of the calendar.
    """

    def __init__(self, read: Callable[[str], Awaitable[CalendarReading]], arn: str) -> None:
        self._read = read
        self._arn = arn

    async def read(self) -> CalendarReading:
        """Its state now, or why it cannot be read."""
        try:
            return await self._read(self._arn)
        except ServiceError as error:
            return CalendarReading(None, problem=f"{error.code}: {error.message}")

    async def ask(self) -> tuple[ConditionAnswer, float]:
        """Whether a wave may start, and in how many seconds to ask again."""
        reading = await self.read()
        return reading.answer(self._arn), reading.ask_after_s(time.time())
