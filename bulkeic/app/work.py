"""A run at work: engine, recorder, signals and, if asked for, the embedded sandbox."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio

from bulkeic.app.feed import RunFeed
from bulkeic.app.interruptions import Interruptions
from bulkeic.app.options import ApplyOptions
from bulkeic.app.recorder import Recorder
from bulkeic.app.running import open_access
from bulkeic.aws import Access, LambdaCaller
from bulkeic.core.accounts import Accounts
from bulkeic.core.model import Lane
from bulkeic.engine import Engine
from bulkeic.output import Progress, Results, Screen
from bulkeic.output.numbers import counted
from bulkeic.store import RunFile

_SHOWN_LANES = 10
INTERRUPTED = "interrupted"
INTERRUPTED_TWICE = "interrupted twice"


async def work(
    run: RunFile,
    options: ApplyOptions,
    accounts: Accounts,
    *,
    results: Results,
    progress: Progress,
    screen: Screen,
    interruptions: Interruptions,
) -> str | None:
    """Works on a run's pending jobs.

    Returns:
        Why it ended early, one line; ``None`` when every job has its outcome.
    """
    feed = RunFeed(run)
    recorder = Recorder(run, results, progress)
    async with AsyncExitStack() as parts:
        access = await parts.enter_async_context(_access(run, options))
        caller = await parts.enter_async_context(
            LambdaCaller(
                access,
                accounts=accounts,
                session=options.access.role_session(),
                timeout_s=options.timeout_s,
                concurrency=options.concurrency,
            )
        )
        engine = Engine(feed, caller, recorder, options.limits())
        run.begin_session(time.time())
        progress.start(sum(feed.lanes().values()))
        try:
            await _until_done(engine, recorder, interruptions, screen)
        finally:
            progress.stop()
    lanes = engine.stopped_lanes()
    _tell_stopped(lanes, screen)
    stopped = engine.stopped or (f"{counted(len(lanes), 'lane')} stopped" if lanes else None)
    run.end_session(stopped or "done")
    return engine.stopped


def _tell_stopped(lanes: dict[Lane, str], screen: Screen) -> None:
    for lane, reason in list(lanes.items())[:_SHOWN_LANES]:
        screen.say(f"lane {lane} stopped: {reason}; its jobs are pending")
    if len(lanes) > _SHOWN_LANES:
        screen.say(f"and {len(lanes) - _SHOWN_LANES:,} lanes more")


async def _until_done(
    engine: Engine, recorder: Recorder, interruptions: Interruptions, screen: Screen
) -> None:
    async with anyio.create_task_group() as all_of_it:
        all_of_it.start_soon(_watch, engine, all_of_it.cancel_scope, interruptions, screen)
        async with anyio.create_task_group() as recording:
            recording.start_soon(recorder.commit, engine)
            recording.start_soon(recorder.publish, engine)
            try:
                await engine.run()
            finally:
                recorder.end()
        all_of_it.cancel_scope.cancel()


async def _watch(
    engine: Engine, scope: anyio.CancelScope, interruptions: Interruptions, screen: Screen
) -> None:
    """The first signal stops the run in good order, the second one at once."""
    await interruptions.next(known=0)
    engine.stop(INTERRUPTED)
    screen.say("stopping: calls in flight finish; Ctrl-C again leaves at once")
    await interruptions.next(known=1)
    engine.stopped = INTERRUPTED_TWICE
    scope.cancel()


@asynccontextmanager
async def _access(run: RunFile, options: ApplyOptions) -> AsyncIterator[Access]:
    if not options.sandbox:
        yield open_access(options.access)
        return
    from bulkeic.sandbox import Sandbox  # noqa: PLC0415 - hardly any run needs it

    async with Sandbox() as sandbox:
        for target in run.every_target():
            lane = target.lane
            sandbox.hold(lane.account_id, lane.region, target.function, target.qualifier)
        yield Access(endpoint_url=sandbox.url, credentials=sandbox.credentials, isolated=True)
