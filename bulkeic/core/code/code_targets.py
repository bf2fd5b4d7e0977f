"""The targets of infrastructure code, each with what code wants it to have.

- A configuration that does not say where its function is takes account and Region from the one
  function of that name that any of the files declares. If there are several, it is a problem.
- A function *lacks* a configuration if code declares the function, or an alias of it, and no
  configuration that could be of it. Code wants none there.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from bulkeic.core.code.declared_code import DeclaredCode, DeclaredConfig, DeclaredFunction
from bulkeic.core.errors import InputError
from bulkeic.core.model import LATEST
from bulkeic.core.targets.names import parse_function
from bulkeic.core.targets.nested_settings import UNSET
from bulkeic.core.targets.rows import WANTS_NONE, Row

_MOST_SHOWN = 5

Place = tuple[str | None, str | None]
"""Account and Region; ``None``: the code does not say."""


class CodeTarget(msgspec.Struct, frozen=True, gc=False):
    """A target of code.

    Attributes:
        file: that declares it.
        address: of its configuration, or of its function if code wants no configuration.
        row: with account and Region, as far as they are known, or why it has none. It has
            ``WANTS_NONE`` if code wants no configuration.
        line: of the configuration in the file; 0: not known.
    """

    file: str
    address: str
    row: Row | InputError
    line: int = 0


def code_targets(codes: Sequence[DeclaredCode], *, with_lacking: bool) -> list[CodeTarget]:
    """The targets of several files, in their order.

    Args:
        codes: what the files declare.
        with_lacking: also those of functions that lack a configuration.
    """
    functions: defaultdict[str, set[Place]] = defaultdict(set)
    for each in _functions(codes):
        functions[each.function].add((each.account_id, each.region))
    found = [
        CodeTarget(code.file, config.address, _located(config, functions), config.line)
        for code in codes
        for config in code.configs
    ]
    return found + list(_lacking(codes, found)) if with_lacking else found


def place_of(values: dict[str, Any], functions: AbstractSet[Place]) -> Place:
    """Where the function of a row is.

    Args:
        values: of the row, with a valid function.
        functions: where functions of its name are declared.

    Raises:
        InputError: in more than one place.
    """
    name = parse_function(values["FunctionName"])
    account = name.account_id or values.get("AccountId")
    region = name.region or values.get("Region")
    if account and region:
        return account, region
    fitting = functions
    if account or region:
        fitting = {place for place in functions if _agree(place, (account, region))}
    fitting = {place for place in fitting if None not in place} or fitting
    if len(fitting) > 1:
        raise InputError(
            f"functions of this name are declared in {_listed(fitting)}; expected a full ARN",
            field="FunctionName",
        )
    found = next(iter(fitting)) if len(fitting) == 1 else (None, None)
    return account or found[0], region or found[1]


def _functions(codes: Sequence[DeclaredCode]) -> Iterator[DeclaredFunction]:
    for code in codes:
        yield from code.functions


def _listed(places: AbstractSet[Place]) -> str:
    """Places, or their number: functions of one name may be in thousands of accounts."""
    if len(places) > _MOST_SHOWN:
        return f"{len(places):,} places"
    return ", ".join(sorted(f"{account or '?'}/{region or '?'}" for account, region in places))


def _agree(one: Place, other: Place) -> bool:
    """Whether two places can be the same."""
    return all(a is None or b is None or a == b for a, b in zip(one, other, strict=True))


def _located(config: DeclaredConfig, functions: dict[str, set[Place]]) -> Row | InputError:
    """The row of a configuration with its account and Region."""
    if config.problem is not None:
        return config.problem
    values = config.row.values
    try:
        name = parse_function(values["FunctionName"])
        account, region = place_of(values, functions.get(name.name, set()))
    except InputError as problem:
        return problem.with_traceback(None)
    if name.region is None:
        values = values | {"AccountId": account, "Region": region}
    return msgspec.structs.replace(config.row, values=values)


def _lacking(codes: Sequence[DeclaredCode], found: Sequence[CodeTarget]) -> Iterator[CodeTarget]:
    """The targets of the functions that lack a configuration, each once."""
    known: defaultdict[tuple[str, str], set[Place]] = defaultdict(set)
    configs = (config for code in codes for config in code.configs)
    for config, target in zip(configs, found, strict=True):
        row = config.row if isinstance(target.row, InputError) else target.row
        key, place = _key(row.values)
        known[key].add(place)
    for code in codes:
        for function in code.functions:
            place = function.account_id, function.region
            for qualifier in function.qualifiers:
                same = known[function.function, qualifier]
                if not _is_among(place, same):
                    same.add(place)
                    yield CodeTarget(code.file, function.address, _lacking_row(function, qualifier))


def _is_among(place: Place, others: AbstractSet[Place]) -> bool:
    """Whether a place can be one of others. Most places are known, and need no search."""
    account, region = place
    if account and region:
        return not others.isdisjoint({place, (account, None), (None, region), (None, None)})
    return any(_agree(place, other) for other in others)


def _key(values: dict[str, Any]) -> tuple[tuple[str, str], Place]:
    """The function, qualifier and place of a row; empty if the name is invalid."""
    try:
        name = parse_function(str(values.get("FunctionName")))
    except InputError:
        return ("", ""), (None, None)
    given = values.get("Qualifier")
    qualifier = name.qualifier or (LATEST if given in UNSET else str(given))
    account, region = values.get("AccountId"), values.get("Region")
    return (name.name, qualifier), (name.account_id or account, name.region or region)


def _lacking_row(function: DeclaredFunction, qualifier: str) -> Row:
    values = {
        "FunctionName": function.function,
        "Qualifier": qualifier,
        "AccountId": function.account_id,
        "Region": function.region,
        WANTS_NONE: True,
    }
    return Row(1, values)
