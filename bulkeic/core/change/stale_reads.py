"""What was read of a target is soon too old: someone else may have changed it since."""

import msgspec

from bulkeic.core.change.reconcile import CHANGING_CALLS, ReadConfig
from bulkeic.core.model import Call, Job, Operation

_GET = Call(Operation.GET)


def reread_stale(job: Job, call: Call, read: ReadConfig | None) -> tuple[Job, Call]:
    """The job and its next call, after what was read of the target has become too old.

    The call becomes a Get if it changes the target and is based on what was read. The job then
    expects what was read, and allows for a change that its own unanswered call made.
    """
    if read is None or call.operation not in CHANGING_CALLS:
        return job, call
    snapshot = read.snapshot
    job = msgspec.structs.replace(
        job, before_snapshot=snapshot, may_be_sent=True, expected=snapshot
    )
    return job, _GET
