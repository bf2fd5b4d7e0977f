"""A request to Organizations, Resource Groups Tagging or Account -> its reply. No I/O.

A call is checked in this order; the first failed check decides the reply:

    check                                           refusal
    method, path and X-Amz-Target mean an operation UnknownOperationException
    the sender is identified                        see `bulkeic.sandbox.auth.principal`
    the Region is enabled (Tagging)                 UnrecognizedClientException
    the operation is not denied, and the session's
        policy allows it                            AccessDeniedException
    the body is a JSON object                       SerializationException
    those of the operation                          see its module in `bulkeic.sandbox.api`

Services of the protocol JSON 1.1 answer all of these with the status 400.
"""

import json
from collections.abc import Callable
from typing import Any

from bulkeic.sandbox.api import account_api, organizations_api, tagging_api
from bulkeic.sandbox.api.service_call import Response, ServiceCall
from bulkeic.sandbox.protocol import service_router
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, json_body, json_rpc_body
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest
from bulkeic.sandbox.protocol.service_router import ServiceOperation, route_service
from bulkeic.sandbox.server.lambda_handler import UNKNOWN_OPERATION, AnsweredCall
from bulkeic.sandbox.shared_state import SharedState

_JSON_RPC = "application/x-amz-json-1.1"
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


def handle_service_call(state: SharedState, request: HttpRequest, wall_s: float) -> AnsweredCall:
    """Decide the reply to a request for which `is_service_call` holds.

    Args:
        state: the state to read.
        request: the request.
        wall_s: Unix time in seconds.
    """
    operation = route_service(request)
    if operation is None:
        error = AwsError(ErrorKind.UNKNOWN_OPERATION, method=request.method, path=request.path)
        return AnsweredCall(UNKNOWN_OPERATION, _error_reply(error, is_json_rpc=True))
    try:
        response = _perform(state, operation, request, wall_s)
    except AwsError as error:
        reply = _error_reply(error, is_json_rpc=operation.is_json_rpc)
    else:
        body = json.dumps(response, separators=(",", ":")).encode()
        reply = HttpReply(200, body, _JSON_RPC if operation.is_json_rpc else "application/json")
    return AnsweredCall(operation.name, reply)


_OPERATIONS: dict[ServiceOperation, Callable[[ServiceCall], Response]] = {
    service_router.LIST_ROOTS: organizations_api.list_roots,
    service_router.LIST_ACCOUNTS: organizations_api.list_accounts,
    service_router.LIST_ACCOUNTS_FOR_PARENT: organizations_api.list_accounts_for_parent,
    service_router.LIST_UNITS_FOR_PARENT: organizations_api.list_units_for_parent,
    service_router.GET_RESOURCES: tagging_api.get_resources,
    service_router.LIST_REGIONS: account_api.list_regions,
}


def _perform(
    state: SharedState, operation: ServiceOperation, request: HttpRequest, wall_s: float
) -> Response:
    principal = state.authenticator.identify(request, operation.service, wall_s)
    if not operation.is_global and not state.accounts.is_enabled(principal.lane):
        raise AwsError(ErrorKind.INVALID_TOKEN)
    if state.accounts.is_denied(principal.lane, operation.action):
        raise AwsError(ErrorKind.SERVICE_REFUSED, user=principal.arn, action=operation.action)
    if not principal.may(operation.action):
        user, action = principal.arn, operation.action
        raise AwsError(ErrorKind.SESSION_REFUSED, user=user, action=action, arn="*")
    call = ServiceCall(_parameters(request.body), principal, state.accounts, state.fleet)
    return _OPERATIONS[operation](call)


def _parameters(body: bytes) -> dict[str, Any]:
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        parameters = None
    if not isinstance(parameters, dict):
        raise AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted="an Object")  # noqa: S106
    return parameters


def _error_reply(error: AwsError, *, is_json_rpc: bool) -> HttpReply:
    if not is_json_rpc:
        return HttpReply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})
    status = error.status if error.status >= _SERVER_ERROR else _CLIENT_ERROR
    return HttpReply(status, json_rpc_body(error), _JSON_RPC)
