"""Rows of the database ↔ the types of ``core.model``."""

from datetime import datetime
from operator import attrgetter
from typing import Any

import msgspec

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.change.snapshot import snapshot_of
from bulkeic.core.model import (
    CLEARED,
    LATEST,
    Job,
    Lane,
    Outcome,
    Settings,
    SourceLine,
    Status,
    Target,
)
from bulkeic.core.targets.names import (
    check_account,
    check_qualifier,
    check_region,
    is_bare_name,
    partition_of,
)
from bulkeic.core.targets.templates import fill_settings
from bulkeic.store.integrity.digests import row_digest, sealed
from bulkeic.store.integrity.file_integrity import DamagedError
from bulkeic.store.outcome_columns import OBJECT_FIELDS, REAL_FIELDS, STORED_FIELDS

_FIELDS = Outcome.__struct_fields__
_TARGET = _FIELDS.index("target")
_AFTER_TARGET = _TARGET + 4
_stored_values = attrgetter(*STORED_FIELDS)
_ROW = ("seq", "lane_id", *STORED_FIELDS)
_OBJECTS = [_ROW.index(name) for name in OBJECT_FIELDS if name in _ROW]
_REALS = [_ROW.index(name) for name in REAL_FIELDS]
# The columns of SEALED_OUTCOMES that follow a row.
_target_values = attrgetter(
    "source.line", "function_name", "target.function", "target.qualifier",
    "target.lane.account_id", "target.lane.region",
)  # fmt: skip
_NO_TARGET = (None, None, None, LATEST, None, None)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class _StoredDestination(msgspec.Struct, rename="pascal", frozen=True):
    destination: str = CLEARED


class _StoredDestinations(msgspec.Struct, rename="pascal", frozen=True):
    on_success: _StoredDestination | None = None
    on_failure: _StoredDestination | None = None


class _Api(msgspec.Struct, rename="pascal", frozen=True):
    """The API's form of a configuration, as ``Settings.from_api`` expects it."""

    maximum_retry_attempts: int | None = None
    maximum_event_age_in_seconds: int | None = None
    destination_config: _StoredDestinations = _StoredDestinations()


class _StoredSettings(_Api, rename="pascal", frozen=True, forbid_unknown_fields=True):
    """The API's form of wanted settings, which bulkeic wrote: an unknown key is damage."""


_check_api = msgspec.json.Decoder(_Api).decode
_check_settings = msgspec.json.Decoder(_StoredSettings).decode


def lane_of(account_id: str, region: str) -> Lane:
    """A lane.

    Raises:
        InputError: the account or the Region is invalid.
    """
    return Lane(check_account(account_id), check_region(region))


def job_of(row: tuple[Any, ...], file: str, lane: Lane, settings: Settings) -> Job:
    """A job from the columns seq, line, given, function, qualifier, with templates filled in."""
    job = restore_job_of(row, file, lane, settings)
    return msgspec.structs.replace(job, settings=fill_settings(settings, job.target))


def restore_job_of(row: tuple[Any, ...], file: str, lane: Lane, settings: Settings) -> Job:
    """As ``job_of``, without templates: the settings are a snapshot."""
    seq, line, given, function, qualifier = row[:5]
    target = target_of(lane, function, qualifier)
    return Job(seq, SourceLine(file, line), given or function, target, settings)


def with_snapshot(job: Job, config: str | None) -> Job:
    """The job with what its target had, as the run file stores it."""
    return msgspec.structs.replace(job, before_snapshot=snapshot_of(config_of(config)))


def target_of(lane: Lane, function: str, qualifier: str | None) -> Target:
    """A target.

    Raises:
        DamagedError: the function is invalid.
        InputError: the function or the qualifier is invalid.
    """
    if not is_bare_name(function):
        raise DamagedError("job: an invalid function name")
    if qualifier is not None:
        check_qualifier(qualifier)
    return Target(lane, function, qualifier or LATEST, partition_of(lane.region))


def outcome_row(outcome: Outcome, lane_id: int, *, keeps_sent: bool) -> list[Any]:
    """The values of a row of ``STORE_OUTCOMES``.

    Args:
        outcome: of a job.
        lane_id: id of its lane.
        keeps_sent: whether to store the settings that were sent, because the job's may differ.
    """
    row = [outcome.seq, lane_id, *_stored_values(outcome)]
    for at in _OBJECTS:
        if row[at] is not None:
            row[at] = _encode(row[at]).decode()
    for at in _REALS:
        if type(row[at]) is int:
            row[at] = float(row[at])  # as SQLite will return it
    row.append(_encode(outcome.settings).decode() if keeps_sent else None)
    target = _NO_TARGET if outcome.target is None else _target_values(outcome)
    row.append(row_digest([*row, *target]))
    return row


def before_image_row(seq: int, lane_id: int, read_at: str, seen: BeforeImage) -> tuple[Any, ...]:
    """The values of a row of ``STORE_BEFORE_IMAGES``."""
    config = None if seen.config is None else _encode(seen.config).decode()
    return sealed((seq, lane_id, read_at, seen.action, int(seen.may_be_sent), config))


def config_of(text: str | None) -> dict[str, Any] | None:
    """A configuration as answered, API names.

    Raises:
        msgspec.DecodeError: it is not JSON, or not a configuration.
    """
    if text is None:
        return None
    _check_api(text)
    config: dict[str, Any] = _decode(text)
    return config


def check_time(text: str | None) -> str | None:
    """Checks a time and returns it.

    Raises:
        DamagedError: it is not RFC 3339 with a time zone.
    """
    try:
        if text is None or datetime.fromisoformat(text).tzinfo is not None:
            return text
    except ValueError:
        pass
    raise DamagedError("an invalid time")


def settings_of(text: str) -> Settings:
    """Settings as given, maybe with templates.

    Raises:
        msgspec.DecodeError: it is not JSON, not settings, or has an unknown key.
    """
    _check_settings(text)
    return Settings.from_api(_decode(text))


def outcome_of(row: tuple[Any, ...], file: str) -> Outcome:
    """An outcome from a row of ``SELECT_OUTCOME``.

    Args:
        row: its values.
        file: name of the targets file.
    """
    function, qualifier, account_id, region = row[_TARGET:_AFTER_TARGET]
    fields = (*row[:_TARGET], None, *row[_AFTER_TARGET:])
    values = dict(zip(_FIELDS, fields, strict=True))
    values["source"] = SourceLine(file, values["source"])
    values["function_name"] = values["function_name"] or ""
    values["status"] = Status(values["status"])
    for name in OBJECT_FIELDS:
        values[name] = config_of(values[name])
    if account_id is not None:
        lane = Lane(account_id, region)
        values["target"] = Target(lane, function, qualifier, partition_of(region))
    return Outcome(**values)
