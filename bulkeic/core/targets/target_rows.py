"""A job as a row of a targets file, which gives the same job again."""

from bulkeic.core.model import CLEARED, LATEST, Job
from bulkeic.core.targets.destinations import CLEARING_WORD

TARGET_COLUMNS = (
    "FunctionArn",
    "Qualifier",
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "OnSuccess",
    "OnFailure",
    "RoleArn",
)
"""The fields of a row, in order."""
WAVE_COLUMN = "Wave"
"""The last field of a row, if rows give their waves."""

FORMULA_START = "-"
"""The only character of names and qualifiers with which a spreadsheet begins a formula."""

TargetValues = dict[str, str | int]
"""The fields that are set, by name."""


def target_values(job: Job, role_arn: str | None) -> TargetValues:
    """The row of a job, without the fields that its settings leave open.

    A qualifier that begins with a minus is part of the ARN: a spreadsheet would take it for a
    formula.

    Args:
        job: with settings of a targets file, not with a snapshot.
        role_arn: the role that rows gave for its account.
    """
    target, settings = job.target, job.settings
    arn, qualifier = target.arn, None if target.qualifier == LATEST else target.qualifier
    if qualifier is not None and qualifier.startswith(FORMULA_START):
        arn, qualifier = f"{arn}:{qualifier}", None
    values = {
        "FunctionArn": arn,
        "Qualifier": qualifier,
        "MaximumRetryAttempts": settings.maximum_retry_attempts,
        "MaximumEventAgeInSeconds": settings.maximum_event_age_in_seconds,
        "OnSuccess": _destination(settings.on_success),
        "OnFailure": _destination(settings.on_failure),
        "RoleArn": role_arn,
        WAVE_COLUMN: job.wave,
    }
    return {name: value for name, value in values.items() if value is not None}


def _destination(arn: str | None) -> str | None:
    return CLEARING_WORD if arn == CLEARED else arn
