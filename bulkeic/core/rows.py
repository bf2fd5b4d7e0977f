"""A decoded row and the defaults → a job, or every problem that the row has.

- A row's own value beats the default; an empty cell or ``null`` means "not set here".
- The lane comes from the ARN, else the row, else the defaults; what is said twice must agree.
- Integers are integers: neither ``true`` nor ``2.0`` nor ``"2 "`` poses as one.
- Every rule of the API that can be checked without asking AWS is checked here.
"""

import functools
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from bulkeic.core.destinations import check_not_itself, parse_destination
from bulkeic.core.errors import InputError, shown
from bulkeic.core.model import CLEARED, LATEST, Job, Lane, Settings, Target
from bulkeic.core.names import (
    FunctionName,
    check_account,
    check_qualifier,
    check_region,
    join_qualifier,
    parse_function,
    partition_of,
)

# In the order of Settings' own fields.
SETTING_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")
_RANGES = {"MaximumRetryAttempts": range(3), "MaximumEventAgeInSeconds": range(60, 21601)}

T = TypeVar("T")

# Rows of a fleet share few lanes and few settings; each is worked out once.
_REMEMBERED = 4096

_match_integer = re.compile(r"-?\d{1,10}", re.ASCII).fullmatch


class Row(msgspec.Struct, frozen=True):
    """One decoded row: the line that it begins on, and its values by field name."""

    line: int
    values: dict[str, Any]


class Defaults(msgspec.Struct, frozen=True):
    """What holds for every row that does not say otherwise.

    Attributes:
        account_id: the caller's own account; ``None`` while it is not known yet.
        region: of the flag, the environment or the profile.
        settings: of the flags.
    """

    account_id: str | None = None
    region: str | None = None
    settings: Settings = Settings()


class RowParser:
    """Turns the rows of one targets file into jobs.

    Args:
        source: the file's name, for ``Job.source`` and for problems.
        defaults: what holds where a row is silent.
    """

    def __init__(self, source: str, defaults: Defaults) -> None:
        self._source = source
        self._defaults = defaults
        remember = functools.lru_cache(_REMEMBERED, typed=True)
        self._lane = remember(self._find_lane)
        self._settings = remember(self._find_settings)

    def job(self, seq: int, row: Row) -> Job:
        """The job of a row.

        Raises:
            InputError: the row's first problem, without its place; ``problems`` has them all.
        """
        values = row.values
        get = values.get
        name = self._function(values)
        target = self._target(name, get("Qualifier"), get("Region"), get("AccountId"))
        settings = self._row_settings(values)
        if settings.on_success or settings.on_failure:
            check_not_itself(target, settings)
        given: str = get("FunctionArn") or values["FunctionName"]
        return Job(seq, f"{self._source}:{row.line}", given, target, settings)

    def problems(self, row: Row) -> list[InputError]:
        """Everything that is wrong with a row that has no job, each in its place."""
        values = row.values
        found: list[InputError] = []

        def check(step: Callable[[], T]) -> T | None:
            try:
                return step()
            except InputError as problem:
                found.append(problem.at(self._source, row.line))
                return None

        name = check(lambda: self._function(values)) or FunctionName("unknown")
        check(lambda: _row_qualifier(name, values.get("Qualifier")))
        check(lambda: self._lane(name.region, None, values.get("Region"), None))
        check(lambda: self._lane(_ANY_REGION, name.account_id, None, values.get("AccountId")))
        before = len(found)
        for field in SETTING_FIELDS:
            check(lambda field=field: _setting(field, values.get(field)))  # type: ignore[misc]
        if len(found) == before:
            check(lambda: self._row_settings(values))
        if not found:
            check(lambda: self.job(0, row))
        return found

    def _function(self, values: dict[str, Any]) -> FunctionName:
        arn, name = values.get("FunctionArn"), values.get("FunctionName")
        if not arn:
            return parse_function(_text(name, "FunctionName"))
        by_arn = parse_function(_text(arn, "FunctionArn"), "FunctionArn")
        if name:
            by_name = parse_function(_text(name, "FunctionName"))
            if by_name.name != by_arn.name:
                raise InputError(
                    f"{shown(arn)} is not the function {shown(name)} of FunctionName; "
                    "give one of them, or the same twice",
                    field="FunctionArn",
                )
        return by_arn

    def _target(self, name: FunctionName, qualifier: Any, region: Any, account: Any) -> Target:
        lane, partition = self._lane(name.region, name.account_id, region, account)
        if qualifier is None and name.qualifier is None:
            return Target(lane, name.name, LATEST, partition)
        return Target(lane, name.name, _row_qualifier(name, qualifier), partition)

    def _find_lane(
        self, arn_region: str | None, arn_account: str | None, region: Any, account: Any
    ) -> tuple[Lane, str]:
        row_region = check_region(_text(region, "Region")) if region not in _UNSET else None
        row_account = check_account(_account_text(account)) if account not in _UNSET else None
        _agree("Region", arn_region, row_region)
        _agree("AccountId", arn_account, row_account)
        found = arn_region or row_region or self._defaults.region
        if not found:
            raise InputError(
                "not known; give a full ARN, a Region column, --region, or a profile with a Region",
                field="Region",
            )
        found_account = arn_account or row_account or self._defaults.account_id or ""
        return Lane(found_account, found), partition_of(found)

    def _row_settings(self, values: dict[str, Any]) -> Settings:
        get = values.get
        nested = get("DestinationConfig")
        on_success, on_failure = get("OnSuccess"), get("OnFailure")
        if nested not in _UNSET:
            halves = _nested_destinations(nested)
            on_success = _one_of("OnSuccess", on_success, halves)
            on_failure = _one_of("OnFailure", on_failure, halves)
        return self._settings(
            get("MaximumRetryAttempts"), get("MaximumEventAgeInSeconds"), on_success, on_failure
        )

    def _find_settings(self, *values: Any) -> Settings:
        chosen = (_setting(*pair) for pair in zip(SETTING_FIELDS, values, strict=True))
        default = self._defaults.settings
        settings = Settings(
            *(
                fallback if value is None else value
                for value, fallback in zip(chosen, msgspec.structs.astuple(default), strict=True)
            )
        )
        if settings.is_empty():
            raise InputError(
                "nothing to set; give at least one of MaximumRetryAttempts, "
                "MaximumEventAgeInSeconds, OnSuccess, OnFailure, in the row or by flag"
            )
        return settings


