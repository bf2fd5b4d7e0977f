"""The connections of several origins share one limit; the longest waiter comes first."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.aws.http.origin_pool import KEEP_ALIVE_S, ConnectionLimit, OriginPool
from bulkeic.aws.http.transport_errors import ConnectError, NoAnswerError


class FakeConnection:
    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.is_open = True
        self.is_in_doubt = False
        self.used_at = 0.0
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_close: Callable[[], None] | None = None

    def is_quiet(self) -> bool:
        return self.is_open and not self.is_in_doubt

    async def settle(self) -> bool:
        await asyncio.sleep(0)
        return self.is_quiet()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.lost.set_result(None)
            if self.on_close is not None:
                self.on_close()


class Origins:
    """Pools with one limit, and the connections that they made."""

    def __init__(self, limit: int, names: str = "ab") -> None:
        self.limit = ConnectionLimit(limit)
        self.made: list[FakeConnection] = []
        self.most_open = 0
        self.fails = self.closes_at_once = False
        loop = asyncio.get_running_loop()
        self.pools = {name: OriginPool(self._connector(name), self.limit, loop) for name in names}

    def _connector(self, name: str) -> Callable[[], asyncio.Future[FakeConnection]]:
        async def connect() -> FakeConnection:
            await asyncio.sleep(0)
            if self.fails:
                raise ConnectError("refused")
            self.made.append(FakeConnection(name))
            if self.closes_at_once:
                self.made[-1].close()
            self.most_open = max(self.most_open, len(self.open()))
            return self.made[-1]

        return connect  # type: ignore[return-value]

    def open(self) -> list[FakeConnection]:
        return [connection for connection in self.made if connection.is_open]

    def waiting(self, name: str) -> asyncio.Task[FakeConnection]:
        return asyncio.create_task(self.pools[name].acquire())


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_connection_whose_use_is_longest_ago_is_taken() -> None:
    origins = Origins(3)
    pool = origins.pools["a"]
    first, second = await pool.acquire(), await pool.acquire()
    first.used_at, second.used_at = 1.0, 2.0
    pool.put(first)
    pool.put(second)
    assert (pool.take(2.0), pool.take(2.0), pool.take(2.0)) == (first, second, None)


async def test_a_connection_is_not_used_after_the_keep_alive_time() -> None:
    origins = Origins(3)
    pool = origins.pools["a"]
    connection = await pool.acquire()
    pool.put(connection)
    assert pool.take(KEEP_ALIVE_S) is None
    assert not connection.is_open


async def test_an_idle_connection_of_another_origin_gives_way() -> None:
    origins = Origins(2)
    old, new = [await origins.pools["a"].acquire() for _ in range(2)]
    old.used_at, new.used_at = 1.0, 2.0
    origins.pools["a"].put(old)
    origins.pools["a"].put(new)

    other = await origins.pools["b"].acquire()

    assert (old.is_open, new.is_open, other.origin) == (False, True, "b")
    assert origins.most_open == 2


async def test_of_all_origins_the_connection_whose_use_is_longest_ago_gives_way() -> None:
    origins = Origins(2, "abc")
    old, new = await origins.pools["a"].acquire(), await origins.pools["b"].acquire()
    old.used_at, new.used_at = 1.0, 2.0
    origins.pools["a"].put(old)
    origins.pools["b"].put(new)

    await origins.pools["c"].acquire()

    assert (old.is_open, new.is_open) == (False, True)


async def test_the_longest_waiter_gets_the_next_connection_of_any_origin() -> None:
    origins = Origins(1)
    taken = await origins.pools["a"].acquire()
    order = [origins.waiting(name) for name in "aba"]
    await turns()
    assert not any(task.done() for task in order)

    origins.pools["a"].put(taken)
    assert await order[0] is taken  # directly
    origins.pools["a"].put(taken)
    other = await order[1]
    assert (taken.is_open, other.origin) == (False, "b")
    other.close()
    assert (await order[2]).origin == "a"
    assert origins.most_open == 1


@pytest.mark.parametrize("is_handed_over", [False, True])
async def test_a_cancelled_waiter_loses_nothing(*, is_handed_over: bool) -> None:
    origins = Origins(1)
    pool = origins.pools["a"]
    taken = await pool.acquire()
    first, second = origins.waiting("a"), origins.waiting("a")
    await turns()
    if is_handed_over:
        pool.put(taken)
        first.cancel()
    else:
        first.cancel()
        pool.put(taken)
    assert await second is taken
    assert first.cancelled()


async def test_a_cancelled_waiter_passes_a_place_on() -> None:
    origins = Origins(1)
    taken = await origins.pools["a"].acquire()
    first, second = origins.waiting("a"), origins.waiting("b")
    await turns()
    taken.close()
    first.cancel()
    assert (await second).origin == "b"


async def test_a_connection_that_cannot_be_made_takes_no_place() -> None:
    origins = Origins(1)
    origins.fails = True
    for _ in range(3):
        with pytest.raises(ConnectError):
            await origins.pools["a"].acquire()
    origins.fails = False
    assert (await origins.pools["b"].acquire()).is_open


async def test_a_connection_that_closes_while_it_is_made_takes_no_place() -> None:
    origins = Origins(1)
    origins.closes_at_once = True
    for _ in range(3):
        with pytest.raises(NoAnswerError):
            await origins.pools["a"].acquire()
    origins.closes_at_once = False
    assert (await origins.pools["b"].acquire()).is_open


async def test_a_connection_in_doubt_is_not_used_and_takes_no_place() -> None:
    origins = Origins(1)
    pool = origins.pools["a"]
    connection = await pool.acquire()
    connection.is_in_doubt = True
    pool.put(connection)
    other = await pool.acquire()
    assert (connection.is_open, other is connection) == (False, False)
    connection = await pool.acquire(other)
    assert connection is other


async def test_a_connection_that_closes_while_it_is_idle_takes_no_place() -> None:
    origins = Origins(1)
    connection = await origins.pools["a"].acquire()
    origins.pools["a"].put(connection)
    connection.close()
    assert origins.pools["a"].take(0.0) is None
    assert (await origins.pools["b"].acquire()).is_open


async def test_a_new_connection_in_doubt_is_an_error() -> None:
    origins = Origins(1)
    pool = origins.pools["a"]
    waiting = origins.waiting("a")
    for _ in range(2):  # it is made, and not yet settled
        await asyncio.sleep(0)
    origins.made[0].is_in_doubt = True
    with pytest.raises(NoAnswerError):
        await waiting
    assert (await pool.acquire()).is_open


async def test_all_connections_are_closed_at_the_end() -> None:
    origins = Origins(3)
    pool = origins.pools["a"]
    idle, _ = await pool.acquire(), await pool.acquire()
    pool.put(idle)
    await pool.close()
    assert origins.open() == []


# Each step: which of the calls goes on, and how it ends.
STEPS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["put", "close", "cancel"])), max_size=60
)


@given(limit=st.integers(1, 3), steps=STEPS)
def test_no_caller_waits_while_there_is_a_place(limit: int, steps: list[tuple[int, str]]) -> None:
    """Six callers of three origins call, release, close and are cancelled in any order."""

    async def play() -> None:
        origins = Origins(limit, "abc")
        calls: dict[int, asyncio.Task[FakeConnection]] = {}
        for caller, end in steps:
            pool = origins.pools["abc"[caller % 3]]
            task = calls.pop(caller, None)
            if task is None:
                calls[caller] = asyncio.create_task(pool.acquire())
            elif end == "cancel" or not task.done():
                if not task.cancel():
                    (await task).close()
            elif end == "put":
                pool.put(task.result())
            else:
                task.result().close()
            if len(steps) % 2:
                await turns()
        await turns()
        served = [task for task in calls.values() if task.done() and not task.cancelled()]
        assert len(served) == min(limit, len(calls))
        assert origins.most_open <= limit
        for task in calls.values():
            task.cancel()
        await asyncio.gather(*calls.values(), return_exceptions=True)

    asyncio.run(play())
