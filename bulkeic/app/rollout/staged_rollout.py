"""The application of a run: all jobs at once, or wave by wave, each verified."""

import itertools
import time

import msgspec

from bulkeic.app.options.command_options import ApplyOptions
from bulkeic.app.rollout.conditions import Conditions
from bulkeic.app.rollout.next_wave import next_wave_line
from bulkeic.app.run.outcome_tally import OutcomeTally
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.run.session import RunSession
from bulkeic.app.run_files.run_flags import with_waves
from bulkeic.app.setup.run_setup import apply_policy
from bulkeic.core.change.policy import Rollback, Verify
from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.model import Status, rfc3339
from bulkeic.core.rollout.gates import must_ask
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.run_events import WaveDone, WaveStarted
from bulkeic.core.rollout.waves import NewWaves, Wave
from bulkeic.core.rollout.windows import bake_left_s
from bulkeic.output.console import Console
from bulkeic.output.files.results import NoResults, Results
from bulkeic.output.formatting import counted, duration
from bulkeic.output.terminal.styles import Style, styled, styled_count, styled_line
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_rows import RunRows


class Rollout:
    """Applies a run.

    Args:
        session: in which to work.
        run: the run file.
        options: how to work.
        results: where outcomes are written.
        console: prints progress, and asks between waves.
        new_waves: to store in the run before it starts; none: the run keeps the waves it has.
        conditions: under which waves start and go on.
    """

    def __init__(
        self,
        session: RunSession,
        run: RunFile,
        options: ApplyOptions,
        *,
        results: Results,
        console: Console,
        new_waves: NewWaves = NewWaves(),  # noqa: B008 - it cannot change
        conditions: Conditions | None = None,
    ) -> None:
        self._conditions = conditions or Conditions()
        self._new_waves = new_waves
        self._session = session
        self._run = run
        self._options = options
        self._results = results
        self._console = console
        if new_waves.waves:
            metadata = with_waves(run.metadata, options, new_waves.rules)
            run.save_metadata(msgspec.structs.replace(metadata, before_image=True))
        self._policy = apply_policy(run, force=options.force)
        self._confirms = not options.yes and not options.sandbox and console.can_confirm

    async def work(self) -> None:
        """Works until every job has its outcome, or the session is stopped."""
        run, session = self._run, self._session
        run.begin_session("apply", time.time(), session.origin)
        if self._new_waves.waves:
            run.waves.store(self._new_waves)
        waves = run.waves.all()
        if waves and not run.jobs.have_waves:
            run.waves.include(run.jobs.lanes())
        lanes = None
        async with self._conditions.watching():
            if not waves:
                await self._conditions.hold(0, "the run")
                lanes = await self._apply(None)
            for wave, following in itertools.zip_longest(waves, waves[1:]):
                await self._work_on_wave(wave, following, of=waves[-1].number)
                if session.stopped is not None:
                    break
        run.end_session(session.stopped or lanes or "done")

    async def _apply(self, wave: int | None) -> str | None:
        """Applies the pending jobs of one wave or of all: which lanes stopped, as text."""
        feed = RunFeed(self._run, JobFilter.PENDING, wave)
        with self._conditions.working(wave or 0):
            stopped = await self._session.work_through(
                feed, self._policy, self._run, self._results, "updating"
            )
        for lane, reason in stopped.items():
            return f"{counted(len(stopped), 'lane')} stopped, for example {lane}: {reason}"
        return None

    async def _work_on_wave(self, wave: Wave, following: Wave | None, *, of: int) -> None:
        name = f"wave {wave.number} of {of}"
        failures, has_worked = self._session.failures, False
        if self._run.jobs.lanes(JobFilter.PENDING, wave.number):
            await self._conditions.hold(wave.number, name)
            if not self._is_going():
                self._saved(wave, stopped=self._session.stopped)
                return
            has_worked = True
            wave = self._begun(wave)
            self._console.print(f"{name}: {counted(wave.targets, 'target')}")
            self._session.announce(WaveStarted, wave=wave.number, of=of, targets=wave.targets)
            lanes = await self._apply(wave.number)
            if lanes is not None:
                self._session.stop(f"{name}: {lanes}")
            if self._session.stopped is not None:
                self._saved(wave, stopped=self._session.stopped)
                return
        failed = self._session.failures - failures
        if wave.verified is None and wave.started_at is not None:
            has_worked = True
            wave = self._saved(wave, ended_at=wave.ended_at or _now())
            wave = await self._verify(wave, name)
        if has_worked and self._session.stopped is None:
            self._print_done(wave, failed, of)
        is_front = following is None or following.started_at is None
        if wave.verified is not None and (has_worked or is_front) and self._is_going():
            await self._watch(wave, following, of, has_worked=has_worked)
        if has_worked and following is not None and self._session.stopped is None:
            await self._let_continue(wave, name, failed)

    def _print_done(self, wave: Wave, failed: int, of: int) -> None:
        verified, drifted = wave.verified or 0, wave.drifted or 0
        name = f"wave {wave.number} of {of}"
        self._console.print(
            styled_line(
                f"{name}: ",
                styled("done", Style.GOOD),
                f", {verified:,} verified, ",
                styled_count(failed, Style.BAD, "failed"),
            )
        )
        self._session.announce(
            WaveDone,
            wave=wave.number,
            of=of,
            targets=wave.targets,
            verified=verified,
            drifted=drifted,
            failed=failed,
        )

    def _begun(self, wave: Wave) -> Wave:
        """A wave that has jobs to apply: what it changes is not verified, even if it was before."""
        begun = wave.started_at or _now()
        return self._saved(
            wave, started_at=begun, ended_at=None, verified=None, drifted=None, stopped=None
        )

    async def _verify(self, wave: Wave, name: str) -> Wave:
        """Reads again what the wave has written, and compares.

        A target that cannot be read counts as a failure, and drift stops the rollout.
        """
        found = OutcomeTally()
        policy = Verify(Rollback())
        feed = RunFeed(self._run, JobFilter.WRITTEN, wave.number)
        targets = sum(feed.lanes().values())
        await self._session.work_through(feed, policy, found, NoResults(), "verifying")
        self._run.record(RunRows(), found.traffic)
        drifted = found.count(Status.FAILED, DRIFTED)
        unread = targets - found.count(Status.UNCHANGED) - drifted
        of_all = f"of {counted(targets, 'target')}"
        if unread and self._session.stopped is None:
            example = _example(found, ignored=DRIFTED)
            text = f"{name}: {unread:,} {of_all} could not be read again{example}"
            self._console.print(text)
            self._session.count_failures(unread, text)
        if unread and self._session.stopped is not None:
            return self._saved(wave, stopped=self._session.stopped)
        if drifted:
            self._session.stop(f"{name}: {drifted:,} {of_all} drifted{_example(found)}", Halt.DRIFT)
        return self._saved(
            wave, verified=targets - unread, drifted=drifted, stopped=self._session.stopped
        )

    async def _watch(
        self, wave: Wave, following: Wave | None, waves: int, *, has_worked: bool
    ) -> None:
        """Waits for the minimum time after a wave, then asks the gate, unless it has agreed."""
        options = self._options
        asks = options.gate.command is not None and (
            has_worked or must_ask(self._run.gates.last_of(wave.number), wave)
        )
        left_s = bake_left_s(wave.ended_at, options.bake_s, time.time())
        if left_s and (following is not None or asks or self._conditions.have_alarms):
            self._console.print(f"wave {wave.number} of {waves}: bakes for {duration(left_s)}")
            await self._session.pause(left_s)
        if asks:
            from bulkeic.app.rollout.wave_gate import WaveGate  # noqa: PLC0415 - few runs have a gate

            watch = WaveGate(self._session, self._run, options.gate, self._console)
            await watch.ask(wave, following, waves)
        if following is None:
            await self._conditions.look_at_end(wave.number, f"wave {wave.number} of {waves}")
        if self._session.stopped != wave.stopped:
            self._saved(wave, stopped=self._session.stopped)

    async def _let_continue(self, wave: Wave, name: str, failures: int) -> None:
        """Lets the next wave start: after an answer, after a pause, or at once."""
        if self._confirms and self._options.wave_pause_s is None:
            self._console.print(next_wave_line(self._run, self._options, self._policy, wave))
            if not await self._session.confirm("continue with the next wave?"):
                self._session.stop(f"not confirmed to continue after {name}")
        elif failures and self._options.max_failures is None:
            self._session.stop(
                f"{failures:,} failed in {name}; check them, then set --max-failures to continue",
                Halt.FAILURES,
            )
        elif self._options.wave_pause_s:
            pause_s = self._options.wave_pause_s
            self._console.print(f"the next wave starts in {duration(pause_s)}")
            await self._session.pause(pause_s)
        if self._session.stopped is not None:
            self._saved(wave, stopped=self._session.stopped)

    def _is_going(self) -> bool:
        return self._session.stopped is None

    def _saved(self, wave: Wave, **changes: object) -> Wave:
        wave = msgspec.structs.replace(wave, **changes)
        self._run.waves.save(wave)
        return wave


def _now() -> str:
    return rfc3339(time.time())


def _example(found: OutcomeTally, ignored: str | None = None) -> str:
    for code, outcome in found.examples.items():
        if code != ignored:
            where = f"{outcome.source} {outcome.function_name}"
            return f", for example {where}: {outcome.error_message}"
    return ""
