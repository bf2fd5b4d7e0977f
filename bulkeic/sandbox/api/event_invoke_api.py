"""Lambda's operations on event-invoke configurations of a fleet, and which operation is whose.

A call that got past `request_handler` is checked in this order; the first check that fails
answers. "Functions" are ListFunctions, GetFunction and GetFunctionConfiguration, of
`functions_api`.

    check                                           operations   refusal
    body is JSON                                    Update Put   400 InvalidRequestContentException
    values have their types                         all          400 SerializationException
    name, Qualifier, MaxItems, FunctionVersion and
        settings are within their constraints
        (all violations at once)                    all          400 ValidationException
    something is sent                               Update Put   400 InvalidParameterValueException
    an ARN's Region is this one                     all          404 ResourceNotFoundException
    an ARN's account is the caller's                all          403 AccessDeniedException
    name's qualifier and Qualifier agree            all          400 InvalidParameterValueException
    function and qualifier exist                    Update Put List Functions
                                                                 404 ResourceNotFoundException
    Marker is one of ours                           List Functions
                                                                 400 InvalidParameterValueException
    configuration exists                            Update Get Delete 404 ResourceNotFoundException
    destinations can be                             Update Put   400 InvalidParameterValueException
    destinations have propagated                    Update Put   400 InvalidParameterValueException
    no other change of the function is going on,
        and no conflict is drawn                    Update Put Delete 409 ResourceConflictException

A version or an alias has a configuration of its own. List gives those of all qualifiers, whichever
of them the name has.
"""

import json
from collections.abc import Callable

from bulkeic.sandbox.api import functions_api
from bulkeic.sandbox.api.request_context import (
    RequestContext,
    Subject,
    check_constraints,
    existing,
    item_before,
    marker_of,
    max_items,
    subject_of,
)
from bulkeic.sandbox.behavior.destination_checks import check_destinations
from bulkeic.sandbox.protocol import router
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, StoredConfig
from bulkeic.sandbox.state.function_arns import arn
from bulkeic.sandbox.state.invoke_settings import SentSettings, decode, settings_violations

MAX_ITEMS = (1, 50)


def perform(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    """Do what a call asks for.

    Args:
        fleet: what it works on.
        call: the call.

    Returns:
        HTTP status and body.

    Raises:
        AwsError: the call is refused; nothing was changed.
    """
    return _OPERATIONS[call.operation](fleet, call)


def _update(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    settings = _settings(call)
    subject = existing(fleet, call)
    old = _configured(fleet, subject)
    _check_destinations(fleet, call, subject, settings)
    _check_conflict(call, subject)
    merge = call.rules.merge_destinations
    new = settings.update(old, call.now_ms, merge_destinations=merge)
    fleet.set(subject.lane, subject.name, subject.qualifier, new)
    return 200, _render(subject.arn, new).encode()


def _put(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    settings = _settings(call)
    subject = existing(fleet, call)
    _check_destinations(fleet, call, subject, settings)
    _check_conflict(call, subject)
    new = settings.put(call.now_ms)
    fleet.set(subject.lane, subject.name, subject.qualifier, new)
    return 200, _render(subject.arn, new).encode()


def _get(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    check_constraints(call)
    subject = subject_of(call)
    return 200, _render(subject.arn, _configured(fleet, subject)).encode()


def _delete(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    check_constraints(call)
    subject = subject_of(call)
    _configured(fleet, subject)
    _check_conflict(call, subject)
    fleet.set(subject.lane, subject.name, subject.qualifier, None)
    return 204, b""


def _list(fleet: Fleet, call: RequestContext) -> tuple[int, bytes]:
    limit, violations = max_items(call.query.get("MaxItems"), *MAX_ITEMS)
    check_constraints(call, violations)
    subject = existing(fleet, call)
    configs = fleet.configs(subject.lane, subject.name)
    marker = call.query.get("Marker")
    if marker:
        (after,) = item_before(marker, 1)
        configs = [item for item in configs if item[0] > after]
    page = ",".join(
        _render(arn(subject.lane, subject.name, qualifier), config)
        for qualifier, config in configs[:limit]
    )
    following = ""
    if len(configs) > limit:
        following = f',"NextMarker":"{marker_of(configs[limit - 1][0])}"'
    return 200, f'{{"FunctionEventInvokeConfigs":[{page}]{following}}}'.encode()


_OPERATIONS: dict[router.RoutedOperation, Callable[[Fleet, RequestContext], tuple[int, bytes]]] = {
    router.UPDATE: _update,
    router.PUT: _put,
    router.GET: _get,
    router.DELETE: _delete,
    router.LIST: _list,
    router.LIST_FUNCTIONS: functions_api.list_functions,
    router.GET_FUNCTION: functions_api.get_function,
    router.GET_FUNCTION_CONFIGURATION: functions_api.get_function_configuration,
}


def _settings(call: RequestContext) -> SentSettings:
    settings = decode(call.body)
    check_constraints(call, settings_violations(settings))
    if settings.empty:
        raise AwsError(ErrorKind.NOTHING_SENT)
    return settings


def _configured(fleet: Fleet, subject: Subject) -> StoredConfig:
    config = fleet.config(subject.lane, subject.name, subject.qualifier)
    if config is None:
        raise AwsError(ErrorKind.CONFIG_MISSING, arn=subject.arn)
    return config


def _check_destinations(
    fleet: Fleet, call: RequestContext, subject: Subject, settings: SentSettings
) -> None:
    check_destinations(fleet, subject.lane, subject.name, settings.destinations)
    rules = call.rules
    rules.propagation.check(settings.destinations, call.now_ms, rules.iam_propagation_s)


def _check_conflict(call: RequestContext, subject: Subject) -> None:
    if call.conflict:
        raise AwsError(ErrorKind.CONFLICT, arn=subject.arn)


def _render(function_arn: str, config: StoredConfig) -> str:
    seconds, millis = divmod(config.modified_ms, 1000)
    failure = "" if config.on_failure is None else f'"Destination":{json.dumps(config.on_failure)}'
    success = "" if config.on_success is None else f'"Destination":{json.dumps(config.on_success)}'
    age = "" if config.age_s is None else f',"MaximumEventAgeInSeconds":{config.age_s}'
    retries = "" if config.retries is None else f',"MaximumRetryAttempts":{config.retries}'
    return (
        f'{{"DestinationConfig":{{"OnFailure":{{{failure}}},"OnSuccess":{{{success}}}}},'
        f'"FunctionArn":"{function_arn}","LastModified":{seconds}.{millis:03d}{age}{retries}}}'
    )
