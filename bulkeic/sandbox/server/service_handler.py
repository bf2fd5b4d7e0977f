"""A request to a service around Lambda, but for STS -> its reply. No I/O.

A call is checked in this order; the first failed check decides the reply:

    check                                           refusal
    method, path and X-Amz-Target mean an operation UnknownOperationException
    the sender is identified                        see `bulkeic.sandbox.auth.principal`
    the Region is enabled, if the service has any   UnrecognizedClientException
    the operation is not denied, and the session's
        policy allows it                            AccessDeniedException
    the body is a JSON object                       SerializationException
    those of the operation                          see its module in `bulkeic.sandbox.api`

Services of the protocol JSON 1.1 answer all of these with the status 400. CloudWatch has the
statuses of its older query protocol, and its codes in a header; it serves that protocol, too.
"""

import json
from collections.abc import Callable
from typing import Any

from bulkeic.sandbox.api import (
    account_api,
    cloudwatch_api,
    organizations_api,
    ssm_api,
    tagging_api,
)
from bulkeic.sandbox.api.cloudwatch_api import PARAMETER_TYPES, alarm_arn
from bulkeic.sandbox.api.service_call import Response, ServiceCall
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.protocol import service_router
from bulkeic.sandbox.protocol.aws_errors import (
    AwsError,
    ErrorKind,
    json_body,
    json_rpc_body,
    query_code,
    xml_body,
)
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest
from bulkeic.sandbox.protocol.query_protocol import (
    NAMESPACE,
    query_action,
    query_body,
    query_parameters,
)
from bulkeic.sandbox.protocol.service_router import ServiceOperation, is_query, route_service
from bulkeic.sandbox.server.lambda_handler import UNKNOWN_OPERATION, AnsweredCall
from bulkeic.sandbox.shared_state import SharedState

_JSON_RPC = "application/x-amz-json-1.1"
_XML = "text/xml"
_ACTION_MAX = 100
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


def handle_service_call(
    state: SharedState, request: HttpRequest, request_id: str, wall_s: float
) -> AnsweredCall:
    """Decide the reply to a request for which `is_service_call` holds.

    Args:
        state: the state to read or change.
        request: the request.
        request_id: identifies the call in an XML response.
        wall_s: Unix time in seconds.
    """
    name = UNKNOWN_OPERATION
    operation = None
    try:
        operation = _route(request)
        name = operation.name
        response = _perform(state, operation, request, wall_s)
    except AwsError as error:
        if is_query(request):
            body = xml_body(error, NAMESPACE, request_id)
            return AnsweredCall(name, HttpReply(error.status, body, _XML))
        return AnsweredCall(name, _error_reply(error, operation))
    if is_query(request):
        return AnsweredCall(name, HttpReply(200, query_body(name, response, request_id), _XML))
    body = json.dumps(response, separators=(",", ":")).encode()
    return AnsweredCall(name, HttpReply(200, body, operation.content_type))


_OPERATIONS: dict[ServiceOperation, Callable[[ServiceCall], Response]] = {
    service_router.LIST_ROOTS: organizations_api.list_roots,
    service_router.LIST_ACCOUNTS: organizations_api.list_accounts,
    service_router.LIST_ACCOUNTS_FOR_PARENT: organizations_api.list_accounts_for_parent,
    service_router.LIST_UNITS_FOR_PARENT: organizations_api.list_units_for_parent,
    service_router.GET_RESOURCES: tagging_api.get_resources,
    service_router.LIST_REGIONS: account_api.list_regions,
    service_router.DESCRIBE_ALARMS: cloudwatch_api.describe_alarms,
    service_router.PUT_METRIC_ALARM: cloudwatch_api.put_metric_alarm,
    service_router.PUT_COMPOSITE_ALARM: cloudwatch_api.put_composite_alarm,
    service_router.SET_ALARM_STATE: cloudwatch_api.set_alarm_state,
    service_router.DELETE_ALARMS: cloudwatch_api.delete_alarms,
    service_router.GET_CALENDAR_STATE: ssm_api.get_calendar_state,
}


def _route(request: HttpRequest) -> ServiceOperation:
    operation = route_service(request)
    if operation is not None:
        return operation
    if is_query(request):
        action = query_action(request.body)[:_ACTION_MAX]
        raise AwsError(ErrorKind.UNKNOWN_ACTION, action=action, version="2010-08-01")
    raise AwsError(ErrorKind.UNKNOWN_OPERATION, method=request.method, path=request.path)


def _perform(
    state: SharedState, operation: ServiceOperation, request: HttpRequest, wall_s: float
) -> Response:
    principal = state.authenticator.identify(request, operation.service, wall_s)
    if not operation.is_global and not state.accounts.is_enabled(principal.lane):
        raise AwsError(ErrorKind.INVALID_TOKEN)
    if state.accounts.is_denied(principal.lane, operation.action):
        raise _denial(principal, operation)
    if not principal.may(operation.action):
        user, action = principal.arn, operation.action
        raise AwsError(ErrorKind.SESSION_REFUSED, user=user, action=action, arn="*")
    call = ServiceCall(
        _parameters(request),
        principal,
        state.accounts,
        state.fleet,
        state.alarms,
        state.calendars,
        wall_s,
    )
    return _OPERATIONS[operation](call)


def _denial(principal: Principal, operation: ServiceOperation) -> AwsError:
    user, action = principal.arn, operation.action
    if not operation.is_query_compatible:
        return AwsError(ErrorKind.SERVICE_REFUSED, user=user, action=action)
    arn = alarm_arn(principal.lane, "*")
    return AwsError(ErrorKind.ALARMS_REFUSED, user=user, action=action, arn=arn)


def _parameters(request: HttpRequest) -> dict[str, Any]:
    if is_query(request):
        return query_parameters(request.body, PARAMETER_TYPES)
    try:
        parameters = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        parameters = None
    if not isinstance(parameters, dict):
        raise AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted="an Object")  # noqa: S106
    return parameters


def _error_reply(error: AwsError, operation: ServiceOperation | None) -> HttpReply:
    if operation is None:
        return HttpReply(_CLIENT_ERROR, json_rpc_body(error), _JSON_RPC)
    if not operation.is_json_rpc:
        return HttpReply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})
    body = json_rpc_body(error)
    if operation.is_query_compatible:
        headers = {"x-amzn-query-error": f"{query_code(error)};Sender"}
        return HttpReply(error.status, body, operation.content_type, headers)
    status = error.status if error.status >= _SERVER_ERROR else _CLIENT_ERROR
    return HttpReply(status, body, operation.content_type)