_UNSET = (None, "")
_ANY_REGION = "us-east-1"


def _lane_values(values: dict[str, Any]) -> tuple[Any, Any]:
    return values.get("Region"), values.get("AccountId")


def _text(value: Any, field: str) -> str:
    if value in _UNSET:
        raise InputError("missing; every row names its function", field=field)
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is no text", field=field)
    return value


def _account_text(value: Any) -> str:
    # JSON files often have account ids as numbers, which lose their leading zeros.
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:012d}"
    return _text(value, "AccountId")


def _row_qualifier(name: FunctionName, qualifier: Any) -> str:
    if qualifier in _UNSET:
        return join_qualifier(name.qualifier, None)
    return join_qualifier(name.qualifier, check_qualifier(_text(qualifier, "Qualifier")))


def _agree(field: str, in_arn: str | None, in_row: str | None) -> None:
    if in_arn is not None and in_row is not None and in_arn != in_row:
        raise InputError(
            f"{shown(in_row)} contradicts the {shown(in_arn)} in the function's ARN; "
            "give one of them, or the same twice",
            field=field,
        )


def parse_integer(value: Any, field: str, allowed: range) -> int:
    """An integer in a range, from JSON's integer or a cell's digits.

    Raises:
        InputError: it is out of range, or something that only poses as an integer.
    """
    number = value
    if isinstance(value, str) and _match_integer(value):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise InputError(
            f"{shown(value)} is no integer; allowed: {allowed[0]} to {allowed[-1]}", field=field
        )
    if number not in allowed:
        raise InputError(
            f"{shown(number)} is out of range; allowed: {allowed[0]} to {allowed[-1]}", field=field
        )
    return number


def _setting(field: str, value: Any) -> Any:
    """One setting's value, or ``None`` where the row does not set it."""
    if value is CLEARED_HALF:
        return CLEARED
    if value in _UNSET:
        return None
    if field in _RANGES:
        return parse_integer(value, field, _RANGES[field])
    return parse_destination(_text(value, field), field)


class _ClearedHalf:
    """A half that DestinationConfig names without a destination."""


CLEARED_HALF = _ClearedHalf()


def _nested_destinations(nested: Any) -> dict[str, Any]:
    """The halves that the API's own nested form names, without the form around them."""
    field = "DestinationConfig"
    _check_object(nested, field, ("OnSuccess", "OnFailure"))
    halves: dict[str, Any] = {}
    for name, half in nested.items():
        if half is None:
            continue
        _check_object(half, f"{field}.{name}", ("Destination",))
        halves[name] = half.get("Destination") or CLEARED_HALF
    return halves


def _check_object(value: Any, field: str, keys: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise InputError(f"{shown(value)} is no object with {' and '.join(keys)}", field=field)
    for key in value:
        if key not in keys:
            raise InputError(
                f"unknown key {shown(key)}; allowed: {' and '.join(keys)}", field=field
            )


def _one_of(field: str, beside: Any, halves: dict[str, Any]) -> Any:
    half = halves.get(field)
    if half is not None and beside not in _UNSET and half != beside:
        raise InputError("contradicts DestinationConfig; give one of them", field=field)
    return half if half is not None else beside
