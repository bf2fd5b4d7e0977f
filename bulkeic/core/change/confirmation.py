"""What became of a change whose answer is missing or senseless: the target is read once more.

``failed`` means that the target was not changed. A call that ended without a clear answer may have
changed it, so its job ends only after a read (the *confirming read*) has shown what the target has.
"""

from typing import Any

import msgspec

from bulkeic.core.change.policy import Policy, Rewrite, is_change
from bulkeic.core.change.reconcile import (
    CHANGING_CALLS,
    Decision,
    ReadConfig,
    Step,
    is_missing,
    next_step,
)
from bulkeic.core.change.snapshot import ABSENT, goal_snapshot, snapshot_of
from bulkeic.core.model import Answer, Call, Failure, Job, Operation, Status
from bulkeic.core.pacing.retry import is_ambiguous

OUTCOME_UNKNOWN = "OutcomeUnknown"

CONFIRMING_CALL = Call(Operation.GET)
CONFIRMING_READ = Step(CONFIRMING_CALL)
"""Reads a target once more, because a change may have been made."""
_ANY_CHANGE = Call(Operation.UPDATE)
_MADE = frozenset({Status.UPDATED, Status.CREATED})


class Doubt(msgspec.Struct, frozen=True):
    """A change that may have been made.

    Attributes:
        call: that changes the target.
        failure: how it ended; ``None``: with an answer that does not prove it, or in an earlier
            session, which was killed.
        is_being_confirmed: whether the call has ended, and the target is read to confirm it.
    """

    call: Call
    failure: Failure | None
    is_being_confirmed: bool = False


def first_doubt(job: Job, policy: Policy) -> Doubt | None:
    """The doubt at the start of a job: an earlier session may have sent a change."""
    return Doubt(_ANY_CHANGE, None) if job.may_be_sent and is_change(policy) else None


def doubt_after(doubt: Doubt | None, call: Call, failure: Failure, policy: Policy) -> Doubt | None:
    """The doubt after a failure; the first row that fits.

    ==========================================================  ==========
    failure                                                     doubt
    ==========================================================  ==========
    the policy writes back what it has read                     none
    a change that may have been carried out, see                this call
    ``is_ambiguous``
    else                                                        as it was
    ==========================================================  ==========

    Args:
        doubt: before the failure.
        call: that failed.
        failure: of the call.
        policy: of the run.
    """
    if isinstance(policy, Rewrite):
        return None
    if call.operation in CHANGING_CALLS and is_ambiguous(failure):
        return Doubt(call, failure)
    return doubt


def doubt_before(
    doubt: Doubt | None, previous: Call | None, call: Call, read: ReadConfig | None
) -> Doubt | None:
    """The doubt before a job's next call; the first row that fits.

    ==========================================  =======================
    next call                                   doubt
    ==========================================  =======================
    a change, after the target was read         none
    a read that follows a change, to prove it   the change, if none yet
    else                                        as it was
    ==========================================  =======================

    Args:
        doubt: before the last answer's step.
        previous: the last call; ``None``: there is none.
        call: the next one.
        read: what was just read of the target; ``None``: nothing.
    """
    if call.operation in CHANGING_CALLS:
        return doubt if read is None else None
    if doubt is None and previous is not None and previous.operation in CHANGING_CALLS:
        return Doubt(previous, None)
    return doubt


def step_in_doubt(
    job: Job, policy: Policy, call: Call, answer: Answer, *, read: ReadConfig | None, doubt: Doubt
) -> Step:
    """The step after a call that is not retried, while a change may have been made.

    =================================  =========================================================
    answer                             step
    =================================  =========================================================
    to the confirming read             the end, see ``confirmed``
    to a change, and the job would     the confirming read
    fail
    to another read, and the job ends
    - the target cannot be read        unknown
    - it has what it must have         updated, or created, with a note
    - it has something else, and this  unknown
      session made the change
    else                               the usual one
    =================================  =========================================================

    Args:
        job: the job.
        policy: of the run.
        call: the last one.
        answer: of that call.
        read: what the change is based on; ``None``: nothing was read.
        doubt: about the change.
    """
    if doubt.is_being_confirmed:
        return Step(confirmed(job, policy, answer, read, doubt))
    step = next_step(job, policy, call, answer, read)
    if not isinstance(step.then, Decision):
        return step
    if call.operation in CHANGING_CALLS:
        return step if step.then.status in _MADE else CONFIRMING_READ
    if step.then.status in _MADE:
        return Step(msgspec.structs.replace(step.then, message=_note(doubt)))
    if doubt.failure is None and (not isinstance(answer, Failure) or is_missing(answer)):
        return step
    found = step.then.message or step.then.code
    return Step(_unknown(doubt, f"reading it again showed: {found}", step.then.config))


def confirmed(
    job: Job, policy: Policy, answer: Answer, read: ReadConfig | None, doubt: Doubt
) -> Decision:
    """The end of a job whose target was read to confirm a change; the first row that fits.

    =======================  ==================================================================
    the target               decision
    =======================  ==================================================================
    cannot be read           unknown
    has what it must have    updated, or created if it had nothing, with a note
    has what it had before   failed, with the error of the change
    (or that is not known)
    has neither              unknown
    =======================  ==================================================================

    Args:
        job: the job.
        policy: of the run.
        answer: to the confirming read.
        read: what the change is based on; ``None``: nothing was read.
        doubt: about the change.
    """
    failure = doubt.failure
    if isinstance(answer, Failure):
        if not is_missing(answer):
            return _unknown(doubt, f"the target cannot be read: {answer.code}: {answer.message}")
        config = None
    else:
        config = answer.config
    current = snapshot_of(config)
    base = current if read is None else read.snapshot
    if current == goal_snapshot(job.settings, base, policy):
        is_new = doubt.call.operation is Operation.PUT and (read is None or base == ABSENT)
        status = Status.CREATED if is_new else Status.UPDATED
        return Decision(status, message=_note(doubt), config=config)
    if failure is not None and (read is None or current == base):
        return Decision(Status.FAILED, failure.code, failure.message, config)
    return _unknown(doubt, "the target now has something else", config)


def _note(doubt: Doubt) -> str | None:
    failure = doubt.failure
    if failure is None:
        return None
    return f"the change is made; its call ended with {failure.code}: {failure.message}"


def _unknown(doubt: Doubt, why: str, config: dict[str, Any] | None = None) -> Decision:
    cause = "" if doubt.failure is None else f" ({doubt.failure.code})"
    text = f"the change may have been made{cause}; {why}"
    return Decision(Status.UNKNOWN, OUTCOME_UNKNOWN, text, config)
