"""The application of a run file, from its question to its result, for several commands."""

import time
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.options.command_options import ApplyOptions
from bulkeic.app.report.error_examples import read_errors
from bulkeic.app.rollout.conditions import Conditions
from bulkeic.app.rollout.staged_rollout import Rollout
from bulkeic.app.run.invocation import Invocation, with_exit_code
from bulkeic.app.run.session import INTERRUPTED, RunSession
from bulkeic.app.run_files.new_waves import new_waves, unused_rule_lines
from bulkeic.app.run_files.next_commands import flags_of, resume_command, selection_flags
from bulkeic.app.run_files.reversibility import reversibility_text
from bulkeic.app.run_files.run_binding import caller_lines
from bulkeic.app.run_files.run_flags import with_create_missing
from bulkeic.app.setup.run_setup import apply_policy
from bulkeic.core.change.policy import calls_per_job
from bulkeic.core.errors import RunFileError, StoppedError, UsageError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.gates import awaits_gate
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.waves import NewWaves
from bulkeic.core.rollout.windows import waits_left_s
from bulkeic.core.summary import Summary
from bulkeic.output.owner_text import owner_lines
from bulkeic.output.rollout_text import wave_preview_lines
from bulkeic.output.summary_text import summary_lines
from bulkeic.store.run_file import RunFile


def must_roll_back(run: RunFile, options: ApplyOptions, halt: Halt | None) -> bool:
    """Whether a run that was halted must be rolled back."""
    return halt is not None and options.on_halt == "rollback" and run.has_changes_to_roll_back()


def apply_run(run: RunFile, options: ApplyOptions, invocation: Invocation) -> Summary:
    """Asks for confirmation, applies what is pending in a run, and prints the result.

    Args:
        run: the run file.
        options: how to work.
        invocation: of the command.

    Raises:
        RunFileError: the run file cannot be read, and nothing was sent.
        UsageError: alarms or the calendar do not let it start, and nothing was sent.
        StoppedError: it cannot be read any more after the work.
    """
    retry = None
    if options.retry_failed:
        retry = run.reopening.retry_failed(options.error_codes, time.time())
    with invocation.watchers.watching(run, _command(run)):
        return _apply_run(run, options, invocation, retry)


def _command(run: RunFile) -> str:
    return "apply" if run.metadata.restores is None else "rollback"


def _apply_run(
    run: RunFile, options: ApplyOptions, invocation: Invocation, retry: int | None
) -> Summary:
    lanes = run.jobs.lanes()
    if not _has_work(run, options):
        invocation.console.print("nothing left to do")
    waves = new_waves(run, options)
    confirmed = not lanes or _is_confirmed(run, lanes, options, invocation, waves)
    if confirmed:
        if lanes and options.create_missing and not run.metadata.create_missing:
            flags = with_create_missing(run.metadata.made_with)
            run.save_metadata(replace(run.metadata, create_missing=True, made_with=flags))
        try:
            stopped, halt = _roll_out(run, options, invocation, waves)
        except UsageError as error:
            if retry is not None:
                run.reopening.undo_retry(retry)
            raise UsageError(f"{error}; resume with: {_same_command(run, options)}") from None
    else:
        stopped, halt = "not confirmed; nothing was sent", None
        if retry is not None:
            run.reopening.undo_retry(retry)
    try:
        is_end = not must_roll_back(run, options, halt)
        summary = _print_result(run, options, invocation, stopped, is_end=is_end)
    except RunFileError as error:
        if not confirmed:
            raise
        raise StoppedError(f"{error}; some jobs may have been done") from None
    return replace(summary, halted=halt)


def _same_command(run: RunFile, options: ApplyOptions) -> str:
    """The command that starts a run that was refused."""
    flags = flags_of(options)
    if Path(options.source) == run.path:
        flags = {**flags, **selection_flags(options.selection)}
    has_waves = run.metadata.wave_rules is not None or bool(run.waves.all())
    return resume_command(str(run.path), flags, has_waves=has_waves)


