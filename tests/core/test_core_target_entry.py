"""The entry of a target in the table of a report: what changed, or what was wanted."""

from typing import Any

import msgspec
import pytest

from bulkeic.core.change.policy import Apply, Plan, Policy, Rollback
from bulkeic.core.change.snapshot import FieldChange, snapshot_of
from bulkeic.core.model import Job, Lane, Outcome, Settings, SourceLine, Status, Target
from bulkeic.core.report.target_entry import (
    TargetChange,
    change_of_outcome,
    entry_of_outcome,
    entry_of_pending,
)
from bulkeic.core.targets.selection import JobState

TARGET = Target(Lane("111111111111", "us-east-1"), "orders", "live")
QUEUE = "arn:aws:sqs:us-east-1:111111111111:dlq"
RETRIES = FieldChange("MaximumRetryAttempts", 2, 1)
CLEARED: dict[str, Any] = {"DestinationConfig": {"OnFailure": {}}}
HAD = {
    "MaximumRetryAttempts": 2,
    "MaximumEventAgeInSeconds": 3600,
    "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
}
SENT: dict[str, Any] = {"MaximumRetryAttempts": 1}


def outcome(status: Status, **fields: Any) -> Outcome:
    made = Outcome(3, SourceLine("targets.csv", 5), "orders:live", TARGET, status, settings=SENT)
    return msgspec.structs.replace(made, **fields)


@pytest.mark.parametrize(
    ("found", "policy", "expected"),
    [
        (outcome(Status.UPDATED, before=HAD, config=HAD | SENT), Apply(),
         TargetChange((RETRIES,), is_made=True)),
        (outcome(Status.CREATED, before={}, config=SENT), Apply(create_missing=True),
         TargetChange((FieldChange("MaximumRetryAttempts", None, 1),), is_made=True)),
        (outcome(Status.UPDATED), Apply(),
         TargetChange((FieldChange("MaximumRetryAttempts", None, 1),), is_made=True,
                      knows_before=False)),
        (outcome(Status.UPDATED, settings=CLEARED), Apply(),
         TargetChange((FieldChange("DestinationConfig.OnFailure", None, None),), is_made=True,
                      knows_before=False)),
        (outcome(Status.FAILED, before=HAD), Apply(), TargetChange((RETRIES,), is_made=False)),
        (outcome(Status.UNKNOWN, before=HAD), Plan(Apply()),
         TargetChange((RETRIES,), is_made=False)),
        (outcome(Status.FAILED), Apply(),
         TargetChange((FieldChange("MaximumRetryAttempts", None, 1),), is_made=False,
                      knows_before=False)),
        (outcome(Status.UPDATED, before=SENT, settings={}), Rollback(),
         TargetChange((FieldChange("MaximumRetryAttempts", 1, None),), is_made=True)),
        (outcome(Status.FAILED, before=SENT, settings={}), Rollback(),
         TargetChange((FieldChange("MaximumRetryAttempts", 1, None),), is_made=False)),
        (outcome(Status.UNCHANGED, before=SENT, config=SENT), Apply(), None),
        (outcome(Status.NOT_MATCHED, before=HAD), Apply(), None),
        (outcome(Status.INVALID, target=None, settings=None), Apply(), None),
    ],
)  # fmt: skip
def test_what_an_outcome_changed(
    found: Outcome, policy: Policy, expected: TargetChange | None
) -> None:
    assert change_of_outcome(found, policy) == expected


def test_only_failures_keep_the_request_id() -> None:
    done = entry_of_outcome(outcome(Status.UPDATED, request_id="id"), Apply())
    failed = entry_of_outcome(outcome(Status.FAILED, request_id="id", error_code="x"), Apply())
    assert (done.function, done.qualifier, done.line) == ("orders", "live", 5)
    assert (done.request_id, failed.request_id) == (None, "id")


def test_an_invalid_row_keeps_the_name_that_was_given() -> None:
    entry = entry_of_outcome(outcome(Status.INVALID, target=None, settings=None), Apply())
    assert (entry.function, entry.qualifier, entry.lane) == ("orders:live", None, None)
    assert entry.state is JobState.INVALID


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, TargetChange(
            (FieldChange("MaximumRetryAttempts", None, 1),), is_made=False, knows_before=False)),
        (snapshot_of(HAD), TargetChange((RETRIES,), is_made=False)),
    ],
)  # fmt: skip
def test_a_pending_target_shows_what_is_wanted(
    before: Settings | None, expected: TargetChange
) -> None:
    job = Job(0, SourceLine("t.csv", 2), "orders", TARGET, Settings(1), before_snapshot=before)
    entry = entry_of_pending(job, Plan(Apply()))
    assert entry.state is JobState.PENDING
    assert entry.change == expected
