"""``bulkeic apply``: updates every target of a targets file or of a run file."""

import time
from collections import Counter

from msgspec.structs import replace

from bulkeic.app.run.invocation import Invocation, with_exit_code
from bulkeic.app.run.reversibility import reversibility_text
from bulkeic.app.run.rollout import Rollout, WaveSizes, awaits_gate, new_wave_sizes
from bulkeic.app.run.session import INTERRUPTED, RunSession
from bulkeic.app.run.stale_plans import STALE_AFTER_S, reopen_stale
from bulkeic.app.setup.next_commands import flags_of, next_command, selection_flags
from bulkeic.app.setup.options import ApplyOptions
from bulkeic.app.setup.output_files import check_not_overwritten
from bulkeic.app.setup.rollout_options import GateOptions
from bulkeic.app.setup.run_binding import caller_lines, check_caller
from bulkeic.app.setup.run_choice import unknown_code_lines
from bulkeic.app.setup.run_flags import check_waves, with_create_missing
from bulkeic.app.setup.run_setup import apply_policy, check_yes, has_run_file, run_file, work_left
from bulkeic.core.errors import RunFileError, StoppedError, UsageError, quoted
from bulkeic.core.halts import Halt
from bulkeic.core.model import Lane
from bulkeic.core.policy import calls_per_job
from bulkeic.core.summary import Summary
from bulkeic.core.waves import waves_of
from bulkeic.output.formatting import counted, duration
from bulkeic.output.rollout_text import wave_preview_lines
from bulkeic.output.summary_text import summary_lines
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_NEEDS_WAVES = "{} requires --waves or --wave-by region"
_WAVES_WITHOUT_IMAGES = "waves need before-images; omit --no-before-image"
_WAVES_OF_SELECTION = (
    "--waves and --wave-by divide all pending targets of a run file; omit the selection, or give "
    "it when the run is made from a targets file"
)
_NOTHING_TO_FORCE = "--force requires a plan, a rollback or an interrupted run"


def apply(options: ApplyOptions) -> int:
    """Updates every target of a targets file, or the pending ones of a run file.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was sent.
    """
    invocation = Invocation(options)
    if not has_run_file(options):
        check_yes(options, yes=options.yes)
    _check_flags(options)
    with invocation:
        with run_file(options, invocation.resolver, invocation.console) as run:
            _check_run(run, options)
            if invocation.results.path not in {"", run.metadata.results} and not options.overwrite:
                check_not_overwritten("--results", str(options.results))
            if has_run_file(options):
                _prepare_resumption(run, options, invocation)
            summary = apply_run(run, options, invocation)
            must_roll_back = _must_roll_back(run, options, summary.halted)
        if must_roll_back:
            from bulkeic.app.commands.halted_rollback import roll_back_halted  # noqa: PLC0415 - few runs are halted

            summary = roll_back_halted(run.path, options, invocation, summary)
    return invocation.finish(summary)


def _must_roll_back(run: RunFile, options: ApplyOptions, halt: Halt | None) -> bool:
    """Whether a run is to be rolled back because it was halted."""
    return halt is not None and options.on_halt == "rollback" and run.has_changes_to_roll_back()


def _check_flags(options: ApplyOptions) -> None:
    if options.wave_by == "lane" and options.waves is None:
        raise UsageError("--wave-by lane requires --waves, the number of targets in each wave")
    if options.in_waves and options.before_image is False:
        raise UsageError(_WAVES_WITHOUT_IMAGES)
    if options.gate.command is None and options.gate != GateOptions():
        raise UsageError("--gate-interval and --gate-timeout require --gate")
    if options.on_halt == "rollback" and options.before_image is False:
        raise UsageError("--on-halt rollback needs before-images; omit --no-before-image")
    if options.error_codes and not options.retry_failed:
        raise UsageError("--error-code requires --retry-failed")
    if has_run_file(options):
        return
    _check_waves_exist(options, has_waves=options.in_waves)
    if options.force:
        raise UsageError(_NOTHING_TO_FORCE)
    if options.retry_failed:
        raise UsageError("--retry-failed requires a run file")


