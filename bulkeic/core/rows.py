"""A decoded row and the defaults → a job, or every problem that the row has.

- A row's own value beats the default; an empty cell or ``null`` means "not set here".
- The lane comes from the ARN, else the row, else its role, else the defaults; what is said twice
  must agree.
- Integers are integers: neither ``true`` nor ``2.0`` nor ``"2 "`` poses as one.
- Every rule of the API that can be checked without asking AWS is checked here.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from bulkeic.core.accounts import account_of, parse_account_id, parse_role
from bulkeic.core.destinations import CLEARING_WORD, own_destinations, parse_destination
from bulkeic.core.errors import InputError, shown
from bulkeic.core.model import LATEST, Job, Lane, Settings, Target
from bulkeic.core.names import (
    FunctionName,
    check_qualifier,
    check_region,
    join_qualifier,
    parse_function,
    partition_of,
)
from bulkeic.core.templates import filled, is_template

# In the order of Settings' own fields.
SETTING_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")
_RANGES = {"MaximumRetryAttempts": range(3), "MaximumEventAgeInSeconds": range(60, 21601)}

T = TypeVar("T")

# Rows of a fleet share few lanes and few settings; each is worked out once.
_REMEMBERED = 4096

_match_integer = re.compile(r"-?\d{1,10}", re.ASCII).fullmatch


class Row(msgspec.Struct, frozen=True, gc=False):
    """One decoded row.

    Attributes:
        line: number of the line that it begins on, from 1.
        values: by field name.
        item: its number in a JSON document, where many may share a line; 0 elsewhere.
    """

    line: int
    values: dict[str, Any]
    item: int = 0

    def placed(self, problem: InputError, source: str) -> InputError:
        """A problem of this row, in its place."""
        rule = f"{problem.rule} (item {self.item})" if self.item else problem.rule
        return InputError(rule, field=problem.field, line=self.line, source=source)


class Defaults(msgspec.Struct, frozen=True):
    """What holds for every row that does not say otherwise.

    Attributes:
        account_id: the caller's own account; ``None`` while it is not known yet.
        region: of the flag, the environment or the profile.
        settings: of the flags.
        regions: account id → its Region, for accounts that lie in one alone.
    """

    account_id: str | None = None
    region: str | None = None
    settings: Settings = Settings()
    regions: Mapping[str, str] = {}


class RowParser:
    """Turns the rows of one targets file into jobs.

    Args:
        source: the file's name, for ``Job.source`` and for problems.
        defaults: what holds where a row is silent.
    """

    def __init__(self, source: str, defaults: Defaults) -> None:
        self._source = source
        self._defaults = defaults
        self._lane = _remembered(self._find_lane)
        self._settings = _remembered(self._find_settings)

    def job(self, seq: int, row: Row) -> Job:
        """The job of a row.

        Raises:
            InputError: the row's first problem, without its place; ``problems`` has them all.
        """
        values = row.values
        get = values.get
        name = self._function(values)
        role = get("RoleArn")
        target = self._target(name, get("Qualifier"), get("Region"), get("AccountId"), role)
        settings, depends = self._row_settings(values)
        if depends:
            for problem in _problems_of(target, settings):
                raise problem
        given: str = get("FunctionArn") or values["FunctionName"]
        return Job(seq, f"{self._source}:{row.line}", given, target, settings, role or None)

    def problems(self, row: Row) -> list[InputError]:
        """Everything that is wrong with a row that has no job, each in its place."""
        values = row.values
        found: list[InputError] = []

        def check(step: Callable[[], T]) -> T | None:
            try:
                return step()
            except InputError as problem:
                found.append(row.placed(problem, self._source))
                return None

        region, account = values.get("Region"), values.get("AccountId")
        role = values.get("RoleArn")
        name = check(lambda: self._function(values))
        known = name or FunctionName("unknown")
        check(lambda: _row_qualifier(known, values.get("Qualifier")))
        in_arn = known.region
        check(lambda: self._lane(in_arn, None, region, None, None) if name else _region(region))
        named = check(lambda: _named_account(known.account_id, account))
        check(lambda: _account(named, role))
        for field in SETTING_FIELDS:
            check(lambda field=field: _setting(field, values.get(field)))  # type: ignore[misc]
        for field, half in (check(lambda: _halves(values.get("DestinationConfig"))) or {}).items():
            check(lambda field=field, half=half: _setting(field, _half(field, half)))  # type: ignore[misc]
        if not found:
            check(lambda: self._row_settings(values))
        if not found:
            target = self._target(known, values.get("Qualifier"), region, account, role)
            last = _problems_of(target, self._row_settings(values)[0])
            found += [row.placed(problem, self._source) for problem in last]
        return found

    def _function(self, values: dict[str, Any]) -> FunctionName:
        arn, name = values.get("FunctionArn"), values.get("FunctionName")
        if arn in _UNSET:
            return parse_function(_text(name, "FunctionName"))
        by_arn = parse_function(_text(arn, "FunctionArn"), "FunctionArn")
        if name not in _UNSET:
            by_name = parse_function(_text(name, "FunctionName"))
            if by_name.name != by_arn.name:
                raise InputError(
                    f"{shown(arn)} is not the function {shown(name)} of FunctionName; "
                    "give one of them, or the same twice",
                    field="FunctionArn",
                )
        return by_arn

    def _target(
        self, name: FunctionName, qualifier: Any, region: Any, account: Any, role: Any
    ) -> Target:
        lane, partition = self._lane(name.region, name.account_id, region, account, role)
        if qualifier is None and name.qualifier is None:
            return Target(lane, name.name, LATEST, partition)
        return Target(lane, name.name, _row_qualifier(name, qualifier), partition)

    def _find_lane(
        self,
        arn_region: str | None,
        arn_account: str | None,
        region: Any,
        account: Any,
        role: Any,
    ) -> tuple[Lane, str]:
        row_region = _region(region)
        _agree("Region", arn_region, row_region)
        named, defaults = _named_account(arn_account, account), self._defaults
        found_account = _account(named, role) or defaults.account_id or ""
        own_region = defaults.regions.get(found_account)
        found = arn_region or row_region or own_region or defaults.region
        if not found:
            raise InputError(
                "not known; give a full ARN, a Region column, --region, or a profile with a Region",
                field="Region",
            )
        return Lane(found_account, found), partition_of(found)

    def _row_settings(self, values: dict[str, Any]) -> tuple[Settings, bool]:
        """A row's settings, and whether the target matters for their being right."""
        get = values.get
        nested = get("DestinationConfig")
        on_success, on_failure = get("OnSuccess"), get("OnFailure")
        if nested not in _UNSET:
            halves = {name: _half(name, half) for name, half in _halves(nested).items()}
            on_success = _one_of("OnSuccess", on_success, halves)
            on_failure = _one_of("OnFailure", on_failure, halves)
        return self._settings(
            get("MaximumRetryAttempts"), get("MaximumEventAgeInSeconds"), on_success, on_failure
        )

    def _find_settings(self, *values: Any) -> tuple[Settings, bool]:
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
        templates = is_template(settings.on_success) or is_template(settings.on_failure)
        return settings, templates or settings.feeds_function()


