"""One outcome as a test case of JUnit."""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.model import Job, Lane, Outcome, Status


class CaseResult(StrEnum):
    """How a test case ended: what JUnit calls the element for it."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


class JUnitCase(msgspec.Struct, frozen=True):
    """A test case.

    Attributes:
        lane: its suite; ``None``: the case has no lane.
        name: the function with its qualifier, or the row.
        result: how it ended.
        seconds: that it took.
        started_at: RFC 3339; ``None``: it did not start.
        kind: the error code.
        message: one line.
        detail: lines below it.
    """

    lane: Lane | None
    name: str
    result: CaseResult
    seconds: float = 0.0
    started_at: str | None = None
    kind: str = ""
    message: str = ""
    detail: Sequence[str] = ()


def case_result(status: Status, error_code: str | None) -> CaseResult:
    """How the test case of an outcome ended.

    ===============================  =======
    the outcome                      result
    ===============================  =======
    updated, created, unchanged      passed
    not_matched                      skipped
    failed, because it has drifted   failure
    failed, unknown, invalid         error
    ===============================  =======
    """
    if status is Status.NOT_MATCHED:
        return CaseResult.SKIPPED
    if status in {Status.UPDATED, Status.CREATED, Status.UNCHANGED}:
        return CaseResult.PASSED
    return CaseResult.FAILURE if error_code == DRIFTED else CaseResult.ERROR


def junit_case(outcome: Outcome, detail: Sequence[str] = ()) -> JUnitCase:
    """The test case of an outcome.

    Args:
        outcome: of a job, or of an invalid row.
        detail: lines about an outcome that did not pass, below its row.
    """
    target = outcome.target
    result = case_result(outcome.status, outcome.error_code)
    has_passed = result is CaseResult.PASSED
    request = [] if outcome.request_id is None else [f"request id: {outcome.request_id}"]
    request += [] if outcome.managed_by is None else [f"managed by: {outcome.managed_by}"]
    return JUnitCase(
        None if target is None else target.lane,
        f"{outcome.source} {outcome.function_name}"
        if target is None
        else f"{target.function}:{target.qualifier}",
        result,
        seconds=outcome.duration_s or 0.0,
        started_at=outcome.started_at,
        kind=outcome.error_code or outcome.status.value,
        message="" if has_passed else outcome.error_message or "",
        detail=() if has_passed else [f"row: {outcome.source}", *request, *detail],
    )


def pending_case(job: Job) -> JUnitCase:
    """The test case of a job without an outcome."""
    target = job.target
    name = f"{target.function}:{target.qualifier}"
    return JUnitCase(target.lane, name, CaseResult.SKIPPED, kind="pending", message="pending")