def _check_waves_exist(options: ApplyOptions, *, has_waves: bool) -> None:
    """Checks that options of what happens between waves are given only with waves.

    Raises:
        UsageError: there are no waves.
    """
    needs_waves = {
        "--wave-pause": options.wave_pause_s,
        "--bake": options.bake_s,
        "--gate": options.gate.command,
    }
    for flag, value in needs_waves.items():
        if value is not None and not has_waves:
            raise UsageError(_NEEDS_WAVES.format(flag))
    if options.on_halt == "rollback" and not has_waves and options.max_failures is None:
        raise UsageError(
            "--on-halt rollback requires --waves, --wave-by region or --max-failures; "
            "nothing else halts a run"
        )


def _check_run(run: RunFile, options: ApplyOptions) -> None:
    """Checks that options go with a run.

    Raises:
        UsageError: they do not.
    """
    name = quoted(str(run.path))
    waves = run.waves.all()
    _check_not_rolled_back(run, options)
    if options.in_waves and waves:
        check_waves(run, options)
    elif options.in_waves and run.chosen.is_limited:
        raise UsageError(_WAVES_OF_SELECTION)
    _check_waves_exist(options, has_waves=options.in_waves or bool(waves))
    if options.force and not run.metadata.is_guarded and not run.has_changes_to_roll_back():
        raise UsageError(_NOTHING_TO_FORCE)
    if run.metadata.planned:
        unread = sum(run.jobs.lanes(JobFilter.UNREAD).values())
        if unread:
            flags = {**flags_of(options), **selection_flags(options.selection)}
            raise UsageError(
                f"{unread:,} targets of run file {name} are not planned yet; resume with: "
                f"{next_command('plan', str(run.path), flags)}"
            )


def _check_not_rolled_back(run: RunFile, options: ApplyOptions) -> None:
    """Checks that a run has not rolled itself back, and that it could.

    Raises:
        UsageError: it has, or it could not.
    """
    name, metadata = quoted(str(run.path)), run.metadata
    if metadata.rolled_back_by is not None:
        more = ("--yes",) * options.yes + ("--max-failures", "100%")
        command = next_command("apply", metadata.rolled_back_by, flags_of(options), *more)
        raise UsageError(
            f"run file {name} was halted and rolled itself back; resume the rollback with: "
            f"{command}"
        )
    if options.on_halt != "rollback":
        return
    if metadata.restores is not None:
        raise UsageError(f"run file {name} is a rollback; omit --on-halt rollback")
    if not (metadata.keeps_before_images or options.in_waves):
        raise UsageError(
            f"run file {name} stores no before-images, so it cannot be rolled back; "
            "omit --on-halt rollback"
        )


def _prepare_resumption(run: RunFile, options: ApplyOptions, invocation: Invocation) -> None:
    """Makes jobs of a plan pending again, whose outcome does not hold any more."""
    if run.metadata.planned:
        was_finished = not run.jobs.lanes()
        now = time.time()
        stale = reopen_stale(run, apply_policy(run), now)
        if stale:
            invocation.console.print(
                f"{counted(stale, 'target')} had nothing to change when the plan was made, "
                f"more than {duration(STALE_AFTER_S)} ago; they are read again"
            )
        if options.create_missing:
            run.reopening.reopen_unconfigured()
        if was_finished and run.jobs.lanes():
            check_caller(run, invocation.resolver, invocation.console)
    if options.error_codes:
        _note_unknown_codes(run, options, invocation)
    if work_left(run, options):
        check_yes(options, yes=options.yes)


def _note_unknown_codes(run: RunFile, options: ApplyOptions, invocation: Invocation) -> None:
    found: Counter[str] = Counter()
    for codes in run.reopening.failed_codes().values():
        found.update(codes)
    invocation.print_lines(unknown_code_lines(options.error_codes, found))


