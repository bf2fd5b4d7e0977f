"""``bulkeic bench``: loads put on an endpoint, and what they come to."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
from msgspec.structs import replace

from bulkeic.app.run.invocation import (
    FAILED_EXIT,
    INTERRUPTED_TWICE_EXIT,
    STOPPED_EXIT,
    print_json,
    screen_of,
)
from bulkeic.app.run.session import INTERRUPTED, INTERRUPTED_TWICE
from bulkeic.app.run.signals import SignalWatch
from bulkeic.app.runtime import first_cause, open_access, run_async
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.output_files import check_writable
from bulkeic.app.setup.run_setup import check_not_read, check_yes, endpoint
from bulkeic.aws.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.bench.model.apply_forecast import forecast_apply
from bulkeic.bench.model.measurements import (
    BenchOperation,
    BenchResult,
    LaneLimit,
    Measures,
    encode,
)
from bulkeic.bench.model.workload import Load, LoadModel, loads_of
from bulkeic.bench.report.html_page import check_charts, page
from bulkeic.bench.report.live_view import LiveWatch, NoWatch, Watch
from bulkeic.bench.report.result_text import bench_lines
from bulkeic.bench.run.bench_targets import jobs_of_lanes, targets_of
from bulkeic.bench.run.host_info import machine, versions
from bulkeic.bench.run.load_run import LoadRun, Targets
from bulkeic.bench.run.sandbox_process import sandbox_process
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.output.results import STDOUT


def bench(options: BenchOptions) -> int:
    """Puts loads on an endpoint and tells what came of it.

    Returns:
        The command's exit code: 3 when it was stopped early or could not write a file, 1 when
        no request of a load succeeded, else 0.

    Raises:
        BulkeicError: nothing was sent, for the reason that it tells.
    """
    if options.forecast is not None:
        options = _to_forecast(options)
    screen = screen_of(options)
    loads = loads_of(options.load)
    _check_outputs(options)
    if options.operation is BenchOperation.UPDATE:
        check_yes(options, yes=options.yes)
    reach = AccountResolver(options.access, options.timeout_s, sandbox=options.sandbox)
    targets = targets_of(options, reach, screen)
    jobs = None
    if options.forecast is not None:
        jobs = jobs_of_lanes(options, options.forecast, reach, screen)
        if not jobs:
            raise UsageError(f"{quoted(options.forecast)}: there is no target in it to forecast")
    if not _agreed(options, loads, targets, screen):
        return STOPPED_EXIT
    bench = _Bench(options, loads, targets, reach, screen)
    bench.run()
    result = bench.result()
    if jobs is not None and options.forecast is not None:
        result = replace(
            result,
            forecast=forecast_apply(
                _readable(options.forecast),
                jobs,
                bench.limits,
                headroom=options.headroom,
                concurrency=options.concurrency,
            ),
        )
    return _told(result, bench.stopped, options, screen)


def _to_forecast(options: BenchOptions) -> BenchOptions:
    """A forecast needs the limits of its file's lanes."""
    source = options.source
    if not source and options.functions is None:
        source = options.forecast or ""
    return replace(options, source=source, load=replace(options.load, find_limit=True))


def _check_outputs(options: BenchOptions) -> None:
    if options.html is not None:
        check_charts()
    if options.source and options.functions is not None:
        raise UsageError("SOURCE and --functions are two ways to say what is called; give one")
    kept = [os.path.realpath(path) for path in (options.html, options.results) if path is not None]
    if len(kept) > len(set(kept)):
        raise UsageError("--html and --results are one file; name another one")
    for flag, path in (("--results", options.results), ("--html", options.html)):
        if path == STDOUT:
            raise UsageError(f"{flag} -: name a file; --output json prints the results on stdout")
        if path is not None:
            check_writable(Path(path), f"{flag} {quoted(path)}")
            read = (options.source, options.access.accounts, options.forecast)
            check_not_read(flag, path, *read)


def _agreed(options: BenchOptions, loads: list[Load], targets: Targets, screen: Console) -> bool:
    number = sum(map(len, targets.values()))
    where = endpoint(options)
    screen.say(
        f"{counted(number, 'target')} in {counted(len(targets), 'lane')}; "
        f"{'; '.join(map(str, loads))}{_times(options.repeat)}; on {where}"
    )
    functions = {(lane, each.function) for lane, every in targets.items() for each in every}
    for load in loads:
        if load.model is LoadModel.CLOSED and load.concurrency > len(functions):
            screen.say(
                f"warning: {load.concurrency:,} at once need as many functions, and there are "
                f"{len(functions):,}: a function has one call at a time"
            )
    if options.operation is BenchOperation.GET or options.yes or options.sandbox:
        return True
    return screen.ask("write back what each of them has?")


