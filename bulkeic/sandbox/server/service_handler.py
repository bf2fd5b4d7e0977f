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

Services of the protocol JSON 1.1 answer all of these with the status 400. CloudWatch, which once
had the query protocol, has its statuses and, in a header, its codes.
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
from bulkeic.sandbox.api.cloudwatch_api import alarm_arn
from bulkeic.sandbox.api.service_call import Response, ServiceCall
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.protocol import service_router
from bulkeic.sandbox.protocol.aws_errors import (
    AwsError,
    ErrorKind,
    json_body,
    json_rpc_body,
    query_code,
)
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest
from bulkeic.sandbox.protocol.service_router import ServiceOperation, route_service
from bulkeic.sandbox.server.lambda_handler import UNKNOWN_OPERATION, AnsweredCall
from bulkeic.sandbox.shared_state import SharedState

_JSON_RPC = "application/x-amz-json-1.1"
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


def handle_service_call(state: SharedState, request: HttpRequest, wall_s: float) -> AnsweredCall:
    """Decide the reply to a request for which `is_service_call` holds.

    Args:
        state: the state to read or change.
        request: the request.
        wall_s: Unix time in seconds.
    """
    operation = route_service(request)
    if operation is None:
        error = AwsError(ErrorKind.UNKNOWN_OPERATION, method=request.method, path=request.path)
        reply = HttpReply(_CLIENT_ERROR, json_rpc_body(error), _JSON_RPC)
        return AnsweredCall(UNKNOWN_OPERATION, reply)
    try:
        response = _perform(state, operation, request, wall_s)
    except AwsError as error:
        reply = _error_reply(error, operation)
    else:
        body = json.dumps(response, separators=(",", ":")).encode()
        reply = HttpReply(200, body, operation.content_type)
    return AnsweredCall(operation.name, reply)


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
        _parameters(request.body),
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


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        parameters = None
    if not isinstance(parameters, dict):
        raise AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted="an Object")  # noqa: S106
    return parameters


def _error_reply(error: AwsError, operation: ServiceOperation) -> HttpReply:
    if not operation.is_json_rpc:
        return HttpReply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})
    body = json_rpc_body(error)
    if operation.is_query_compatible:
        headers = {"x-amzn-query-error": f"{query_code(error)};Sender"}
        return HttpReply(error.status, body, operation.content_type, headers)
    status = error.status if error.status >= _SERVER_ERROR else _CLIENT_ERROR
    return HttpReply(status, body, operation.content_type)
