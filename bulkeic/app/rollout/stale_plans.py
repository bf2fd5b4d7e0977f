"""Targets of a plan that had nothing to change are read again if the plan is old."""

from bulkeic.core.change.policy import Policy
from bulkeic.core.change.snapshot import goal_snapshot
from bulkeic.core.model import rfc3339
from bulkeic.store.run_file import RunFile

STALE_AFTER_S = 15 * 60


def reopen_stale(run: RunFile, policy: Policy, now: float) -> int:
    """Makes jobs pending that a plan found unchanged more than 15 minutes ago.

    A target that ``--where`` left out stays as it is: it does not have the wanted settings. A run
    that was applied to its end stays finished.

    Args:
        run: the run file of a plan.
        policy: how the plan is applied.
        now: Unix time in seconds.

    Returns:
        The number of jobs.
    """
    if run.was_applied() and not run.jobs.lanes():
        return 0
    stale = [
        job.seq
        for job in run.jobs.planned_unchanged(before=rfc3339(now - STALE_AFTER_S))
        if job.before_snapshot is not None
        and goal_snapshot(job.settings, job.before_snapshot, policy) == job.before_snapshot
    ]
    run.reopening.reopen(stale)
    return len(stale)
