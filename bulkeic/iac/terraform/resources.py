"""Resources of Terraform's AWS provider, versions 3 to 6, as declared configurations and functions.

A configuration is whole, since the provider sets it with PutFunctionEventInvokeConfig, which
removes what is not sent:

================================  ==================================================
an attribute that is not set      what ``terraform apply`` leaves there
================================  ==================================================
``maximum_retry_attempts``        2, the provider's default
``maximum_event_age_in_seconds``  not set; the provider has no default, and a state
                                  may have 0
``destination_config``, and each  cleared
half of it
================================  ==================================================

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_function_event_invoke_config
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from bulkeic.core.code.code_targets import Place, place_of
from bulkeic.core.code.declared_code import DeclaredConfig, DeclaredFunction
from bulkeic.core.errors import InputError
from bulkeic.core.model import LATEST
from bulkeic.core.targets.destinations import CLEARING_WORD
from bulkeic.core.targets.names import parse_function
from bulkeic.core.targets.rows import Row

CONFIG = "aws_lambda_function_event_invoke_config"
FUNCTION, _ALIAS = "aws_lambda_function", "aws_lambda_alias"
DEFAULT_RETRIES = 2
"""What the provider sets, and what Lambda does, where no number of retries is set."""
_IN_PLAN = "known only after apply; run 'terraform apply', then 'terraform show -json > state.json'"
_HALVES = ("on_success", "on_failure")
_INDEX = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')

T = TypeVar("T")
_Places = defaultdict[tuple[str, str], set[Place]]
"""Where functions are, by their name and their address without indexes."""


class ShownResource(msgspec.Struct, frozen=True):
    """A resource, as printed.

    Attributes:
        name: the last part of the address, without an index.
        values: its attributes, not decoded yet.
        depends_on: addresses of other resources, without indexes.
    """

    address: str = ""
    mode: str = ""
    type: str = ""
    name: str = ""
    deposed_key: str = ""
    values: msgspec.Raw = msgspec.Raw(b"{}")
    depends_on: list[str] = []


class _DestinationBlock(msgspec.Struct, frozen=True):
    destination: str | None = None


class _DestinationsBlock(msgspec.Struct, frozen=True):
    on_success: list[_DestinationBlock | None] | None = None
    on_failure: list[_DestinationBlock | None] | None = None


class _ConfigAttributes(msgspec.Struct, frozen=True):
    """The attributes of a configuration; ``region`` is there since version 6."""

    function_name: str | None = None
    qualifier: str | None = None
    maximum_event_age_in_seconds: Any = None
    maximum_retry_attempts: Any = None
    destination_config: list[_DestinationsBlock | None] | None = None
    region: str | None = None


class _NamedAttributes(msgspec.Struct, frozen=True):
    """The attributes of a function or of an alias."""

    function_name: str | None = None
    name: str | None = None
    arn: str | None = None
    region: str | None = None


_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def declared_by(
    resources: Iterable[ShownResource],
    earlier: Iterable[ShownResource],
    unknown: Mapping[str, msgspec.Raw],
    *,
    is_plan: bool,
) -> tuple[tuple[DeclaredConfig, ...], tuple[DeclaredFunction, ...]]:
    """What resources declare: configurations, and functions with their aliases.

    Args:
        resources: managed ones.
        earlier: what a plan has read before; empty for a state.
        unknown: by address, which attributes of a plan are not known yet.
        is_plan: whether they are planned.

    Raises:
        InputError: an attribute is not what the provider writes.
    """
    found: dict[str, list[ShownResource]] = {FUNCTION: [], _ALIAS: [], CONFIG: []}
    for each in resources:
        if each.type in found:
            found[each.type].append(each)
    arns = {each.address: arn_of(each) for each in earlier if each.type in {FUNCTION, _ALIAS}}
    functions = [
        function
        for kind in (FUNCTION, _ALIAS)
        for each in found[kind]
        if (function := _function(each, arns)) is not None
    ]
    places: _Places = defaultdict(set)
    for function in functions:
        key = function.function, _without_indexes(function.address)
        places[key].add((function.account_id, function.region))
    return (
        tuple(
            _config(number, each, places, unknown.get(each.address), is_plan=is_plan)
            for number, each in enumerate(found[CONFIG], 1)
        ),
        tuple(functions),
    )


def arn_of(resource: ShownResource) -> str | None:
    """The ARN of a resource; ``None``: it has none, or it is not known yet.

    Raises:
        InputError: it is not a text.
    """
    return _named(resource).arn


def _decoded(resource: ShownResource, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(resource.values, type=kind)
    except _UNDECODABLE as error:
        raise InputError(f"{resource.address}: {error}") from None


def _named(resource: ShownResource) -> _NamedAttributes:
    return _decoded(resource, _NamedAttributes)


def _function(resource: ShownResource, arns: Mapping[str, str | None]) -> DeclaredFunction | None:
    """A function, or an alias of one; ``None``: its name is not known yet."""
    values = _named(resource)
    arn = values.arn or arns.get(resource.address)
    try:
        name = parse_function(arn or values.function_name or "")
    except InputError:
        return None
    qualifier = values.name if resource.type == _ALIAS else LATEST
    if not qualifier:
        return None
    region = name.region or values.region
    return DeclaredFunction(name.name, name.account_id, region, resource.address, (qualifier,))


def _config(
    number: int,
    resource: ShownResource,
    places: _Places,
    unknown: msgspec.Raw | None,
    *,
    is_plan: bool,
) -> DeclaredConfig:
    values = _decoded(resource, _ConfigAttributes)
    row: dict[str, Any] = {
        "FunctionName": values.function_name,
        "Qualifier": values.qualifier,
        "Region": values.region,
    }
    problem: InputError | None = None
    try:
        _check_known(unknown)
        row |= _settings(values, is_plan=is_plan)
        row |= _place(row, resource, places)
    except InputError as error:
        problem = error.with_traceback(None)  # which would keep what it looked at
    return DeclaredConfig(Row(number, row, number), resource.address, problem)


def _check_known(unknown: msgspec.Raw | None) -> None:
    """Checks that a plan knows every attribute that is read.

    Raises:
        InputError: of the first one that it does not know.
    """
    try:
        marks = {} if unknown is None else msgspec.json.decode(unknown)
    except _UNDECODABLE as error:
        raise InputError(f"after_unknown: {error}") from None
    if marks is True:
        raise InputError(_IN_PLAN)
    if not isinstance(marks, dict):
        return
    for name in _ConfigAttributes.__struct_fields__:
        if _has_mark(marks.get(name)):
            raise InputError(_IN_PLAN, field=name)


def _has_mark(mark: Any) -> bool:
    """Whether something below is not known."""
    if isinstance(mark, dict):
        return any(map(_has_mark, mark.values()))
    if isinstance(mark, list):
        return any(map(_has_mark, mark))
    return mark is True


def _settings(values: _ConfigAttributes, *, is_plan: bool) -> dict[str, Any]:
    """The settings of a row; see the table above."""
    retries = values.maximum_retry_attempts
    block = next(iter(values.destination_config or ()), None) or _DestinationsBlock()
    success, failure = (
        _destination(name, getattr(block, name), is_plan=is_plan) for name in _HALVES
    )
    return {
        "MaximumRetryAttempts": DEFAULT_RETRIES if retries is None else retries,
        "MaximumEventAgeInSeconds": values.maximum_event_age_in_seconds or None,
        "OnSuccess": success,
        "OnFailure": failure,
    }


def _destination(name: str, blocks: list[_DestinationBlock | None] | None, *, is_plan: bool) -> str:
    if not blocks:
        return CLEARING_WORD
    block = blocks[0]
    if block is None or not block.destination:
        raise InputError(_IN_PLAN if is_plan else "a destination without an ARN", field=name)
    return block.destination


def _place(row: dict[str, Any], resource: ShownResource, places: _Places) -> dict[str, Any]:
    """Account and Region, as far as the functions that a configuration depends on say them."""
    if not row["FunctionName"]:
        raise InputError("missing", field="function_name")
    name = parse_function(row["FunctionName"])
    if name.region is not None:
        return {}
    needed: set[Place] = set()
    needed = needed.union(*(places.get((name.name, each), ()) for each in resource.depends_on))
    account, region = place_of(row, needed)
    return {"AccountId": account, "Region": region}


def _without_indexes(address: str) -> str:
    """An address without the indexes of ``count`` and ``for_each``."""
    return _INDEX.sub("", address)
