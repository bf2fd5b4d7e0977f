"""A decoded row and the defaults → a job, or every problem of the row.

- A row's own value beats the default; an empty cell or ``null`` means "not set here".
- The lane comes from the ARN, else the row, else its role, else the defaults. A value that is given
  twice must agree.
- Only integers count as integers: ``true``, ``2.0`` and ``"2 "`` are problems.
- Every rule of the API that needs no call to AWS is checked here.
- One validation finds the job and all problems. It never stops at the first problem.
"""

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from bulkeic.core.accounts import parse_account_id, parse_role, role_account
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import CLEARED, LATEST, Job, Lane, Settings, SourceLine, Target
from bulkeic.core.targets.destinations import parse_destination, partition_problems, target_problems
from bulkeic.core.targets.names import (
    FunctionName,
    check_qualifier,
    check_region,
    merge_qualifiers,
    parse_function,
    partition_of,
)
from bulkeic.core.targets.nested_settings import NO_DESTINATIONS, UNSET, collect, spread_settings
from bulkeic.core.targets.templates import has_template, is_template

# In the order of Settings' own fields.
SETTING_FIELDS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")
_RANGES = {"MaximumRetryAttempts": range(3), "MaximumEventAgeInSeconds": range(60, 21601)}
_WAVES = range(1, 1001)

WANTS_NONE = "WantsNone"
"""A field of rows of code that want their target to have no configuration; files have no such."""
_NO_SETTINGS = Settings()

_MEMOIZED = 4096

_match_integer = re.compile(r"-?\d{1,10}", re.ASCII).fullmatch

_Valid = tuple[Target, Settings, int | None]


class Row(msgspec.Struct, frozen=True, gc=False):
    """One decoded row.

    Attributes:
        line: number of the line that it begins on, from 1.
        values: by field name.
        item: number of the row in a JSON document, where many rows may share a line, or the file
            of code and the address in it; 0 elsewhere.
    """

    line: int
    values: dict[str, Any]
    item: int | str = 0

    def located(self, problem: InputError, source: str) -> InputError:
        """The problem with the row's file and line."""
        if isinstance(self.item, str):
            return problem.at(self.item, 0)
        rule = f"{problem.rule} (item {self.item})" if self.item else problem.rule
        return InputError(rule, field=problem.field, line=self.line, source=source)


class Defaults(msgspec.Struct, frozen=True):
    """Values for rows that do not give their own.

    Attributes:
        account_id: the caller's own account; ``None`` while it is unknown.
        region: from the flag, the environment or the profile.
        settings: from the flags.
        regions: account id → Region, for accounts that the accounts file limits to one Region.
    """

    account_id: str | None = None
    region: str | None = None
    settings: Settings = Settings()
    regions: Mapping[str, str] = {}