_UNSET = (None, "")


def _remembered(function: Callable[..., T]) -> Callable[..., T]:
    """The function with a memory; what cannot be remembered is worked out each time."""
    remember = functools.lru_cache(_REMEMBERED, typed=True)(function)

    def call(*values: Any) -> T:
        try:
            return remember(*values)
        except TypeError:  # a list or an object where none can be: the function says so
            return function(*values)

    return call


def _text(value: Any, field: str) -> str:
    if value in _UNSET:
        raise InputError("missing; every row names its function", field=field)
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is no text", field=field)
    return value


def _region(value: Any) -> str | None:
    return None if value in _UNSET else check_region(_text(value, "Region"))


def _named_account(in_arn: str | None, in_row: Any) -> str | None:
    in_row = parse_account_id(in_row)
    _agree("AccountId", in_arn, in_row)
    return in_arn or in_row


def _account(account: str | None, role: Any) -> str | None:
    """The account that a row names, by id or by the role that lies in it."""
    if role in _UNSET:
        return account
    role_arn = parse_role(_text(role, "RoleArn"))
    if is_template(role_arn):
        return account
    if account is not None and account_of(role_arn) != account:
        raise InputError(
            f"{shown(role_arn)} does not lie in the target's account {account}", field="RoleArn"
        )
    return account_of(role_arn)


def _problems_of(target: Target, settings: Settings) -> list[InputError]:
    """What is wrong with settings that are right for other targets."""
    ready = filled(settings, target)
    problems = own_destinations(target, ready)
    for field, destination in ready.destinations():
        try:
            parse_destination(destination or "", field)
        except InputError as problem:
            problems.append(problem)
    return problems


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
    if value in _UNSET:
        return None
    if field in _RANGES:
        return parse_integer(value, field, _RANGES[field])
    return parse_destination(_text(value, field), field)


def _halves(nested: Any) -> dict[str, Any]:
    """The halves that the API's own nested form has."""
    if nested in _UNSET:
        return {}
    _check_object(nested, "DestinationConfig", ("OnSuccess", "OnFailure"))
    return {name: half for name, half in nested.items() if half is not None}


def _half(name: str, half: Any) -> Any:
    """A half's destination, in the flat form."""
    _check_object(half, f"DestinationConfig.{name}", ("Destination",))
    destination = half.get("Destination")
    return CLEARING_WORD if destination in _UNSET else destination


def _check_object(value: Any, field: str, keys: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise InputError(f"{shown(value)} is no object with {' and '.join(keys)}", field=field)
    for key in value:
        if key not in keys:
            raise InputError(
                f"unknown key {shown(key)}; allowed: {' and '.join(keys)}", field=field
            )


def _one_of(field: str, beside: Any, halves: dict[str, Any]) -> Any:
    """A destination that is given flat, nested, or both ways with the same meaning."""
    half = halves.get(field)
    if half is None or beside in _UNSET:
        return beside if half is None else half
    if _setting(field, half) != _setting(field, beside):
        raise InputError("contradicts DestinationConfig; give one of them", field=field)
    return half
