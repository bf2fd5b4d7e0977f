"""``bulkeic apply``: updates every target of a targets file or of a run file."""

import time
from collections import Counter

from bulkeic.app.options.command_options import ApplyOptions
from bulkeic.app.options.rollout_options import GateOptions, MonitoringOptions
from bulkeic.app.rollout.application import apply_run, must_roll_back
from bulkeic.app.rollout.stale_plans import STALE_AFTER_S, reopen_stale
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.invocation import Invocation
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run_files.expected_plan import NEEDS_PLAN, check_expected
from bulkeic.app.run_files.new_waves import (
    check_no_wave_flags,
    check_wave_flags,
    check_wave_source,
    has_own_waves,
)
from bulkeic.app.run_files.next_commands import flags_of, next_command, selection_flags
from bulkeic.app.run_files.run_binding import check_caller
from bulkeic.app.run_files.run_choice import unknown_code_lines
from bulkeic.app.run_files.run_flags import check_waves
from bulkeic.app.setup.configured_rollout import for_run
from bulkeic.app.setup.output_files import check_not_overwritten
from bulkeic.app.setup.run_setup import apply_policy, check_yes, has_run_file, run_file, work_left
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.summary import Summary
from bulkeic.output.formatting import counted, duration
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_WAVES_WITHOUT_IMAGES = "waves need before-images; omit --no-before-image"
_WAVES_OF_SELECTION = (
    "waves divide all pending targets of a run file; omit the selection, or give it when the run "
    "is made from a targets file"
)
_ALARM_INTERVAL_S = MonitoringOptions().alarm_interval_s
_NOTHING_TO_FORCE = "--force requires a plan, a rollback or an interrupted run"


def apply(options: ApplyOptions, open_engines: OpenEngines = open_local_engines) -> int:
    """Updates every target of a targets file, or the pending ones of a run file.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was sent.
    """
    invocation = Invocation(options, open_engines)
    return invocation.finish(apply_targets(options, invocation))


def apply_targets(options: ApplyOptions, invocation: Invocation) -> Summary:
    """Does what ``apply`` does, in any surroundings: the run in numbers.

    Raises:
        BulkeicError: why nothing was sent.
    """
    if not has_run_file(options):
        check_yes(options, invocation.console)
    _check_flags(options)
    with invocation:
        with run_file(options, invocation.resolver, invocation.console) as run:
            options = for_run(run, options)
            invocation.work_with(options)
            _check_run(run, options)
            if invocation.results.path not in {"", run.metadata.results} and not options.overwrite:
                check_not_overwritten("--results", str(options.results))
            if has_run_file(options):
                _prepare_resumption(run, options, invocation)
            summary = apply_run(run, options, invocation)
            rolls_back = must_roll_back(run, options, summary.halted)
        if rolls_back:
            from bulkeic.app.commands.halted_rollback import roll_back_halted  # noqa: PLC0415 - few runs are halted

            summary = roll_back_halted(run.path, options, invocation, summary)
    return summary


def _check_flags(options: ApplyOptions) -> None:
    if options.wave_by == "lane" and options.waves is None:
        raise UsageError("--wave-by lane requires --waves, the number of targets in each wave")
    check_wave_flags(options)
    if options.in_waves and options.before_image is False:
        raise UsageError(_WAVES_WITHOUT_IMAGES)
    _check_intervals(options)
    if options.on_halt == "rollback" and options.before_image is False:
        raise UsageError("--on-halt rollback needs before-images; omit --no-before-image")
    if options.error_codes and not options.retry_failed:
        raise UsageError("--error-code requires --retry-failed")
    if options.expect is not None:
        _check_exact(options)
    if has_run_file(options):
        return
    if options.force:
        raise UsageError(_NOTHING_TO_FORCE)
    if options.retry_failed:
        raise UsageError("--retry-failed requires a run file")


def _check_intervals(options: ApplyOptions) -> None:
    if options.gate.command is None and options.gate != GateOptions():
        raise UsageError("--gate-interval and --gate-timeout require --gate")
    if not options.monitoring.alarms and options.monitoring.alarm_interval_s != _ALARM_INTERVAL_S:
        raise UsageError("--alarm-interval requires --alarm")


def _check_exact(options: ApplyOptions) -> None:
    if not has_run_file(options):
        raise UsageError(NEEDS_PLAN)
    for flag, is_given in (
        ("--force", options.force),
        ("--create-missing", options.create_missing),
    ):
        if is_given:
            raise UsageError(f"--expect applies a plan exactly as it was reviewed; omit {flag}")


def _check_run(run: RunFile, options: ApplyOptions) -> None:
    """Checks that options go with a run.

    Raises:
        UsageError: they do not.
    """
    name = quoted(str(run.path))
    waves = run.waves.all()
    _check_not_rolled_back(run, options)
    check_wave_source(run, options)
    if options.in_waves and waves:
        check_waves(run, options)
    has_waves = options.in_waves or has_own_waves(run)
    if has_waves and not waves and run.chosen.is_limited:
        raise UsageError(_WAVES_OF_SELECTION)
    if not has_waves and not waves:
        check_no_wave_flags(options)
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
    if options.expect is not None:
        check_expected(run, options.expect)


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
    if not (metadata.keeps_before_images or options.in_waves or has_own_waves(run)):
        raise UsageError(
            f"run file {name} stores no before-images, so it cannot be rolled back; "
            "omit --on-halt rollback"
        )


def _prepare_resumption(run: RunFile, options: ApplyOptions, invocation: Invocation) -> None:
    """Makes jobs of a plan pending again, whose outcome does not hold any more."""
    if run.metadata.planned:
        was_finished = not run.jobs.lanes()
        # The plan is old when the window opens, not when the command is given.
        now = max(time.time(), invocation.window.opens_at or 0.0)
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
        check_yes(options, invocation.console)


def _note_unknown_codes(run: RunFile, options: ApplyOptions, invocation: Invocation) -> None:
    found: Counter[str] = Counter()
    for codes in run.reopening.failed_codes().values():
        found.update(codes)
    invocation.print_lines(unknown_code_lines(options.error_codes, found))