class RowParser:
    """Turns the rows of one targets file into jobs.

    Args:
        source: the file's name, for ``Job.source`` and for problems.
        defaults: values for rows that do not give their own.
        exact: whether rows give whole configurations, or ``WANTS_NONE``.
    """

    def __init__(self, source: str, defaults: Defaults, *, exact: bool = False) -> None:
        self._source = source
        self._exact = exact
        self._defaults = defaults
        # The rows of a fleet share few lanes and few settings; each is validated once.
        memoize = functools.lru_cache(_MEMOIZED, typed=True)
        self._lane = memoize(self._validate_lane)
        self._settings = memoize(self._validate_settings)
        self._partition_problems = memoize(partition_problems)

    def job(self, seq: int, row: Row) -> Job:
        """The job of a row.

        Raises:
            InputError: the first of the row's ``problems``, without its file and line.
        """
        values = row.values
        valid = self._validate(values)
        if isinstance(valid, list):
            raise valid[0].at("", 0)
        target, settings, wave = valid
        given: str = values.get("FunctionArn") or values["FunctionName"]
        role: str | None = values.get("RoleArn") or None
        line = SourceLine(self._source, row.line)
        return Job(seq, line, given, target, settings, role, wave=wave)

    def problems(self, row: Row) -> list[InputError]:
        """Every problem of a row, with file and line; empty exactly if the row has a job."""
        valid = self._validate(row.values)
        if not isinstance(valid, list):
            return []
        return [row.located(problem, self._source) for problem in valid]

    def _validate(self, values: dict[str, Any]) -> _Valid | list[InputError]:
        """The row's target, settings and wave, or all its problems."""
        try:
            return self._validate_fields(values, self._lane, self._settings)
        except TypeError:  # a list or an object in place of a single value: it has no hash
            return self._validate_fields(values, self._validate_lane, self._validate_settings)

    def _validate_fields(
        self,
        values: dict[str, Any],
        validate_lane: Callable[..., tuple[Lane, str, list[InputError]]],
        validate_settings: Callable[..., tuple[Settings, bool, list[InputError]]],
    ) -> _Valid | list[InputError]:
        get: Callable[[str], Any] = values.get
        problems: list[InputError] = []
        try:
            name = _function_name(get("FunctionArn"), get("FunctionName"))
            in_arn: tuple[str | None, str | None] | None = (name.region, name.account_id)
        except InputError as problem:
            problems.append(problem)
            name, in_arn = _UNKNOWN_FUNCTION, None
        qualifier: str | None = LATEST
        if name.qualifier is not None or get("Qualifier") not in UNSET:
            qualifier = collect(problems, _qualifier, name.qualifier, get("Qualifier"))
        lane, partition, lane_problems = validate_lane(
            in_arn, get("Region"), get("AccountId"), get("RoleArn")
        )
        problems += lane_problems
        get, nested = spread_settings(problems, values)
        settings, depends_on_target = _NO_SETTINGS, False
        if not (self._exact and WANTS_NONE in values):
            settings, depends_on_target, setting_problems = validate_settings(
                get("MaximumRetryAttempts"),
                get("MaximumEventAgeInSeconds"),
                get("OnSuccess"),
                get("OnFailure"),
                nested,
            )
            problems += setting_problems
        given = values.get("Wave")
        wave = None if given in UNSET else collect(problems, parse_wave, given)
        if not lane_problems and (settings.on_success or settings.on_failure):
            problems += self._partition_problems(partition, settings)
        if problems:
            return problems
        target = Target(lane, name.name, qualifier or LATEST, partition)
        if depends_on_target:
            problems = target_problems(target, settings)
        return problems or (target, settings, wave)

    def _validate_lane(
        self, in_arn: tuple[str | None, str | None] | None, region: Any, account: Any, role: Any
    ) -> tuple[Lane, str, list[InputError]]:
        """The lane, its partition, and the problems of the lane's fields.

        Args:
            in_arn: Region and account of the function's ARN; ``None``: the function is invalid.
            region: of the row.
            account: of the row.
            role: of the row.
        """
        arn_region, arn_account = in_arn or _NOT_IN_ARN
        problems: list[InputError] = []
        defaults = self._defaults
        chosen = collect(problems, _region, arn_region, region)
        region_problems = len(problems)
        account_id = collect(problems, _account_id, arn_account, account)
        account_id = collect(problems, _account_of_role, account_id, role) or account_id
        found_account = account_id or defaults.account_id or ""
        chosen = chosen or defaults.regions.get(found_account) or defaults.region
        # A Region that follows from a bad field is not unknown.
        depends_on_bad = region_problems or (problems and defaults.regions) or in_arn is None
        if not chosen and not depends_on_bad:
            problems.append(
                InputError(
                    "not known; give a full ARN, a Region column, --region, or a profile with a "
                    "Region",
                    field="Region",
                )
            )
        return Lane(found_account, chosen or ""), partition_of(chosen or ""), problems

    def _validate_settings(
        self,
        retries: Any,
        age: Any,
        on_success: Any,
        on_failure: Any,
        nested: tuple[Any, Any] | None,
    ) -> tuple[Settings, bool, list[InputError]]:
        """The settings, whether their validity depends on the target, and their problems.

        Args:
            retries: of the row, like all that follow.
            age: in seconds.
            on_success: the flat form.
            on_failure: the flat form.
            nested: both destinations of ``DestinationConfig``; ``None``: it is invalid.
        """
        problems: list[InputError] = []
        flat = zip(SETTING_FIELDS, (retries, age, on_success, on_failure), strict=True)
        chosen = [collect(problems, _setting, field, value) for field, value in flat]
        for index, destination in enumerate(nested or NO_DESTINATIONS, 2):
            if destination is not None:
                chosen[index] = collect(
                    problems, _same_destination, SETTING_FIELDS[index], destination, chosen[index]
                )
        default = msgspec.structs.astuple(self._defaults.settings)
        pairs = zip(chosen, default, strict=True)
        settings = Settings(*(fallback if value is None else value for value, fallback in pairs))
        if self._exact and not settings.is_empty():
            settings = whole_settings(settings)
        if settings.is_empty() and nested is not None and not problems:
            problems.append(
                InputError(
                    "nothing to set; give at least one of MaximumRetryAttempts, "
                    "MaximumEventAgeInSeconds, OnSuccess, OnFailure, in the row or by flag"
                )
            )
        depends_on_target = has_template(settings) or settings.has_function_destination()
        return settings, depends_on_target, problems


