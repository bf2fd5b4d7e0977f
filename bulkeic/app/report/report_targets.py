"""The targets of a run for the table of its page."""

import heapq
from collections.abc import Iterator
from itertools import islice
from operator import attrgetter

from bulkeic.app.setup.run_setup import plan_policy
from bulkeic.core.model import NOT_DONE, Status
from bulkeic.core.report.target_entry import TargetEntry, entry_of_outcome, entry_of_pending
from bulkeic.core.summary import Summary
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_TROUBLE = (*NOT_DONE, Status.INVALID)
_OTHERS = tuple(status for status in Status if status not in _TROUBLE)


def shown_targets(summary: Summary, limit: int) -> int:
    """How many targets ``target_entries`` yields.

    Args:
        summary: the run in numbers.
        limit: most targets.
    """
    return min(summary.targets, limit)


def target_entries(run: RunFile, summary: Summary, limit: int) -> Iterator[TargetEntry]:
    """The selected targets of a run in file order; if there are too many, not all. A stream.

    Those that failed come before the others, and the first ones of the file before the later ones.

    Args:
        run: the run file.
        summary: the run in numbers.
        limit: most targets.

    Raises:
        RunFileError: it cannot be read.
    """
    policy = plan_policy(run)
    troubled = min(limit, sum(summary.statuses[status] for status in _TROUBLE))
    rest = limit - troubled
    failed, others = (
        (entry_of_outcome(outcome, policy) for outcome in islice(outcomes, number))
        for outcomes, number in (
            (run.outcomes(only_chosen=True, statuses=_TROUBLE), troubled),
            (run.outcomes(only_chosen=True, statuses=_OTHERS), rest),
        )
    )
    pending = (
        entry_of_pending(job, policy)
        for job in run.jobs.in_file_order(JobFilter.PENDING, limit=min(rest, summary.pending))
    )
    by_seq = attrgetter("seq")
    quiet = islice(heapq.merge(others, pending, key=by_seq), rest)
    return heapq.merge(failed, quiet, key=by_seq)
