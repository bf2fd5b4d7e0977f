"""``bulkeic rollback``: restores what the targets of a run had before, as a new run."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.commands.plan import check_diff, plan_run
from bulkeic.app.options.command_options import ApplyOptions, RollbackOptions
from bulkeic.app.rollout.application import apply_run
from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.run.invocation import Invocation
from bulkeic.app.run.local_engines import open_local_engines
from bulkeic.app.run_files.run_binding import check_caller, check_place, place
from bulkeic.app.run_files.run_choice import choose_jobs, left_out_lines
from bulkeic.app.run_files.run_opening import open_run
from bulkeic.app.setup.run_setup import (
    check_resumable,
    check_yes,
    new_metadata,
    new_run_path,
    verify_policy,
)
from bulkeic.core.change.policy import Verify
from bulkeic.core.change.snapshot import goal_snapshot
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Job, Lane
from bulkeic.core.rollout.rollback_guard import NO_BEFORE_IMAGE
from bulkeic.core.rollout.waves import reversed_waves
from bulkeic.core.summary import Summary
from bulkeic.core.targets.selection import EVERY_TARGET
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile

_NO_IMAGE = "the run changed it without a before-image, so what it had before is not known"


def rollback(options: RollbackOptions, open_engines: OpenEngines = open_local_engines) -> int:
    """Creates a run that rolls back another one, and applies or plans it.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was sent.
    """
    invocation = Invocation(options, open_engines)
    return invocation.finish(roll_back(options, invocation))


def roll_back(options: RollbackOptions, invocation: Invocation) -> Summary:
    """Does what ``rollback`` does, in any surroundings: the new run in numbers.

    Raises:
        BulkeicError: why nothing was sent.
    """
    _check_flags(options, invocation.console)
    with (
        invocation,
        new_rollback(options, invocation.resolver, invocation.console) as run,
    ):
        if options.plan:
            return plan_run(run, options.show, invocation, force=options.force)
        return apply_run(run, apply_options(options, str(run.path)), invocation)


def _check_flags(options: RollbackOptions, console: Console) -> None:
    check_diff(options.show, options)
    if options.plan:
        for flag, value in (
            ("--results", options.results),
            ("--max-failures", options.max_failures),
            ("--until", options.window.until),
            ("--not-before", options.window.not_before),
        ):
            if value is not None:
                raise UsageError(f"{flag} does not go with --plan, which changes nothing")
    else:
        check_yes(options, console)
        if options.show.diff or options.show.detailed_exitcode:
            raise UsageError("--diff and --detailed-exitcode require --plan")


def apply_options(options: RollbackOptions, path: str) -> ApplyOptions:
    """The options that apply the run of a rollback.

    Args:
        options: of the rollback.
        path: of its run file.
    """
    given = msgspec.structs.asdict(options)
    changed = {"source": path, "selection": EVERY_TARGET}
    known = ApplyOptions.__struct_fields__
    return ApplyOptions(**{name: given[name] for name in known if name in given} | changed)


@contextmanager
def new_rollback(
    options: RollbackOptions,
    resolver: AccountResolver,
    console: Console,
    *,
    in_reverse: bool = False,
) -> Iterator[RunFile]:
    """The new run file; it is deleted if the run cannot start.

    Args:
        options: of the rollback.
        resolver: knows which accounts can be reached.
        console: prints notes.
        in_reverse: roll back the last target and the last wave first.

    Raises:
        BulkeicError: the run cannot be rolled back.
    """
    path, ends = _create(options, resolver, console, in_reverse=in_reverse)
    run = RunFile(path, is_new=True)
    try:
        if in_reverse and run.jobs.have_waves:
            run.waves.create_by_rows()
        elif ends:
            run.waves.create(ends)
        for line in left_out_lines(run, options.selection):
            console.print(line)
        check_resumable(run, options, resolver, console)
    except BaseException:
        run.close()
        path.unlink()
        raise
    try:
        yield run
    finally:
        run.close()


def _create(
    options: RollbackOptions, resolver: AccountResolver, console: Console, *, in_reverse: bool
) -> tuple[Path, Sequence[Mapping[Lane, int]]]:
    """Creates the run file: for each target that may have changed, what it had before.

    Returns:
        Its path, and for each wave the number of each lane's jobs that are done by its end.
    """
    old = open_run(Path(options.source), console, accept_loss=options.accept_loss)
    try:
        choose_jobs(old, options.selection)
        check_place(old, options, console)
        check_caller(old, resolver, console)
        _check_before_images(old)
        without_image = old.changed_without_before_image()
        if without_image:
            console.print(
                f"{counted(without_image, 'target')} of run file {quoted(str(old.path))} changed "
                "without a before-image and cannot be rolled back; verify shows what they have"
            )
        path = new_run_path(options)
        metadata = msgspec.structs.replace(
            new_metadata(options, old.metadata.source),
            place=old.metadata.place or place(options),
            account_id=old.metadata.account_id,
            caller_arn=old.metadata.caller_arn,
            restores=str(old.path.absolute()),
            planned=options.plan,
            owner_sources=old.metadata.owner_sources,
            left_out=str(old.jobs.changed_left_out() or "") or None,
        )
        loader = Loader(path, metadata)
        try:
            _load(loader, old, verify_policy(old), in_reverse=in_reverse)
        except BaseException:
            loader.discard()
            raise
        return path, _waves_back(old) if in_reverse else ()
    finally:
        old.close()


def _waves_back(old: RunFile) -> Sequence[Mapping[Lane, int]]:
    changed = [old.jobs.lanes(JobFilter.CHANGED, wave.number) for wave in old.waves.all()]
    return reversed_waves(changed, old.jobs.lanes(JobFilter.CHANGED))


def _load(loader: Loader, old: RunFile, policy: Verify, *, in_reverse: bool) -> None:
    last = old.jobs.last_touched()
    last_wave = max((wave.number for wave in old.waves.all()), default=0)
    for job, after in old.jobs.changed_jobs():
        before = job.before_snapshot
        assert before is not None  # noqa: S101 - it was read
        left = goal_snapshot(job.settings, before, policy) if after is None else after
        back = msgspec.structs.replace(
            job,
            settings=before,
            before_snapshot=None,
            expected=left,
            wave=job.wave if in_reverse else None,
        )
        loader.add(_reversed(back, last, last_wave) if in_reverse else back)
    for job in old.jobs.changed_without_before_image():
        failed = _reversed(job, last, last_wave) if in_reverse else job
        loader.add_failed(failed, NO_BEFORE_IMAGE, _NO_IMAGE)
    loader.set_roles(old.roles())
    known = set(loader.lanes())
    for lane in old.owners.read_lanes():
        if lane in known:
            loader.owners.mark_read(loader.lane_id(lane))
    loader.finish()


def _reversed(job: Job, last: int, last_wave: int) -> Job:
    """A job whose place and wave are as far from the end as they were from the start."""
    wave = None if job.wave is None else last_wave + 1 - job.wave
    return msgspec.structs.replace(job, seq=last - job.seq, wave=wave)


def _check_before_images(old: RunFile) -> None:
    name = quoted(str(old.path))
    if old.jobs.count_changed():
        return
    if old.has_changes_to_roll_back():
        raise UsageError(f"none of the targets that run file {name} changed is selected")
    if old.counts.needs():
        raise UsageError(f"nothing of run file {name} was sent; there is nothing to roll back")
    raise UsageError(
        f"run file {name} has no before-images, so it cannot be rolled back; "
        "apply stores them unless --no-before-image is given"
    )
