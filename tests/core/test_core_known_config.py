"""What is known of a target's configuration: the table in ``core.code.known_config``."""

from typing import Any

import pytest

from bulkeic.core.change.snapshot import ABSENT, snapshot_of
from bulkeic.core.code.known_config import JobEvidence, known_settings
from bulkeic.core.model import Settings, Status

from .example_configs import CONFIG, HAD

OTHER = {"MaximumRetryAttempts": 0}
MISSING = "ResourceNotFoundException"
READ: dict[str, Any] = {"was_read": True, "before": OTHER}


@pytest.mark.parametrize(
    ("evidence", "known"),
    [
        (JobEvidence(Status.UNKNOWN, config=CONFIG, **READ), None),
        (JobEvidence(Status.INVALID), None),
        *((JobEvidence(status, "x", CONFIG, **READ), HAD) for status in list(Status)[:5]),
        (JobEvidence(Status.UPDATED, deletes=True, may_be_sent=True, **READ), ABSENT),
        (JobEvidence(Status.UPDATED, may_be_sent=True, **READ), None),
        (JobEvidence(Status.CREATED), None),
        (JobEvidence(Status.UNCHANGED, **READ), ABSENT),
        (JobEvidence(Status.NOT_MATCHED), ABSENT),
        (JobEvidence(Status.FAILED, MISSING), ABSENT),
        (JobEvidence(Status.FAILED, "x", may_be_sent=True, **READ), snapshot_of(OTHER)),
        (JobEvidence(Status.FAILED, "x", was_read=True), ABSENT),
        (JobEvidence(Status.FAILED, "x"), None),
        (JobEvidence(**READ), snapshot_of(OTHER)),
        (JobEvidence(was_read=True), ABSENT),
        (JobEvidence(may_be_sent=True, **READ), None),
        (JobEvidence(), None),
    ],
)
def test_the_configuration_follows_from_the_outcome_and_the_before_image(
    evidence: JobEvidence, known: Settings | None
) -> None:
    assert known_settings(evidence) == known
