"""A run applied: all at once, or in waves that are verified one after another."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.app.run.outcome_tally import OutcomeTally
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import RunSession
from bulkeic.app.setup.options import ApplyOptions
from bulkeic.app.setup.run_metadata import BEFORE_IMAGE, PLANNED
from bulkeic.app.setup.run_setup import apply_policy
from bulkeic.core.model import Lane, Status, rfc3339
from bulkeic.core.policy import Rollback, Verify
from bulkeic.core.reconcile import DRIFTED
from bulkeic.core.waves import Wave, cumulative_counts, spread_over_lanes, spread_over_regions
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted, duration
from bulkeic.output.results import NoResults, Results
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

Spread = Sequence[Mapping[Lane, int]]
"""For each wave, how many of each lane's pending jobs are done by its end."""


def deal(run: RunFile, options: ApplyOptions) -> Spread:
    """How the pending jobs of a run are dealt out to waves; none are asked for: not at all."""
    jobs = run.jobs.lanes()
    if not jobs:
        return ()
    if options.wave_by == "region":
        return spread_over_regions(jobs, options.waves)
    return (
        spread_over_lanes(jobs, cumulative_counts(options.waves, sum(jobs.values())))
        if options.waves
        else ()
    )


class Rollout:
    """The jobs of a run on their way.

    Args:
        session: that works on them.
        run: the run file.
        options: how.
        results: where outcomes are written.
        screen: where people are told, and asked.
        spread_out: the waves that are to be settled; none: those that the run has.
    """

    def __init__(
        self,
        session: RunSession,
        run: RunFile,
        options: ApplyOptions,
        *,
        results: Results,
        screen: Console,
        spread_out: Spread = (),
    ) -> None:
        self._spread_out = spread_out
        self._session = session
        self._run = run
        self._options = options
        self._results = results
        self._screen = screen
        if spread_out:
            run.set_fact(BEFORE_IMAGE, "yes")
        self._rules = apply_policy(run, force=options.force)
        self._is_asked = not options.yes and not options.sandbox and screen.can_ask

    async def work(self) -> None:
        """Works until every job has its outcome, or the session is stopped."""
        run, session = self._run, self._session
        run.begin_session("apply", time.time())
        if PLANNED in run.facts and self._options.force:
            run.mark_pending_as_sent()
        if self._spread_out:
            run.waves.create(self._spread_out)
        waves = run.waves.all()
        if not waves:
            lanes = await self._apply(None)
            run.end_session(session.stopped or lanes or "done")
            return
        for wave in waves:
            await self._wave(wave, last=wave is waves[-1], of=len(waves))
            if session.stopped is not None:
                break
        run.end_session(session.stopped or "done")

    async def _apply(self, wave: int | None) -> str | None:
        """Does what is pending, of a wave or of all: which lanes have stopped, in words."""
        feed = RunFeed(self._run, JobFilter.PENDING, wave)
        stopped = await self._session.drain(feed, self._rules, self._run, self._results, "updating")
        for lane, reason in stopped.items():
            return f"{counted(len(stopped), 'lane')} stopped, such as {lane}: {reason}"
        return None

    async def _wave(self, wave: Wave, *, last: bool, of: int) -> None:
        name = f"wave {wave.number} of {of}"
        failures, worked = self._session.failures, False
        if self._run.jobs.lanes(JobFilter.PENDING, wave.number):
            worked = True
            wave = self._noted(wave, started_at=wave.started_at or _now(), stopped=None)
            self._screen.say(f"{name}: {counted(wave.targets, 'target')}")
            lanes = await self._apply(wave.number)
            if lanes is not None:
                self._session.stop(f"{name}: {lanes}")
            if self._session.stopped is not None:
                self._noted(wave, stopped=self._session.stopped)
                return
        if wave.verified is None:
            worked = True
            wave = self._noted(wave, ended_at=wave.ended_at or _now())
            wave = await self._verify(wave, name)
        if worked and self._session.stopped is None:
            failed = self._session.failures - failures
            self._screen.say(f"{name}: done, {wave.verified:,} verified, {failed:,} failed")
            if not last:
                await self._pass(wave, name, failed)

    async def _verify(self, wave: Wave, name: str) -> Wave:
        """Reads again what the wave has written, and compares."""
        found = OutcomeTally()
        rules = Verify(Rollback())
        feed = RunFeed(self._run, JobFilter.WRITTEN, wave.number)
        targets = sum(feed.lanes().values())
        await self._session.drain(feed, rules, found, NoResults(), "verifying")
        self._run.record((), found.traffic)
        drifted = found.count(Status.FAILED, DRIFTED)
        unread = targets - found.count(Status.UNCHANGED) - drifted
        of_all = f"of {counted(targets, 'target')}"
        if unread:
            example = _example(found, but=DRIFTED)
            self._session.stop(f"{name}: {unread:,} {of_all} could not be read again{example}")
            return self._noted(wave, stopped=self._session.stopped)
        if drifted:
            are = "is" if drifted == 1 else "are"
            self._session.stop(f"{name}: {drifted:,} {of_all} {are} not as set{_example(found)}")
        return self._noted(wave, verified=targets, drifted=drifted, stopped=self._session.stopped)

    async def _pass(self, wave: Wave, name: str, failures: int) -> None:
        """Goes on to the next wave: after a pause, an answer, or at once."""
        if self._is_asked and self._options.wave_pause_s is None:
            if not await self._session.ask("go on with the next wave?"):
                self._session.stop(f"no answer to go on after {name}")
        elif failures and self._options.max_failures is None:
            self._session.stop(
                f"{failures:,} failed in {name}; look at them, and say with --max-failures how "
                "many may"
            )
        elif self._options.wave_pause_s:
            pause_s = self._options.wave_pause_s
            self._screen.say(f"the next wave begins in {duration(pause_s)}")
            await self._session.rest(pause_s)
        if self._session.stopped is not None:
            self._noted(wave, stopped=self._session.stopped)

    def _noted(self, wave: Wave, **changes: object) -> Wave:
        wave = msgspec.structs.replace(wave, **changes)
        self._run.waves.save(wave)
        return wave


def _now() -> str:
    return rfc3339(time.time())


def _example(found: OutcomeTally, but: str | None = None) -> str:
    for code, outcome in found.examples.items():
        if code != but:
            where = f"{outcome.source} {outcome.function_name}"
            return f", such as {where}: {outcome.error_message}"
    return ""
