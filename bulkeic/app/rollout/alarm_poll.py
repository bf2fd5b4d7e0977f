"""Looks at alarms: at all of them at once, or one lane after another while a run works."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import anyio

from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import Alarm, AlarmLook, AlarmState, answer_of
from bulkeic.core.rollout.gates import ConditionAnswer, GateDecision

UNREADABLE_S = 60.0
"""A run that works halts if a lane's alarms could not be read for this long."""
_LOOKS_AT_ONCE = 20


class AlarmPoll:
    """Looks at the alarms of a run.

    Args:
        read: returns the states of a lane's alarms, or raises ``ServiceError``.
        names: of the alarms by account and Region; at least one.
        interval_s: between two looks at a lane, seconds.
        halt: is called with the reason when the run must halt.

    Attributes:
        is_paused: whether the lanes are not looked at in turn now.
    """

    def __init__(
        self,
        read: Callable[[Lane, Sequence[str]], Awaitable[Mapping[Alarm, AlarmState | None]]],
        names: Mapping[Lane, Sequence[str]],
        interval_s: float,
        halt: Callable[[ConditionAnswer], None],
    ) -> None:
        self._read = read
        self._names = names
        self._interval_s = interval_s
        self._halt = halt
        self._known_at: dict[Lane, float] = {}
        self._problems: dict[Lane, str] = {}
        self._in_flight: set[Lane] = set()
        self._works_since: float | None = None
        self.is_paused = False

    async def look(self) -> AlarmLook:
        """Looks at all alarms now, with a bounded number of calls in flight."""
        limiter = anyio.CapacityLimiter(_LOOKS_AT_ONCE)
        states: dict[Alarm, AlarmState | None] = {}
        unreadable: dict[Lane, str] = {}

        async def look_at(lane: Lane) -> None:
            async with limiter:
                look = await self._look_at(lane)
            states.update(look.states)
            unreadable.update(look.unreadable)

        async with anyio.create_task_group() as tasks:
            for lane in self._names:
                tasks.start_soon(look_at, lane)
        return AlarmLook(states, unreadable)

    def begin_work(self) -> None:
        """Says that calls of a wave start: alarms that cannot be read are noticed from now on."""
        self._works_since = anyio.current_time()

    def end_work(self) -> None:
        """Says that no calls of a wave start any more."""
        self._works_since = None

    async def run(self) -> None:
        """Looks at each lane once in an interval, spread over it, until it is canceled."""
        gap_s = self._interval_s / len(self._names)
        async with anyio.create_task_group() as tasks:
            while True:
                for lane in self._names:
                    await anyio.sleep(gap_s)
                    if not self.is_paused:
                        self._check_age(lane)
                        if lane not in self._in_flight:
                            self._in_flight.add(lane)
                            tasks.start_soon(self._look_again, lane)

    async def _look_again(self, lane: Lane) -> None:
        try:
            look = await self._look_at(lane)
        finally:
            self._in_flight.discard(lane)
        answer = answer_of(look)
        if answer.decision is GateDecision.HALT:
            self._halt(answer)

    async def _look_at(self, lane: Lane) -> AlarmLook:
        try:
            states = await self._read(lane, self._names[lane])
        except ServiceError as error:
            self._problems[lane] = f"{error.code}: {error.message}"
            return AlarmLook({}, {lane: self._problems[lane]})
        look = AlarmLook(states, {})
        missing = look.having(None)
        if missing:
            self._problems[lane] = f"alarm {missing[0]} is missing"
        else:
            self._known_at[lane] = anyio.current_time()
        return look

    def _check_age(self, lane: Lane) -> None:
        """Halts a run that works and has not known a lane's alarms for too long."""
        if self._works_since is None:
            return
        known_at = max(self._works_since, self._known_at.get(lane, 0.0))
        if anyio.current_time() - known_at >= UNREADABLE_S:
            problem = self._problems.get(lane, "no answer")
            text = f"the alarms of {lane} could not be read for {UNREADABLE_S:g} s: {problem}"
            self._halt(ConditionAnswer(GateDecision.HALT, text))