def apply_run(run: RunFile, options: ApplyOptions, invocation: Invocation) -> Summary:
    """Asks for confirmation, applies what is pending in a run, and prints the result.

    Args:
        run: the run file.
        options: how to work.
        invocation: of the command.

    Raises:
        RunFileError: the run file cannot be read, and nothing was sent.
        StoppedError: it cannot be read any more after the work.
    """
    retry = None
    if options.retry_failed:
        retry = run.reopening.retry_failed(options.error_codes, time.time())
    lanes = run.jobs.lanes()
    if not _has_work(run, options):
        invocation.console.print("nothing left to do")
    new_waves = new_wave_sizes(run, options)
    confirmed = not lanes or _is_confirmed(run, lanes, options, invocation, new_waves)
    if confirmed:
        if lanes and options.create_missing and not run.metadata.create_missing:
            flags = with_create_missing(run.metadata.made_with)
            run.save_metadata(replace(run.metadata, create_missing=True, made_with=flags))
        stopped, halt = _roll_out(run, options, invocation, new_waves)
    else:
        stopped, halt = "not confirmed; nothing was sent", None
        if retry is not None:
            run.reopening.undo_retry(retry)
    try:
        is_end = not _must_roll_back(run, options, halt)
        summary = _print_result(run, invocation, stopped, is_end=is_end)
    except RunFileError as error:
        if not confirmed:
            raise
        raise StoppedError(f"{error}; some jobs may have been done") from None
    return replace(summary, halted=halt)


def _has_work(run: RunFile, options: ApplyOptions) -> bool:
    """Whether jobs are pending, waves are not verified, or the gate must still be asked."""
    return bool(run.jobs.lanes()) or run.waves.have_unverified() or awaits_gate(run, options)


def _is_confirmed(
    run: RunFile,
    lanes: dict[Lane, int],
    options: ApplyOptions,
    invocation: Invocation,
    new_waves: WaveSizes,
) -> bool:
    """Prints what is going to happen, and asks if the options do not confirm it."""
    policy = apply_policy(run, force=options.force)
    waves = run.waves.all() or waves_of(new_waves)
    try:
        waits_s = max(0, len(waves) - 1) * ((options.bake_s or 0) + (options.wave_pause_s or 0))
        calls = calls_per_job(policy, in_waves=bool(waves))
        invocation.print_preview(run, lanes, calls, waits_s=waits_s)
        invocation.print_lines(wave_preview_lines(waves) + caller_lines(run))
        reversibility = reversibility_text(run, in_waves=bool(waves))
        if options.yes or options.sandbox:
            invocation.console.print(reversibility)
            return True
        return invocation.console.confirm(f"{reversibility}; update them?")
    except KeyboardInterrupt:
        return False


def _roll_out(
    run: RunFile,
    options: ApplyOptions,
    invocation: Invocation,
    new_waves: WaveSizes,
) -> tuple[str | None, Halt | None]:
    """Applies a run: why it stopped early, or ``None``, and whether that is a halt."""
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
            new_waves=new_waves,
        )
        await rollout.work()

    budget = options.max_failures
    stopped = invocation.work(
        run,
        work,
        results=invocation.results,
        has_jobs=_has_work(run, options),
        max_failures=None if budget is None else budget.of(run.counts.targets()),
    )
    return stopped, next((session.halt for session in sessions), None)


def _print_result(
    run: RunFile, invocation: Invocation, stopped: str | None, *, is_end: bool
) -> Summary:
    """Prints the result of a run, and the next steps."""
    has_waves_left = run.waves.have_unverified()
    summary = run.summary(stopped=stopped not in {None, INTERRUPTED} or has_waves_left)
    summary = with_exit_code(summary, summary.exit_code, stopped)
    creates = run.metadata.create_missing
    lines = summary_lines(summary, run.examples(), creates_missing=creates)
    lines.append(reversibility_text(run))
    return invocation.print_end(run, summary, lines, stopped, is_end=is_end)
