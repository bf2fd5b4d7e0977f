"""Rows of the database ↔ the types of ``core.model``."""

from typing import Any

import msgspec

from bulkeic.core.model import LATEST, Job, Lane, Outcome, Settings, Status, Target
from bulkeic.core.names import partition_of
from bulkeic.core.templates import filled

RESULT_FIELDS = (
    "seq", "source", "function_name", "function", "qualifier", "account_id", "region", "status",
    "attempts", "throttles", "conflicts", "http_status", "error_code", "error_message",
    "request_id", "started_at", "duration_s", "call_s", "wait_s", "settings", "config",
)  # fmt: skip

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def job_of(row: tuple[Any, ...], source: str, lane: Lane, settings: Settings) -> Job:
    """A job from (seq, line, given, function, qualifier, …), with its templates filled in."""
    seq, line, given, function, qualifier = row[:5]
    target = Target(lane, function, qualifier or LATEST, partition_of(lane.region))
    return Job(seq, f"{source}:{line}", given or function, target, filled(settings, target))


def outcome_row(outcome: Outcome, lane_id: int) -> tuple[Any, ...]:
    """The values of ``INSERT_OUTCOME``."""
    return (
        outcome.seq,
        lane_id,
        outcome.status,
        outcome.attempts,
        outcome.throttles,
        outcome.conflicts,
        outcome.http_status,
        outcome.error_code,
        outcome.error_message,
        outcome.request_id,
        outcome.started_at,
        outcome.duration_s,
        outcome.call_s,
        outcome.wait_s,
        None if outcome.config is None else _encode(outcome.config).decode(),
    )


def outcome_of(row: tuple[Any, ...]) -> Outcome:
    """An outcome from a row of the view ``result``."""
    values = dict(zip(RESULT_FIELDS, row, strict=True))
    function, account, region = (values[name] for name in ("function", "account_id", "region"))
    del values["function"]
    values["function_name"] = values["function_name"] or ""
    values["status"] = Status(values["status"])
    for name in ("settings", "config"):
        values[name] = None if values[name] is None else _decode(values[name])
    if account is None:
        return Outcome(**{**values, "function_arn": None, "qualifier": None})
    target = Target(Lane(account, region), function, values["qualifier"], partition_of(region))
    return Outcome(**values, function_arn=target.arn)
