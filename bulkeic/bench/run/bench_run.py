"""Runs all loads of a benchmark, one after another."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime

import anyio
from msgspec.structs import replace

from bulkeic.app.access.runtime import first_cause, open_access, run_async
from bulkeic.app.run.engine_factory import open_caller
from bulkeic.app.run.session import INTERRUPTED, INTERRUPTED_TWICE
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.run_files.run_binding import place
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.bench.model.measurements import BenchOperation, BenchResult, LaneLimit, Measures
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.live_view import LiveView, NoLiveView, TerminalLiveView
from bulkeic.bench.run.engine_run import Targets
from bulkeic.bench.run.host_info import machine, versions
from bulkeic.bench.run.load_run import LoadRun
from bulkeic.bench.run.sandbox_process import sandbox_process
from bulkeic.core.accounts import Accounts
from bulkeic.core.model import Lane
from bulkeic.core.permissions import PERMISSIONS
from bulkeic.engine.limits import EngineLimits
from bulkeic.output.console import Console

_SECTIONS = {BenchOperation.GET: "bench", BenchOperation.UPDATE: "bench --operation update"}
"""The commands of ``core.permissions``."""


class BenchRun:
    """Measures every load as often as requested.

    Args:
        options: of the command.
        loads: the loads, in order.
        targets: the targets of each lane.
        accounts: how each account is reached.
        console: shows the progress.

    Attributes:
        stopped: why the benchmark ended early; ``None``: it did not.
        limits: limits that the last load found.
    """

    def __init__(
        self,
        options: BenchOptions,
        loads: list[Load],
        targets: Targets,
        accounts: Accounts,
        console: Console,
    ) -> None:
        self.stopped: str | None = None
        self.limits: Mapping[Lane, LaneLimit] = {}
        self._options = options
        self._loads = loads
        self._targets = targets
        self._accounts = accounts
        self._console = console
        self._measures: list[Measures] = []
        self._load_run: LoadRun | None = None

    def run(self) -> None:
        """Runs all loads."""
        with SignalWatch() as self._interruptions:
            try:
                run_async(self._run)
            except BaseExceptionGroup as group:
                raise first_cause(group) from None

    def result(self) -> BenchResult:
        """The result so far."""
        options = self._options
        return BenchResult(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=versions(),
            machine=machine(),
            flags=[printable_word(word) for word in options.words],
            seed=options.seed,
            endpoint=place(options),
            operation=options.operation,
            targets=sum(map(len, self._targets.values())),
            lanes=len(self._targets),
            measures=self._measures,
        )

    async def _run(self) -> None:
        options = self._options
        async with (
            open_caller(
                sandbox_process() if options.sandbox else nullcontext(open_access(options.access)),
                self._accounts,
                options.access.role_session(PERMISSIONS[_SECTIONS[options.operation]]),
                timeout_s=options.pace.timeout_s,
                concurrency=max(load.concurrency for load in self._loads),
            ) as caller,
            anyio.create_task_group() as tasks,
        ):
            self._tasks = tasks
            tasks.start_soon(self._watch_interruptions)
            for repeat in range(options.repeat):
                for load in self._loads:
                    if self.stopped is None:
                        await self._run_load(load, repeat, caller)
            tasks.cancel_scope.cancel()

    async def _run_load(self, load: Load, repeat: int, caller: LambdaCaller) -> None:
        options = self._options
        load_run = self._load_run = LoadRun(
            load,
            self._targets,
            options.operation,
            caller,
            _limits(options),
            grace_s=options.pace.timeout_s,
            seed=options.seed + repeat,
            watch=self._watch(),
        )
        measures = await load_run.run(repeat)
        self._measures.append(measures)
        self.limits = load_run.limits
        self.stopped = self.stopped or measures.stopped

    def _watch(self) -> LiveView:
        is_live = self._options.progress and self._console.is_terminal
        return TerminalLiveView() if is_live else NoLiveView()

    async def _watch_interruptions(self) -> None:
        await self._interruptions.handle(self._stop, self._leave, self._console)

    def _stop(self) -> None:
        self.stopped = INTERRUPTED
        if self._load_run is not None:
            self._load_run.stop(INTERRUPTED)

    def _leave(self) -> None:
        self.stopped = INTERRUPTED_TWICE
        self._tasks.cancel_scope.cancel()


def printable_word(word: str) -> str:
    """A word of the command line as valid Unicode: a file name may contain any bytes."""
    return os.fsencode(word).decode(errors="replace")


def _limits(options: BenchOptions) -> EngineLimits:
    """The limits of the engine; a refused request ends with its attempts or its time limit."""
    budget_s = 0.0 if options.pace.max_attempts == 1 else options.pace.timeout_s
    limits = options.pace.limits()
    return replace(limits, throttle_budget_s=min(budget_s, limits.throttle_budget_s))
