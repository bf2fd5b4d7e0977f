"""Lambda's operations: those on event-invoke configurations, and the table of all.

A call that passed `lambda_handler` is checked in this order; the first failed check decides the
reply. "Functions" are GetFunction and GetFunctionConfiguration, in `functions_api`, and
ListFunctions, ListVersionsByFunction, ListAliases and ListTags, in `function_listings`.

    check                                           operations   refusal
    the body is JSON                                Update Put   400 InvalidRequestContentException
    values have their types                         all          400 SerializationException
    name, Qualifier, MaxItems, FunctionVersion and
        settings meet their constraints
        (all violations are listed)                 all          400 ValidationException
    at least one setting is sent                    Update Put   400 InvalidParameterValueException
    an ARN's Region is that of the call             all          404 ResourceNotFoundException
    an ARN's account is the caller's                all          403 AccessDeniedException
    the name's qualifier and Qualifier agree        all          400 InvalidParameterValueException
    function and qualifier exist                    Update Put List Functions
                                                                 404 ResourceNotFoundException
    the sandbox issued the Marker                   List Functions
                                                                 400 InvalidParameterValueException
    the configuration exists                        Update Get Delete 404 ResourceNotFoundException
    destinations are valid                          Update Put   400 InvalidParameterValueException
    destinations have propagated                    Update Put   400 InvalidParameterValueException
    no other write of the function is pending,
        and no conflict is drawn                    Update Put Delete 409 ResourceConflictException

Each version and alias has its own configuration. List returns those of all qualifiers, even if the
name has one.
"""

import json
from collections.abc import Callable

from bulkeic.sandbox.api import function_listings, functions_api
from bulkeic.sandbox.api.request_context import (
    QualifiedFunction,
    RequestContext,
    check_constraints,
    decode_marker,
    encode_marker,
    existing_function,
    parse_max_items,
    requested_function,
)
from bulkeic.sandbox.behavior.destination_checks import check_destinations
from bulkeic.sandbox.protocol import router
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, StoredConfig
from bulkeic.sandbox.state.function_arns import function_arn
from bulkeic.sandbox.state.invoke_settings import (
    RequestedSettings,
    decode_settings,
    settings_violations,
)

MAX_ITEMS_RANGE = (1, 50)


def perform(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Perform a call.

    Args:
        fleet: the functions to read or change.
        call: the call.

    Returns:
        HTTP status and body.

    Raises:
        AwsError: the call is refused; nothing is changed.
    """
    return _OPERATIONS[call.operation](fleet, call)


def _update(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    settings = _requested_settings(call)
    function = existing_function(fleet, call)
    old = _stored_config(fleet, function)
    merge = call.destination_rules.merge_destinations
    new = settings.update_config(old, call.now_ms, merge_destinations=merge)
    return _write(fleet, call, function, settings, new)


def _put(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    settings = _requested_settings(call)
    function = existing_function(fleet, call)
    return _write(fleet, call, function, settings, settings.put_config(call.now_ms))


def _write(
    fleet: Fleet,
    call: RequestContext,
    function: QualifiedFunction,
    settings: RequestedSettings,
    new: StoredConfig,
) -> tuple[int, bytes]:
    check_destinations(fleet, function.lane, function.name, settings.destinations)
    rules = call.destination_rules
    rules.propagation.check(settings.destinations, call.now_ms, rules.iam_propagation_s)
    _check_conflict(call, function)
    fleet.set_config(function.lane, function.name, function.qualifier, new)
    return 200, _render(function.arn, new, nulls=call.nulls).encode()


def _get(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    check_constraints(call)
    function = requested_function(call)
    config = _stored_config(fleet, function)
    return 200, _render(function.arn, config, nulls=call.nulls).encode()


def _delete(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    check_constraints(call)
    function = requested_function(call)
    _stored_config(fleet, function)
    _check_conflict(call, function)
    fleet.set_config(function.lane, function.name, function.qualifier, None)
    return 204, b""


def _list(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    limit, violations = parse_max_items(call.query.get("MaxItems"), *MAX_ITEMS_RANGE)
    check_constraints(call, violations)
    function = existing_function(fleet, call)
    configs = fleet.configs(function.lane, function.name)
    marker = call.query.get("Marker")
    if marker:
        (after,) = decode_marker(marker, 1)
        configs = [item for item in configs if item[0] > after]
    page = ",".join(
        _render(function_arn(function.lane, function.name, qualifier), config, nulls=call.nulls)
        for qualifier, config in configs[:limit]
    )
    next_marker = ',"NextMarker":null' if call.nulls else ""
    if len(configs) > limit:
        next_marker = f',"NextMarker":"{encode_marker(configs[limit - 1][0])}"'
    return 200, f'{{"FunctionEventInvokeConfigs":[{page}]{next_marker}}}'.encode()


_OPERATIONS: dict[router.RoutedOperation, Callable[[Fleet, RequestContext], tuple[int, bytes]]] = {
    router.UPDATE: _update,
    router.PUT: _put,
    router.GET: _get,
    router.DELETE: _delete,
    router.LIST: _list,
    router.LIST_FUNCTIONS: function_listings.list_functions,
    router.LIST_VERSIONS: function_listings.list_versions_by_function,
    router.LIST_ALIASES: function_listings.list_aliases,
    router.LIST_TAGS: function_listings.list_tags,
    router.GET_FUNCTION: functions_api.get_function,
    router.GET_FUNCTION_CONFIGURATION: functions_api.get_function_configuration,
}


def _requested_settings(call: RequestContext) -> RequestedSettings:
    settings = decode_settings(call.body)
    check_constraints(call, settings_violations(settings))
    if settings.is_empty:
        raise AwsError(ErrorKind.NOTHING_SENT)
    return settings


def _stored_config(fleet: Fleet, function: QualifiedFunction) -> StoredConfig:
    config = fleet.config(function.lane, function.name, function.qualifier)
    if config is None:
        raise AwsError(ErrorKind.CONFIG_MISSING, arn=function.arn)
    return config


def _check_conflict(call: RequestContext, function: QualifiedFunction) -> None:
    if call.has_conflict:
        raise AwsError(ErrorKind.CONFLICT, arn=function.arn)


def _render(function_arn: str, config: StoredConfig, *, nulls: bool) -> str:
    seconds, millis = divmod(config.modified_ms, 1000)
    age = _rendered_number("MaximumEventAgeInSeconds", config.age_s, nulls=nulls)
    retries = _rendered_number("MaximumRetryAttempts", config.retries, nulls=nulls)
    return (
        f'{{"DestinationConfig":{_rendered_destinations(config, nulls=nulls)},'
        f'"FunctionArn":"{function_arn}","LastModified":{seconds}.{millis:03d}{age}{retries}}}'
    )


def _rendered_destinations(config: StoredConfig, *, nulls: bool) -> str:
    if nulls and config.on_failure is None and config.on_success is None:
        return "null"
    failure = _rendered_half(config.on_failure, nulls=nulls)
    success = _rendered_half(config.on_success, nulls=nulls)
    return f'{{"OnFailure":{failure},"OnSuccess":{success}}}'


def _rendered_half(arn: str | None, *, nulls: bool) -> str:
    if arn is None:
        return '{"Destination":null}' if nulls else "{}"
    return f'{{"Destination":{json.dumps(arn)}}}'


def _rendered_number(name: str, value: int | None, *, nulls: bool) -> str:
    if value is None:
        return f',"{name}":null' if nulls else ""
    return f',"{name}":{value}'
