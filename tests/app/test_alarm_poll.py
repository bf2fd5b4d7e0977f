"""The poll of alarms in virtual time: spread over its interval, and never blind for long."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import anyio
import pytest

from bulkeic.app.rollout.alarm_poll import UNREADABLE_S, AlarmPoll
from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import Alarm, AlarmState
from bulkeic.core.rollout.gates import ConditionAnswer
from tests.engine.virtual_clock import VirtualLoop

LANE = Lane("123456789012", "us-east-1")
INTERVAL_S = 10.0
States = Mapping[Alarm, AlarmState | None]


class Account:
    """Answers by ``states``; lanes in ``refused`` are not read.

    Attributes:
        asked_at: when each lane was asked.
        most: calls in flight at once.
    """

    def __init__(self, lanes: Sequence[Lane] = (LANE,), call_s: float = 0.1) -> None:
        self.names = dict.fromkeys(lanes, ("a",))
        self.states: dict[Lane, AlarmState | None] = {}
        self.refused: set[Lane] = set()
        self.asked_at: list[tuple[float, Lane]] = []
        self.halts: list[tuple[float, ConditionAnswer]] = []
        self.in_flight = self.most = 0
        self._call_s = call_s
        self.poll = AlarmPoll(self._read, self.names, INTERVAL_S, self._halt)

    async def _read(self, lane: Lane, names: Sequence[str]) -> States:
        self.asked_at.append((anyio.current_time(), lane))
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await anyio.sleep(self._call_s)
        self.in_flight -= 1
        if lane in self.refused:
            raise ServiceError("Denied", "no", is_denied=True, place=str(lane))
        state = self.states.get(lane, AlarmState.OK)
        return dict.fromkeys((Alarm(lane, name) for name in names), state)

    def _halt(self, answer: ConditionAnswer) -> None:
        self.halts.append((anyio.current_time(), answer))


def poll_for(
    account: Account, seconds: float, *meanwhile: tuple[float, Callable[[], Any]]
) -> float:
    """Polls in virtual time, and does something after some seconds: when it started."""

    async def work() -> float:
        started = anyio.current_time()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(account.poll.run)
            for after_s, act in meanwhile:
                await anyio.sleep(started + after_s - anyio.current_time())
                act()
            await anyio.sleep(started + seconds - anyio.current_time())
            tasks.cancel_scope.cancel()
        return started

    return float(run(work()))


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


def test_a_thousand_lanes_are_asked_once_in_an_interval_without_a_burst() -> None:
    account = Account([Lane(f"{number:012d}", "us-east-1") for number in range(1000)])

    started = poll_for(account, INTERVAL_S + 0.001)

    assert Counter(lane for _, lane in account.asked_at) == Counter(list(account.names))
    seconds = Counter(int(at - started) for at, _ in account.asked_at)
    assert max(seconds.values()) <= 101
    assert account.most <= 12
    assert account.halts == []


def test_a_look_at_a_thousand_lanes_is_bounded() -> None:
    account = Account([Lane(f"{number:012d}", "us-east-1") for number in range(1000)])
    look = run(account.poll.look())
    assert (len(look.states), account.most) == (1000, 20)


def test_an_alarm_halts_within_an_interval() -> None:
    account = Account()
    started = poll_for(account, 60, (25, lambda: account.states.update({LANE: AlarmState.ALARM})))
    at, answer = account.halts[0]
    assert at - started == pytest.approx(30.1)
    assert answer.name == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"


@pytest.mark.parametrize("state", [AlarmState.OK, AlarmState.INSUFFICIENT_DATA])
def test_other_states_let_a_wave_go_on(state: AlarmState) -> None:
    account = Account()
    account.states[LANE] = state
    poll_for(account, 300, (1, account.poll.begin_work))
    assert account.halts == []


@pytest.mark.parametrize("is_missing", [False, True])
def test_a_wave_works_no_longer_than_a_minute_without_its_alarms(*, is_missing: bool) -> None:
    account = Account()

    def hide() -> None:
        if is_missing:
            account.states[LANE] = None
        else:
            account.refused.add(LANE)

    started = poll_for(account, 120, (1, account.poll.begin_work), (25, hide))

    at, answer = account.halts[0]
    assert UNREADABLE_S <= at - started - 20 <= UNREADABLE_S + INTERVAL_S + 1
    assert answer.reason == (
        "the alarms of 123456789012/us-east-1 could not be read for 60 s: "
        + ("alarm 'a' of 123456789012/us-east-1 is missing" if is_missing else "Denied: no")
    )


def test_a_call_that_hangs_halts_a_wave_and_is_not_repeated() -> None:
    account = Account(call_s=1e6)
    poll_for(account, 120, (1, account.poll.begin_work))
    assert len(account.asked_at) == 1
    assert "could not be read for 60 s: no answer" in account.halts[0][1].reason


def test_between_waves_nothing_halts_because_it_cannot_be_read() -> None:
    account = Account()
    account.refused.add(LANE)
    poll_for(account, 300, (1, account.poll.begin_work), (30, account.poll.end_work))
    assert account.halts == []


def test_a_poll_that_is_paused_asks_nothing() -> None:
    account = Account()
    account.poll.is_paused = True
    poll_for(account, 300)
    assert account.asked_at == []
