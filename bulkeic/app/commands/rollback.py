"""``bulkeic rollback``: what the targets of a run had before is put back, as a run of its own."""

from pathlib import Path

import msgspec

from bulkeic.app.commands.apply import apply_run
from bulkeic.app.commands.plan import check_show, plan_run
from bulkeic.app.run.invocation import exit_with, results_of, screen_of
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.options import ApplyOptions, RollbackOptions
from bulkeic.app.setup.run_metadata import PLANNED, RESTORES
from bulkeic.app.setup.run_setup import (
    check_opened,
    check_place,
    check_yes,
    new_path,
    origin,
    verify_policy,
)
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.snapshot import goal_snapshot
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile


def rollback(options: RollbackOptions) -> int:
    """Makes a run that takes another one back, and does it, or plans it.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: nothing was sent, for the reason that it tells.
    """
    screen = screen_of(options)
    _check_flags(options)
    results = results_of(options)
    try:
        reach = AccountResolver(options.access, options.timeout_s, sandbox=options.sandbox)
        path = _make(options, screen)
        run = _opened(path, options, reach)
        try:
            if options.plan:
                summary = plan_run(
                    run, options, options.show, reach.accounts, screen, force=options.force
                )
            else:
                applied = _as_apply(options, str(path))
                summary = apply_run(run, applied, reach.accounts, results, screen)
        finally:
            run.close()
    finally:
        results.close()
    return exit_with(summary, options, screen)


def _check_flags(options: RollbackOptions) -> None:
    check_show(options.show, options)
    if options.plan:
        for flag, value in (
            ("--results", options.results),
            ("--max-failures", options.max_failures),
        ):
            if value is not None:
                raise UsageError(f"{flag} does not go with --plan, which changes nothing")
    else:
        check_yes(options, yes=options.yes)
        if options.show.diff or options.show.detailed_exitcode:
            raise UsageError("--diff and --detailed-exitcode go with --plan")


def _as_apply(options: RollbackOptions, path: str) -> ApplyOptions:
    given = msgspec.structs.asdict(options)
    known = ApplyOptions.__struct_fields__
    return ApplyOptions(**{name: given[name] for name in known if name in given} | {"source": path})


def _opened(path: Path, options: RollbackOptions, reach: AccountResolver) -> RunFile:
    """The run file that was made; what cannot be begun leaves none."""
    run = RunFile(path, is_new=True)
    try:
        check_opened(run, options, reach)
    except BaseException:
        run.close()
        path.unlink()
        raise
    return run


def _make(options: RollbackOptions, screen: Console) -> Path:
    """Makes the run file: for each target that may have been changed, what it had before."""
    old = RunFile(Path(options.source))
    try:
        check_place(old, options)
        _check(old)
        unkept = old.changed_without_before_image()
        if unkept:
            screen.say(
                f"{counted(unkept, 'target')} of run file {quoted(str(old.path))} had no "
                "before-image when changed, and cannot be put back; verify tells what they have"
            )
        rules = verify_policy(old)
        facts = {
            **origin(options),
            "source": old.source,
            RESTORES: str(old.path.absolute()),
        }
        path = new_path(options)
        loader = Loader(path, facts | ({PLANNED: "yes"} if options.plan else {}))
        try:
            for job, after in old.jobs.changed_jobs():
                before = job.before_snapshot
                assert before is not None  # noqa: S101 - it was read
                left = goal_snapshot(job.settings, before, rules) if after is None else after
                back = msgspec.structs.replace(
                    job, settings=before, before_snapshot=None, expected=left
                )
                loader.add(back)
            loader.set_roles(old.roles())
            loader.finish()
        except BaseException:
            loader.discard()
            raise
        return path
    finally:
        old.close()


def _check(old: RunFile) -> None:
    name = quoted(str(old.path))
    if old.can_be_rolled_back():
        return
    if old.needs():
        raise UsageError(f"nothing of run file {name} was sent; there is nothing to take back")
    raise UsageError(
        f"run file {name} has no before-images, so nothing can be put back; "
        "apply keeps them with --before-image, with --waves, and after a plan"
    )