def _times(repeat: int) -> str:
    return "" if repeat == 1 else f"; {repeat} times"


class _Bench:
    """One invocation at work."""

    def __init__(
        self,
        options: BenchOptions,
        loads: list[Load],
        targets: Targets,
        reach: AccountResolver,
        screen: Console,
    ) -> None:
        self.stopped: str | None = None
        self.limits: dict[Lane, LaneLimit] = {}
        self._options = options
        self._loads = loads
        self._targets = targets
        self._accounts = reach.accounts
        self._screen = screen
        self._measures: list[Measures] = []
        self._course: LoadRun | None = None

    def run(self) -> None:
        """Puts every load on, as often as asked for."""
        with SignalWatch() as self._interruptions:
            try:
                run_async(self._run)
            except BaseExceptionGroup as group:
                raise first_cause(group) from None

    def result(self) -> BenchResult:
        """All that there is to tell."""
        options = self._options
        return BenchResult(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=versions(),
            machine=machine(),
            flags=[_readable(word) for word in options.words],
            seed=options.seed,
            endpoint=endpoint(options),
            operation=options.operation,
            targets=sum(map(len, self._targets.values())),
            lanes=len(self._targets),
            measures=self._measures,
        )

    async def _run(self) -> None:
        options = self._options
        async with (
            _access(options) as access,
            LambdaCaller(
                access,
                accounts=self._accounts,
                session=options.access.role_session(),
                timeout_s=options.timeout_s,
                concurrency=max(load.concurrency for load in self._loads),
            ) as caller,
            anyio.create_task_group() as tasks,
        ):
            self._tasks = tasks
            tasks.start_soon(self._watch)
            for repeat in range(options.repeat):
                for load in self._loads:
                    if self.stopped is None:
                        await self._put_on(load, repeat, caller)
            tasks.cancel_scope.cancel()

    async def _put_on(self, load: Load, repeat: int, caller: LambdaCaller) -> None:
        options = self._options
        course = self._course = LoadRun(
            load,
            self._targets,
            options.operation,
            caller,
            options.limits(),
            grace_s=options.timeout_s,
            seed=options.seed + repeat,
            watch=self._shown(),
        )
        self._measures.append(await course.run(repeat))
        self.limits = course.limits()
        self.stopped = self.stopped or course.stopped

    def _shown(self) -> Watch:
        shows = self._options.progress and self._screen.is_terminal
        return LiveWatch() if shows else NoWatch()

    async def _watch(self) -> None:
        await self._interruptions.obey(self._stop, self._leave, self._screen)

    def _stop(self) -> None:
        self.stopped = INTERRUPTED
        if self._course is not None:
            self._course.stop(INTERRUPTED)

    def _leave(self) -> None:
        self.stopped = INTERRUPTED_TWICE
        self._tasks.cancel_scope.cancel()


@asynccontextmanager
async def _access(options: BenchOptions) -> AsyncIterator[Access]:
    if not options.sandbox:
        yield open_access(options.access)
        return
    async with sandbox_process() as access:
        yield access


def _told(result: BenchResult, stopped: str | None, options: BenchOptions, screen: Console) -> int:
    """Tells what was measured, on the terminal and wherever else it is wanted."""
    for line in bench_lines(result, screen.width):
        screen.say(line)
    kept = encode(result)
    is_kept = True
    if options.results is not None:
        is_kept = _write(options.results, kept, screen)
    if options.html is not None:
        is_kept = _write(options.html, page(result).encode(), screen) and is_kept
    if stopped is not None:
        screen.say(f"stopped: {stopped}")
    code = _exit_code(result, stopped, is_kept=is_kept)
    return print_json(kept, code, screen) if options.output == "json" else code


def _exit_code(result: BenchResult, stopped: str | None, *, is_kept: bool) -> int:
    if stopped == INTERRUPTED_TWICE:
        return INTERRUPTED_TWICE_EXIT
    if stopped is not None or not is_kept:
        return STOPPED_EXIT
    return FAILED_EXIT if any(each.is_in_vain for each in result.measures) else 0


def _readable(word: str) -> str:
    """A word of the command line as JSON and people can have it: a file's name may be any bytes."""
    return os.fsencode(word).decode(errors="replace")


def _write(path: str, text: bytes, screen: Console) -> bool:
    """Writes a file, or says why that cannot be: what was measured is told all the same."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
    except OSError as error:
        screen.say(f"bulkeic: {quoted(path)}: {error.strerror}")
        return False
    return True