def _has_work(run: RunFile, options: ApplyOptions) -> bool:
    """Whether jobs are pending, waves are not verified, or the gate must still be asked."""
    return bool(run.jobs.lanes()) or run.waves.have_unverified() or _awaits_gate(run, options)


def _awaits_gate(run: RunFile, options: ApplyOptions) -> bool:
    has_gate = options.gate.command is not None
    return has_gate and awaits_gate(run.waves.all(), run.gates.all())


def _is_confirmed(
    run: RunFile,
    lanes: dict[Lane, int],
    options: ApplyOptions,
    invocation: Invocation,
    new: NewWaves,
) -> bool:
    """Prints what is going to happen, and asks if the options do not confirm it."""
    policy = apply_policy(run, force=options.force)
    waves = run.waves.all() or new.waves
    try:
        waits_s = waits_left_s(
            waves, bake_s=options.bake_s, pause_s=options.wave_pause_s, now=time.time()
        )
        calls = calls_per_job(policy, in_waves=bool(waves))
        invocation.print_preview(run, lanes, calls, waits_s=waits_s)
        shown = new.lanes if new.are_from_file else ()
        invocation.print_lines(wave_preview_lines(waves, shown) + unused_rule_lines(run, new.rules))
        invocation.print_lines(caller_lines(run) + owner_lines(run.owners.count(), can_skip=True))
        reversibility = reversibility_text(run, in_waves=bool(waves))
        if options.yes or options.sandbox or invocation.console.agrees:
            invocation.console.print(reversibility)
            return True
        return invocation.console.confirm(f"{reversibility}; update them?")
    except KeyboardInterrupt:
        return False


def _roll_out(
    run: RunFile,
    options: ApplyOptions,
    invocation: Invocation,
    new: NewWaves,
) -> tuple[str | None, Halt | None]:
    """Applies a run: why it stopped early, or ``None``, and whether that is a halt.

    Raises:
        UsageError: alarms or the calendar do not let it start. Nothing was sent.
    """
    conditions = _conditions(run, options, invocation)
    sessions: list[RunSession] = []

    async def work(session: RunSession) -> None:
        sessions.append(session)
        await session.wait_for_window()
        if session.stopped is not None:
            return
        rollout = Rollout(
            session,
            run,
            options,
            results=invocation.results,
            console=invocation.console,
            new_waves=new,
            conditions=conditions,
        )
        await rollout.work()

    budget = options.max_failures
    stopped = invocation.work(
        run,
        work,
        command=_command(run),
        results=invocation.results,
        has_jobs=_has_work(run, options),
        max_failures=None if budget is None else budget.of(run.counts.targets()),
        guard=conditions.guard,
    )
    return stopped, next((session.halt for session in sessions), None)


def _conditions(run: RunFile, options: ApplyOptions, invocation: Invocation) -> Conditions:
    """The alarms and the calendar of a run.

    Raises:
        UsageError: an account of them cannot be reached.
    """
    given = options.monitoring
    if not given.are_given or not _has_work(run, options):
        return Conditions()
    from bulkeic.app.rollout.watched_places import find_places  # noqa: PLC0415 - few runs have any
    from bulkeic.app.rollout.wave_conditions import WaveConditions  # noqa: PLC0415 - as above

    places = find_places(run, given, invocation.resolver)
    timeout_s = options.pace.timeout_s
    return WaveConditions(run, given, places, invocation.console, timeout_s=timeout_s)


def _print_result(
    run: RunFile,
    options: ApplyOptions,
    invocation: Invocation,
    stopped: str | None,
    *,
    is_end: bool,
) -> Summary:
    """Prints the result of a run, and the next steps."""
    has_waves_left = run.waves.have_unverified() or _awaits_gate(run, options)
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED} or has_waves_left)
    summary = with_exit_code(summary, summary.exit_code, stopped)
    errors = read_errors(run, summary, in_full=options.verbose)
    result = partial(summary_lines, summary, errors)
    notes = [reversibility_text(run)]
    return invocation.print_end(run, summary, result, notes, stopped, is_end=is_end)
