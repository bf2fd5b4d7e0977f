"""A selection of the jobs of an existing run."""

from collections.abc import Mapping, Sequence

from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import NOT_DONE
from bulkeic.core.targets.selection import Selection
from bulkeic.output.formatting import counted
from bulkeic.store.run_file import RunFile


def check_selection(selection: Selection, *, has_run: bool) -> None:
    """Checks a selection before anything is read.

    Args:
        selection: of the options.
        has_run: whether the source is a run file.

    Raises:
        UsageError: it cannot select anything, or a flag is without effect.
    """
    if selection.statuses and not has_run:
        raise UsageError("--status requires a run file: targets of a file have no status yet")
    if selection.skip_managed and selection.only_managed:
        raise UsageError("--skip-managed and --only-managed leave nothing; use one of them")
    if selection.seed and selection.sample is None:
        raise UsageError("--seed requires --sample")
    if (
        selection.error_codes
        and selection.statuses
        and not NOT_DONE.intersection(selection.statuses)
    ):
        raise UsageError(
            "--error-code selects failed targets, and --status leaves them out; omit one"
        )


def choose_jobs(run: RunFile, selection: Selection, *, allow_empty: bool = False) -> None:
    """Restricts a run to the selected jobs.

    A selection by status may be empty: it is what is left of that status.

    Args:
        run: the run file.
        selection: which.
        allow_empty: whether other selections may be empty, too.

    Raises:
        UsageError: no job is selected.
    """
    check_owners(run, selection)
    run.choose(selection)
    if not run.chosen.is_limited or selection.statuses or allow_empty:
        return
    if not run.counts.lanes():
        raise UsageError(
            f"none of the {counted(run.chosen.left_out, 'target')} of run file "
            f"{quoted(str(run.path))} is selected; {check_flags_text(selection)}"
        )


def check_flags_text(selection: Selection) -> str:
    """What to do if a selection selects nothing."""
    if selection.owner_flag is not None:
        return f"check {selection.owner_flag}, --name, --account and --select-region"
    return "check --name, --account and --select-region"


def check_owners(run: RunFile, selection: Selection) -> None:
    """Checks that a run stores what manages its targets, if the selection needs that.

    Raises:
        UsageError: it does not, or not for each target.
    """
    flag = selection.owner_flag
    if flag is None:
        return
    name, unread = quoted(str(run.path)), run.owners.unread_lanes()
    if not run.owners.are_known:
        raise UsageError(
            f"run file {name} does not store what manages its targets, which {flag} needs; make it "
            "again with --read-tags"
        )
    if unread:
        raise UsageError(
            f"the tags of {counted(len(unread), 'lane')} of run file {name} could not be read, "
            f"which {flag} needs, for example of {unread[0]}; allow tag:GetResources, and make the "
            "run file again"
        )


def unknown_code_lines(codes: Sequence[str], failed: Mapping[str, int]) -> list[str]:
    """One line for each error code that no failed job has, for people.

    Args:
        codes: as given.
        failed: number of failed jobs by error code; empty: they have none.
    """
    known = ", ".join(f"{code or 'none'} ({failed[code]:,})" for code in sorted(failed))
    return [
        f"no failed target has the error code {quoted(code)}; the run has "
        f"{known or 'no failed targets'}"
        for code in codes
        if code not in failed
    ]


def left_out_lines(run: RunFile, selection: Selection) -> list[str]:
    """How many targets a selection leaves out, and with which seed they are sampled, for people.

    Args:
        run: the run file, with the selection chosen, or made with it.
        selection: of the command.
    """
    if selection.is_everything():
        return []
    seed = "" if selection.sample is None else f"; sampled with --seed {selection.seed}"
    return [f"{counted(run.left_out(), 'target')} left out by the selection{seed}"]