def whole_settings(settings: Settings) -> Settings:
    """Settings as a whole configuration: a destination that they do not name is cleared."""
    return msgspec.structs.replace(
        settings,
        on_success=settings.on_success or CLEARED,
        on_failure=settings.on_failure or CLEARED,
    )


def parse_wave(value: Any) -> int:
    """The number of a wave, from a JSON integer or the digits of a cell.

    Raises:
        InputError: it is out of range, or not an integer.
    """
    return parse_integer(value, "Wave", _WAVES)


_UNKNOWN_FUNCTION = FunctionName("")
_NOT_IN_ARN = (None, None)


def _text(value: Any, field: str) -> str:
    if value and isinstance(value, str):
        return value
    if value in UNSET:
        raise InputError("missing; every row names its function", field=field)
    raise InputError(f"{quoted(value)} is not text", field=field)


def _function_name(arn: Any, name: Any) -> FunctionName:
    if arn in UNSET:
        return parse_function(_text(name, "FunctionName"))
    by_arn = parse_function(_text(arn, "FunctionArn"), "FunctionArn")
    if name not in UNSET:
        by_name = parse_function(_text(name, "FunctionName"))
        if by_name.name != by_arn.name:
            raise InputError(
                f"{quoted(arn)} is not the function {quoted(name)} of FunctionName; "
                "give one of them, or the same twice",
                field="FunctionArn",
            )
    return by_arn


def _qualifier(in_name: str | None, in_row: Any) -> str:
    if in_row in UNSET:
        return merge_qualifiers(in_name, None)
    return merge_qualifiers(in_name, check_qualifier(_text(in_row, "Qualifier")))


def _region(in_arn: str | None, in_row: Any) -> str | None:
    row_region = None if in_row in UNSET else check_region(_text(in_row, "Region"))
    return _agreed("Region", in_arn, row_region)


def _account_id(in_arn: str | None, in_row: Any) -> str | None:
    return _agreed("AccountId", in_arn, parse_account_id(in_row))


def _agreed(field: str, in_arn: str | None, in_row: str | None) -> str | None:
    if in_arn is not None and in_row is not None and in_arn != in_row:
        raise InputError(
            f"{quoted(in_row)} contradicts the {quoted(in_arn)} in the function's ARN; "
            "give one of them, or the same twice",
            field=field,
        )
    return in_arn or in_row


def _account_of_role(account: str | None, role: Any) -> str | None:
    """The account that the row's role belongs to; ``None``: the row does not say."""
    if role in UNSET:
        return None
    role_arn = parse_role(_text(role, "RoleArn"))
    if is_template(role_arn):
        return None
    if account is not None and role_account(role_arn) != account:
        raise InputError(
            f"{quoted(role_arn)} does not belong to the target's account {account}", field="RoleArn"
        )
    return role_account(role_arn)


def parse_integer(value: Any, field: str, allowed: range) -> int:
    """An integer in a range, from a JSON integer or the digits of a cell.

    Raises:
        InputError: it is out of range, or not an integer.
    """
    number = value
    if isinstance(value, str) and _match_integer(value):
        number = int(value)
    if isinstance(number, bool) or not isinstance(number, int):
        raise InputError(
            f"{quoted(value)} is not an integer; expected {allowed[0]} to {allowed[-1]}",
            field=field,
        )
    if number not in allowed:
        raise InputError(
            f"{quoted(number)} is out of range; expected {allowed[0]} to {allowed[-1]}", field=field
        )
    return number


def _setting(field: str, value: Any) -> Any:
    """The value of one setting, or ``None`` where the row does not set it."""
    if value in UNSET:
        return None
    if field in _RANGES:
        return parse_integer(value, field, _RANGES[field])
    return parse_destination(_text(value, field), field)


def _same_destination(field: str, nested: Any, flat: str | None) -> Any:
    """A destination of ``DestinationConfig``, which may also be given flat with the same value."""
    destination = _setting(field, nested)
    if flat is not None and destination != flat:
        raise InputError("contradicts DestinationConfig; give one of them", field=field)
    return destination
