"""The alarms and the calendar of a run."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import anyio

from bulkeic.app.options.rollout_options import MonitoringOptions
from bulkeic.app.rollout.alarm_poll import AlarmPoll
from bulkeic.app.rollout.calendar_reader import CalendarReader
from bulkeic.app.rollout.conditions import Conditions
from bulkeic.app.rollout.gate_log import GateLog
from bulkeic.app.rollout.watched_places import WatchedPlaces
from bulkeic.app.run.session import RunSession
from bulkeic.core.rollout.alarms import answer_of, refusals
from bulkeic.core.rollout.gates import ConditionAnswer, GateDecision, GateKind, GateRecord
from bulkeic.core.rollout.halts import Halt
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted, duration
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.aws.monitoring.monitoring_services import MonitoringServices

_Asking = Callable[[], Awaitable[tuple[ConditionAnswer, float]]]
"""Asks for an answer, and says in how many seconds to ask again."""


class WaveConditions(Conditions):
    """The alarms and the calendar of a run.

    Args:
        run: the run file.
        options: what to watch.
        places: where.
        console: says why the run holds.
        timeout_s: for one call, seconds.
    """

    _session: RunSession
    _log: GateLog

    def __init__(
        self,
        run: RunFile,
        options: MonitoringOptions,
        places: WatchedPlaces,
        console: Console,
        *,
        timeout_s: float,
    ) -> None:
        self._run = run
        self._options = options
        self._places = places
        self._console = console
        self._timeout_s = timeout_s
        self._poll: AlarmPoll | None = None
        self._calendar: CalendarReader | None = None
        self._wave, self._when = 0, "before {}"
        self._halted: GateRecord | None = None
        self.have_alarms = bool(places.alarms)

    @asynccontextmanager
    async def guard(self, session: RunSession) -> AsyncIterator[Sequence[str]]:
        """See ``Conditions``: every alarm must exist and not be in ALARM, all must be readable."""
        from bulkeic.aws.monitoring.monitoring_services import MonitoringServices  # noqa: PLC0415 - with the SDK

        self._session = session
        self._log = GateLog(session, self._run)
        caller = session.caller
        async with MonitoringServices(
            caller.access, caller.credentials, timeout_s=self._timeout_s
        ) as services:
            self._connect(services)
            yield await session.until_stopped(self._problems) or ()

    def _connect(self, services: "MonitoringServices") -> None:
        places = self._places
        if places.alarms:
            self._poll = AlarmPoll(
                services.alarm_states, places.alarms, self._options.alarm_interval_s, self._halt
            )
        if self._options.calendar is not None and places.calendar is not None:
            read = partial(services.calendar_state, places.calendar)
            self._calendar = CalendarReader(read, self._options.calendar.arn)

    async def _problems(self) -> list[str]:
        found = []
        if self._calendar is not None:
            reading = await self._calendar.read()
            if reading.state is None:
                found.append(f"--change-calendar: {reading.problem}")
        if self._poll is not None:
            found += [f"--alarm: {line}" for line in refusals(await self._poll.look())]
            alarms = sum(map(len, self._places.alarms.values()))
            if not found:
                lanes = counted(len(self._places.alarms), "lane")
                every = duration(self._options.alarm_interval_s)
                text = f"watching {counted(alarms, 'alarm')} in {lanes}, every {every}"
                self._console.print(text)
        return found

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """See ``Conditions``."""
        async with anyio.create_task_group() as tasks:
            if self._poll is not None:
                tasks.start_soon(self._poll.run)
            yield
            tasks.cancel_scope.cancel()
        if self._halted is not None:
            self._log.store(self._halted)

    @contextmanager
    def working(self, wave: int) -> Iterator[None]:
        """See ``Conditions``."""
        self._wave, self._when = wave, "while {} worked"
        if self._poll is not None:
            self._poll.begin_work()
        try:
            yield
        finally:
            self._when = "after {}"
            if self._poll is not None:
                self._poll.end_work()

    async def hold(self, wave: int, name: str) -> None:
        """See ``Conditions``. The calendar is asked again after the alarms have held the run."""
        calendar = self._log.begin(wave, GateKind.CALENDAR)
        alarms = self._log.begin(wave, GateKind.ALARM)
        self._wave, self._when = wave, "before {}"
        while self._session.stopped is None:
            if self._calendar is not None:
                calendar = await self._until_allowed(calendar, name, self._calendar.ask)
            if self._poll is None or self._session.stopped is not None:
                return
            asked = alarms.asks
            self._poll.is_paused = True
            alarms = await self._until_allowed(alarms, name, self._ask_alarms)
            self._poll.is_paused = False
            if alarms.asks <= asked + 1 or self._calendar is None:
                return

    async def look_at_end(self, wave: int, name: str) -> None:
        """See ``Conditions``."""
        if self._poll is not None and self._session.stopped is None:
            look = await self._session.until_stopped(self._poll.look)
            answer = None if look is None else answer_of(look)
            if answer is not None and answer.decision is GateDecision.HALT:
                record = self._log.begin(wave, GateKind.ALARM)
                self._log.store(self._log.answered(record, answer))
                self._stop(name, answer)

    async def _ask_alarms(self) -> tuple[ConditionAnswer, float]:
        assert self._poll is not None  # noqa: S101 - there are alarms
        return answer_of(await self._poll.look()), self._options.alarm_interval_s

    async def _until_allowed(self, record: GateRecord, name: str, ask: _Asking) -> GateRecord:
        """Asks until the answer is not to hold, or the session is stopped: the stored record."""
        shown = ""
        while self._session.stopped is None:
            found = await self._session.until_stopped(ask)
            if found is None:
                break
            answer, after_s = found
            record = self._log.store(self._log.answered(record, answer))
            if answer.decision is GateDecision.HALT:
                self._stop(name, answer)
            if answer.decision is not GateDecision.HOLD:
                if shown:
                    self._console.print(f"{name} continues: {answer.reason}")
                break
            if answer.reason != shown:
                shown = answer.reason
                every = f"asked again in {duration(after_s)}; Ctrl-C stops"
                self._console.print(f"{name} holds: {shown}; {every}")
            await self._session.pause(after_s)
        return record

    def _stop(self, name: str, answer: ConditionAnswer) -> None:
        self._session.stop(f"{name}: halted by an alarm: {answer.reason}", Halt.ALARM)

    def _halt(self, answer: ConditionAnswer) -> None:
        """Halts the run at once. The record is stored later: outcomes are being stored now."""
        if self._session.stopped is not None:
            return
        name = f"wave {self._wave}" if self._wave else "the run"
        reason = f"{answer.reason}, {self._when.format(name)}"
        answer = ConditionAnswer(answer.decision, reason, answer.name)
        record = self._log.begin(self._wave, GateKind.ALARM)
        self._halted = self._log.answered(record, answer)
        self._session.stop(f"halted by an alarm: {reason}", Halt.ALARM)
