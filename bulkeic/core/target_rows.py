"""A job as a row of a targets file, which gives the same job again."""

from bulkeic.core.destinations import CLEARING_WORD
from bulkeic.core.model import CLEARED, LATEST, Job

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

TargetValues = dict[str, str | int]
"""The fields that are set, by name."""


def target_values(job: Job, role_arn: str | None) -> TargetValues:
    """The row of a job. What its settings leave open is not in it.

    Args:
        job: with settings of a targets file, not with a snapshot.
        role_arn: the role that rows gave for its account.
    """
    target, settings = job.target, job.settings
    values = {
        "FunctionArn": target.arn,
        "Qualifier": None if target.qualifier == LATEST else target.qualifier,
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
