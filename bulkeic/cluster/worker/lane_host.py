"""The worker's end of the protocol: answers a command's questions, and works meanwhile.

The lease is checked before every call (``may_start``). While the command is not heard, the engine
holds: it starts no call and takes no token. When the lease is lost, the worker ends.
"""

import time
from contextlib import AsyncExitStack, nullcontext
from types import TracebackType
from typing import Self

import anyio

from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.aws.identity.access import Access
from bulkeic.cluster.messages import Ask, Begin, Grant, Tell
from bulkeic.cluster.worker.hosted_pass import HostedPass
from bulkeic.cluster.worker.lane_owners import LaneOwners
from bulkeic.core.accounts import Accounts
from bulkeic.core.errors import AccessError, UsageError
from bulkeic.core.leases.worker_lease import LeaseState, WorkerLease
from bulkeic.core.model import Lane

_BATCH_S = 0.02
"""How long an answer collects results after the first one."""

_CHECK_AGAIN_S = 0.5


class LeaseLostError(Exception):
    """The command was not heard for the whole lease, and may have granted the lanes again."""


def read_lease_clock() -> float:
    """Seconds that pass also while the machine is suspended, where the system has such a clock."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class LaneHost:
    """Hosts the engine for one command. An async context manager.

    Args:
        begin: the command's first message.
        access: the worker's own access to AWS.
    """

    def __init__(self, begin: Begin, access: Access) -> None:
        self._lease = WorkerLease(begin.terms, read_lease_clock())
        self._accounts = Accounts()
        self._owners = LaneOwners(access, self._accounts, timeout_s=begin.timeout_s)
        self._engines = EngineFactory(
            nullcontext(access),
            self._accounts,
            begin.role_session,
            begin.limits,
            timeout_s=begin.timeout_s,
        )
        self._pass: HostedPass | None = None
        self._give_up_after_s = begin.limits.give_up_after_s
        self._refused: list[tuple[Lane, str]] = []
        self._unchecked: dict[Lane, list[Grant]] = {}
        self._last: Tell | None = None
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._exits.enter_async_context(self._engines)
        self._tasks = await self._exits.enter_async_context(anyio.create_task_group())
        self._tasks.start_soon(self._watch_lease)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        return await self._exits.__aexit__(kind, error, traceback)

    async def exchange(self, ask: Ask) -> Tell:
        """Takes what the command has sent, and returns what was done.

        A question that comes after a later one does nothing: the command has its answer.

        Raises:
            LeaseLostError: the worker must end.
        """
        if self._last is not None and ask.number < self._last.number:
            return Tell(number=ask.number)
        now = read_lease_clock()
        was_held = self._lease.state(now) is LeaseState.HELD
        self._lease.acknowledged(ask.acknowledged, now)
        if self._lease.state(now) is LeaseState.LOST:
            raise LeaseLostError
        if was_held and self._pass is not None and self._may_start():
            self._pass.wake()
        if self._last is None or ask.number != self._last.number:
            await self._take(ask)
            await self._wait_for_news(ask)
            self._last = self._answer(ask.number)
        # The lease counts from here: the command knows that the worker was there at this time.
        self._lease.message_made(ask.number, read_lease_clock())
        return self._last

    def last_tell(self) -> Tell:
        """What was done and not told yet, after the lease was lost."""
        number = 1 if self._last is None else self._last.number + 1
        told = self._answer(number)
        return Tell(number=number, outcomes=told.outcomes, pages=told.pages, traffic=told.traffic)

    async def _take(self, ask: Ask) -> None:
        for account in ask.accounts:
            self._accounts.add_entry(account)
        if ask.start is not None:
            self._pass = HostedPass(ask.start, self._engines, self._may_start)
            self._unchecked, self._refused = {}, []
            self._tasks.start_soon(self._pass.run)
            await anyio.lowlevel.checkpoint()  # the engine starts, and then takes jobs
        if self._pass is None:
            return
        for grant in ask.grants:
            self._grant(self._pass, grant)
        self._pass.sink.stored(ask.stored)
        if ask.stop is not None:
            self._pass.stop(ask.stop)
        if ask.ends:
            self._pass.end()

    def _grant(self, to: HostedPass, grant: Grant) -> None:
        """Passes jobs on, once it is known whose credentials their lane is called with."""
        lane = grant.lane
        if lane in self._unchecked:
            self._unchecked[lane].append(grant)
        elif self._owners.is_known(lane):
            self._admit(to, grant)
        else:
            self._unchecked[lane] = [grant]
            self._tasks.start_soon(self._check_owner, to, lane)

    def _admit(self, to: HostedPass, grant: Grant) -> None:
        problem = self._owners.problem(grant.lane) if grant.total else None
        if problem is None:
            to.grant(grant)
        else:
            self._refuse(to, grant.lane, problem)

    def _refuse(self, to: HostedPass, lane: Lane, problem: str) -> None:
        self._refused.append((lane, problem))
        to.sink.news.set()

    async def _check_owner(self, to: HostedPass, lane: Lane) -> None:
        """Finds out whose the credentials for a lane are. They may be missing for a while."""
        unchecked, limit_s, problem = self._unchecked, self._give_up_after_s, None
        give_up_at = read_lease_clock() + limit_s
        while not self._owners.is_known(lane) and problem is None:
            try:
                await self._owners.find(lane)
            except UsageError as error:
                problem = str(error)
            except AccessError as error:
                await anyio.sleep(_CHECK_AGAIN_S)
                if read_lease_clock() >= give_up_at:
                    problem = f"no credentials for {limit_s:g} s: {error}"
        grants = unchecked.pop(lane)
        if self._pass is not to:
            return
        if problem is not None:
            self._refuse(to, lane, problem)
            return
        for grant in grants:
            self._admit(to, grant)

    async def _wait_for_news(self, ask: Ask) -> None:
        if self._pass is None:
            await anyio.sleep(ask.wait_s)
            return
        if ask.ends and self._pass.is_done:
            return
        with anyio.move_on_after(ask.wait_s):
            await self._pass.sink.news.wait()
            await anyio.sleep(_BATCH_S)

    def _answer(self, number: int) -> Tell:
        if self._pass is None:
            return Tell(number=number)
        tell = self._pass.tell(number)
        refused, self._refused = self._refused, []
        tell.stopped_lanes.extend(refused)
        return tell

    def _may_start(self) -> bool:
        return self._lease.state(read_lease_clock()) is LeaseState.VALID

    async def _watch_lease(self) -> None:
        """Ends the worker when its lease is lost, also if no question comes any more."""
        while True:
            now = read_lease_clock()
            if self._lease.state(now) is LeaseState.LOST:
                raise LeaseLostError
            await anyio.sleep(max(0.01, self._lease.next_change(now) - now))
