"""The fields of an outcome as users see them, in JSON and CSV: derived from ``Outcome``."""

from operator import attrgetter
from typing import Any

import msgspec

from bulkeic.core.model import Job, Outcome, SourceLine, Status
from bulkeic.core.targets.selection import JobState

_OF_TARGET = ("function_arn", "qualifier", "account_id", "region")
_NO_TARGET = (None,) * len(_OF_TARGET)
_FIELDS = Outcome.__struct_fields__
_AFTER_TARGET = _FIELDS[_FIELDS.index("target") + 1 :]

OUTCOME_FIELDS = ("seq", "source", "function_name", *_OF_TARGET, *_AFTER_TARGET)
"""Names of the fields, in order; ``target`` is spread over four of them."""

_values_after_target = attrgetter(*_AFTER_TARGET)


OutcomeValues = tuple[Any, ...]
"""The values of ``OUTCOME_FIELDS``, in the same order."""

_PENDING = Outcome(0, SourceLine(""), "", None, Status.UNKNOWN)


def pending_values(job: Job) -> OutcomeValues:
    """The values of a job without an outcome: its status is ``pending``."""
    blank = msgspec.structs.replace(
        _PENDING,
        seq=job.seq,
        source=job.source,
        function_name=job.function_name,
        target=job.target,
        settings=job.settings.to_api(),
        managed_by=job.managed_by,
    )
    values = dict(zip(OUTCOME_FIELDS, outcome_values(blank), strict=True))
    return tuple((values | {"status": JobState.PENDING.value}).values())


def outcome_values(outcome: Outcome) -> OutcomeValues:
    """The values of ``OUTCOME_FIELDS``, in the same order; objects are dictionaries."""
    target = outcome.target
    of_target: tuple[str | None, ...] = _NO_TARGET
    if target is not None:
        lane = target.lane
        of_target = (target.arn, target.qualifier, lane.account_id, lane.region)
    return (
        outcome.seq,
        str(outcome.source),
        outcome.function_name,
        *of_target,
        *_values_after_target(outcome),
    )
