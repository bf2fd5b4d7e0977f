"""The workers of a session: asks them, watches their leases, and moves the lanes of lost ones."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
import msgspec

from bulkeic.app.access.runtime import first_cause
from bulkeic.app.run.engine_source import NO_WORKER
from bulkeic.cluster.command.team_health import TeamHealth, WorkDone
from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.command.worker_link import LinkLostError, WorkerLink
from bulkeic.cluster.messages import (
    Ask,
    Begin,
    decode_tell,
    decode_welcome,
    encode,
)
from bulkeic.cluster.worker.lane_host import read_lease_clock
from bulkeic.core.accounts import Account, Accounts
from bulkeic.core.errors import UsageError
from bulkeic.core.leases.lane_leases import LaneLeases
from bulkeic.core.leases.placement import place_lanes
from bulkeic.core.model import Lane
from bulkeic.output.console import Console

_WAIT_S = 0.2
"""How long a worker without news may take for an answer; so long a stop takes at most."""

_SHORT_WAIT_S = 0.03
"""The same, while the worker waits for before-images to be stored, or for jobs."""

_READ_LATE_S = 0.05

WELCOME_S = 60.0
"""How long a worker may take to start."""


class WorkerTeam:
    """The workers of a session. An async context manager.

    Args:
        links: to the workers, which are started.
        begin: the first message to each.
        accounts: how each account is reached.
        health: records what the workers do, and which are lost.
        console: says what the end waits for.
        restart: starts a worker with a number, from 1, in place of one that was silent for its
            lease, or has ended because the command was; ``None``: that is not possible.
        welcome_s: how long a worker may take for its first answer, seconds.
    """

    def __init__(
        self,
        links: Sequence[WorkerLink],
        begin: Begin,
        accounts: Accounts,
        *,
        health: TeamHealth,
        console: Console,
        restart: Callable[[int], WorkerLink] | None = None,
        welcome_s: float = WELCOME_S,
    ) -> None:
        self._welcome_s = welcome_s
        self._restart = restart
        self._links = dict(enumerate(links))
        self._starting: dict[int, anyio.Event] = {}
        self._begin = begin
        self._accounts = accounts
        self._health = health
        self._console = console
        self._leases = LaneLeases(begin.terms)
        self._holders: dict[Lane, int] = {}
        self._moved: set[Lane] = set()
        self._known_accounts: dict[int, set[str]] = {number: set() for number in self._links}
        self._work: TeamRun | None = None
        self._changed = anyio.Event()
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._tasks = await self._exits.enter_async_context(anyio.create_task_group())
        try:
            async with anyio.create_task_group() as starts:
                for number in self._links:
                    starts.start_soon(self._welcome, number)
        except BaseException as error:
            self._tasks.cancel_scope.cancel()
            await self._exits.aclose()
            await self._close()
            if isinstance(error, BaseExceptionGroup):
                raise first_cause(error) from None
            raise
        self._tasks.start_soon(self._watch_leases)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._health.print_all()
        self._tasks.cancel_scope.cancel()
        try:
            return await self._exits.__aexit__(kind, error, traceback)
        finally:
            await self._close()

    async def work_through(self, work: TeamRun) -> None:
        """Works through a pass, until it has ended on every worker."""
        for started in [*self._starting.values()]:
            await started.wait()
        self._place(work)
        if not self._leases.alive:
            work.stop(NO_WORKER)
            return
        for number in self._leases.alive:
            work.join(number, self._leases.lanes_of(number))
        self._work = work
        try:
            await work.ended.wait()
        finally:
            self._work = None
            # Their workers do not know yet that others have called them.
            self._moved.update(lane for lane, each in work.lanes.items() if each.is_moved)
            self._health.save()

    def _place(self, work: TeamRun) -> None:
        """Grants each lane of a pass to a worker; those of earlier passes stay where they are."""
        loads = self._loads(work)
        new = {lane: each.left for lane, each in work.lanes.items() if lane not in self._holders}
        if not loads:
            return
        for lane, number in place_lanes(new, loads).items():
            self._grant(lane, number)
        self._count_lanes()
        for lane in self._moved & work.lanes.keys():
            work.lanes[lane].is_moved = True
            self._moved.remove(lane)

    def _count_lanes(self) -> None:
        leases = self._leases
        self._health.placed({each: len([*leases.lanes_of(each)]) for each in leases.alive})

    def _loads(self, work: TeamRun) -> dict[int, int]:
        """The jobs of each worker that is not lost."""
        loads = dict.fromkeys(self._leases.alive, 0)
        for lane, each in work.lanes.items():
            holder = self._holders.get(lane)
            if holder in loads:
                loads[holder] += each.left
        return loads

    def _grant(self, lane: Lane, number: int) -> None:
        self._leases.grant(lane, number)
        self._holders[lane] = number

    async def _welcome(self, number: int) -> None:
        """Introduces the command to a worker.

        Raises:
            UsageError: the worker does not work for it.
        """
        link = self._links[number]
        try:
            with anyio.fail_after(self._welcome_s):
                answer = decode_welcome(await link.exchange(encode(self._begin)))
        except LinkLostError as error:
            raise UsageError(f"{link.name} cannot be used: {error}") from None
        except TimeoutError:
            await link.kill()
            raise UsageError(
                f"{link.name} has not answered for {self._welcome_s:g} s; use fewer workers, or "
                "check its machine"
            ) from None
        except msgspec.MsgspecError as error:
            raise UsageError(f"{link.name}: its answer is not valid: {error}") from None
        if answer.version != self._begin.version:
            raise UsageError(
                f"{link.name} has version {answer.version}, and this command has "
                f"{self._begin.version}; install the same version on both"
            )
        if answer.problem is not None:
            raise UsageError(f"{link.name}: {answer.problem}")
        self._leases.add_worker(number, read_lease_clock())
        self._health.welcomed(number, link.name)
        # At once: its lease runs while others start.
        self._tasks.start_soon(self._converse, number)

    async def _converse(self, number: int) -> None:
        """Asks a worker, again and again, until it is lost."""
        link, question = self._links[number], 0
        while True:
            question += 1
            work = self._work
            ask = self._ask(number, question, work)
            try:
                tell = decode_tell(await link.exchange(encode(ask)))
            except LinkLostError as error:
                how, lost_lease = str(error), error.lost_lease
                self._lose(number, how, has_ended=error.has_ended, is_replaced=lost_lease)
                return
            except msgspec.MsgspecError as error:
                has_ended = await link.kill()
                self._lose(number, f"its answer is not valid: {error}", has_ended=has_ended)
                return
            done = WorkDone() if work is None else work.take(number, tell)
            self._health.heard(number, done)
            if not self._leases.heard(number, read_lease_clock()):
                return

    def _ask(self, number: int, question: int, work: TeamRun | None) -> Ask:
        if work is None:
            return Ask(number=question, acknowledged=question - 1, wait_s=_WAIT_S)
        parts = work.next_parts(number)
        known = self._known_accounts[number]
        accounts = {
            grant.lane.account_id: Account(grant.lane.account_id, self._accounts.access(grant.lane))
            for grant in parts.grants
            if grant.lane.account_id not in known
        }
        known.update(accounts)
        return Ask(
            number=question,
            acknowledged=question - 1,
            wait_s=_SHORT_WAIT_S if work.is_waited_for(number) else _WAIT_S,
            start=parts.start,
            accounts=list(accounts.values()),
            grants=parts.grants,
            stored=parts.stored,
            stop=parts.stop,
            ends=parts.ends,
        )

    def _lose(self, number: int, how: str, *, has_ended: bool, is_replaced: bool = False) -> None:
        """Goes on without a worker."""
        is_news = number in self._leases.alive
        self._leases.lose(number, has_ended=has_ended)
        if is_news:
            self._report_lost(number, how, is_replaced=is_replaced)
        self._leave(number)

    def _report_lost(self, number: int, how: str, *, is_replaced: bool) -> None:
        if is_replaced:
            self._replace()
        self._health.lost(number, how, len(self._leases.alive) + len(self._starting))

    def _leave(self, number: int) -> None:
        if self._work is not None:
            if not self._leases.alive and not self._starting:
                self._work.stop(NO_WORKER)
            self._work.lost(number)
        self._changed.set()

    def _replace(self) -> None:
        """Starts a worker in place of one that is lost, if that is possible."""
        number = len(self._links)
        if self._restart is None:
            return
        try:
            self._links[number] = self._restart(number + 1)
        except OSError:
            return
        self._known_accounts[number] = set()
        self._starting[number] = anyio.Event()
        if self._work is not None:
            self._work.join(number, ())
        self._tasks.start_soon(self._start, number)

    async def _start(self, number: int) -> None:
        try:
            await self._welcome(number)
            self._console.print(f"{self._links[number].name} has started")
        except UsageError as error:
            self._console.print(str(error))
        self._starting.pop(number).set()
        if number in self._leases.known:
            self._changed.set()
        else:
            self._leave(number)

    async def _watch_leases(self) -> None:
        """Gives up silent workers, and grants the lanes of lost ones again.

        Lanes wait for workers that start in place of lost ones.
        """
        while True:
            self._changed = anyio.Event()
            now = read_lease_clock()
            for number in self._leases.lose_silent(now):
                how = f"not heard for {self._begin.terms.lease_s:g} s"
                self._report_lost(number, how, is_replaced=True)
                self._leave(number)
                self._tasks.start_soon(self._end, number)
            if not self._starting:  # else the first one that has started would get all lanes
                self._move(self._leases.take_free(now))
            with anyio.move_on_after(max(0.0, self._leases.next_change() - now)):
                await self._changed.wait()
                continue
            # This process may have been suspended: answers that came meanwhile are read first.
            await anyio.sleep(_READ_LATE_S)

    async def _end(self, number: int) -> None:
        """Ends a silent worker. If that is certain, its lanes are free at once."""
        has_ended = await self._links[number].kill()
        self._leases.lose(number, has_ended=has_ended)
        self._changed.set()

    def _move(self, lanes: Sequence[Lane]) -> None:
        """Grants lanes to the workers that are left; without a pass, the next one does it."""
        for lane in lanes:
            del self._holders[lane]
        work = self._work
        if work is None or not self._leases.alive:
            self._moved.update(lanes)
            return
        open_lanes = {lane: work.lanes[lane].left for lane in lanes if lane in work.lanes}
        self._moved.update(lane for lane in lanes if lane not in open_lanes)
        for lane, number in place_lanes(open_lanes, self._loads(work)).items():
            self._grant(lane, number)
            work.move(lane, number)
        self._count_lanes()

    async def _close(self) -> None:
        """Lets the workers end. When this returns, none of them makes calls any more."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                for number in self._links:
                    tasks.start_soon(self._close_link, number)
            left_s = self._leases.all_ended_at() - read_lease_clock()
            if left_s > 0:
                self._console.print(f"waiting {left_s:.0f} s for the leases of lost workers to end")
                await anyio.sleep(left_s)

    async def _close_link(self, number: int) -> None:
        has_ended = await self._links[number].close()
        if number in self._leases.known:
            self._leases.lose(number, has_ended=has_ended)
