"""A request to Lambda -> its reply. No I/O: time is an argument.

A call is checked in this order; the first failed check decides the reply. The further checks are in
the table of `bulkeic.sandbox.api.event_invoke_api`.

    check                                           refusal
    method and path mean an operation               404 UnknownOperationException
    the sender is identified                        403, see `bulkeic.sandbox.auth.principal`
    the Region is enabled in the account            403 UnrecognizedClientException
    its lane is known, or not one too many          400 LimitExceededException
    `expired` is not drawn for a role's credentials 403 ExpiredTokenException
    `throttle` is not drawn                         429 TooManyRequestsException
    the lane has quota left (this takes a token);
        GetFunction has a quota of its own          429 TooManyRequestsException
    no fault of INSTEAD_OF_CALL is drawn            see that table
    the operation is not denied in this lane        403 AccessDeniedException
    the session's policy allows it                  403 AccessDeniedException
"""

from collections.abc import Callable
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from bulkeic.sandbox.api import event_invoke_api
from bulkeic.sandbox.api.request_context import RequestContext
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.behavior.faults import DrawnFaults, FaultKind
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, json_body
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest, ReplyEnding
from bulkeic.sandbox.protocol.router import RoutedOperation, route
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet import Lane
from bulkeic.sandbox.state.function_arns import (
    LATEST,
    QUALIFIER_MAX,
    function_arn,
    parse_function_name,
)

UNKNOWN_OPERATION = "Unknown"
_GARBAGE = b"<!DOCTYPE html>\n<html><body><h1>It works!</h1></body></html>\n"


class AnsweredCall(NamedTuple):
    """A call and the reply that was decided for it.

    Attributes:
        operation: the operation's name.
        reply: the reply.
        lane: (account, Region), or None if the sender is unknown or the call is not Lambda's.
        function: the function's name as sent, or the path if it means no operation.
        session: the session that AssumeRole asks for, as an object for JSON; None for other calls.
    """

    operation: str
    reply: HttpReply
    lane: Lane | None = None
    function: str = ""
    session: dict[str, Any] | None = None


def handle_lambda_call(
    state: SharedState, request: HttpRequest, *, now: float, wall_s: float
) -> AnsweredCall:
    """Decide the reply to a request to Lambda, and perform its call.

    Args:
        state: the state to read or change.
        request: the request.
        now: seconds of a clock that only moves forward.
        wall_s: Unix time in seconds.
    """
    routed = route(request.method, request.path)
    if routed is None:
        error = AwsError(ErrorKind.UNKNOWN_OPERATION, method=request.method, path=request.path)
        return AnsweredCall(UNKNOWN_OPERATION, _error_reply(error), function=request.path)
    operation, raw_name = routed
    try:
        principal = state.authenticator.identify(request, "lambda", wall_s)
        _check_lane(state, principal.lane)
    except AwsError as error:
        return AnsweredCall(operation.name, _error_reply(error), function=raw_name)
    drawn = state.draw_faults(principal.lane)
    call = _request_context(
        state,
        request,
        operation=operation,
        raw_name=raw_name,
        principal=principal,
        drawn=drawn,
        now=now,
        wall_s=wall_s,
    )
    reply = _decide_reply(state, call, drawn, now)
    reply.delay_s = drawn.slow_s
    _record_call(state, call, reply, drawn)
    return AnsweredCall(operation.name, reply, principal.lane, raw_name)


def _check_lane(state: SharedState, lane: Lane) -> None:
    if not state.accounts.is_enabled(lane):
        raise AwsError(ErrorKind.INVALID_TOKEN)
    if not state.invented_lanes.admit(lane, state.fleet):
        raise AwsError(ErrorKind.TOO_MANY_LANES, limit=f"{state.invented_lanes.limit:,}")


def _request_context(
    state: SharedState,
    request: HttpRequest,
    *,
    operation: RoutedOperation,
    raw_name: str,
    principal: Principal,
    drawn: DrawnFaults,
    now: float,
    wall_s: float,
) -> RequestContext:
    name = parse_function_name(raw_name)
    is_pending = (
        operation.is_write
        and name is not None
        and state.pending_updates.is_pending((*principal.lane, name.name), now)
    )
    return RequestContext(
        operation,
        principal,
        raw_name,
        name,
        dict(parse_qsl(request.query, keep_blank_values=True)) if request.query else {},
        request.body,
        int(wall_s * 1000),
        state.destination_rules(principal.lane),
        nulls=state.options.nulls,
        has_conflict=drawn.kind is FaultKind.CONFLICT or is_pending,
    )


def _decide_reply(
    state: SharedState, call: RequestContext, drawn: DrawnFaults, now: float
) -> HttpReply:
    lane = call.principal.lane
    if drawn.expired and call.principal.session is not None:
        return _error_reply(AwsError(ErrorKind.EXPIRED_TOKEN))
    if drawn.kind is FaultKind.THROTTLE:
        return _throttled(state.faults_of(lane).retry_after_s)
    if not state.take_quota(call.operation, lane, now):
        state.stats.refused += 1
        return _throttled(state.faults_of(lane).retry_after_s)
    if drawn.kind in INSTEAD_OF_CALL:
        return INSTEAD_OF_CALL[drawn.kind](call)
    denial = _denial(state, call)
    if denial is not None:
        return denial
    reply = _perform(state, call)
    return AFTER_CALL[drawn.kind](reply) if drawn.kind in AFTER_CALL else reply


def _denial(state: SharedState, call: RequestContext) -> HttpReply | None:
    action = f"lambda:{call.operation.name}"
    if state.accounts.is_denied(call.principal.lane, action):
        return _access_denied(call)
    return None if call.principal.may(action) else _session_denied(call, action)


def _perform(state: SharedState, call: RequestContext) -> HttpReply:
    try:
        status, body = event_invoke_api.perform(state.fleet, call)
    except AwsError as error:
        return _error_reply(error)
    content_type = "application/json" if body else None
    return HttpReply(status, body, content_type, changed=call.operation.is_write)


def _record_call(
    state: SharedState, call: RequestContext, reply: HttpReply, drawn: DrawnFaults
) -> None:
    name = call.parsed_name
    if name is not None:
        qualifier = call.query.get("Qualifier") or name.qualifier or LATEST
        target = (*call.principal.lane, name.name, qualifier[:QUALIFIER_MAX])
        answered = reply.changed and drawn.kind is None
        state.target_calls.record(
            target, call.operation.name, changed=reply.changed, acknowledged=answered
        )
    function = call.written_function
    if function is not None:
        reply.in_flight_write = function
        state.stats.write_started(function)
        if reply.changed:
            state.pending_updates.start(function)
            state.alarms.count_change(call.now_ms / 1000)


def _error_reply(error: AwsError) -> HttpReply:
    return HttpReply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})


def _throttled(retry_after_s: float | None) -> HttpReply:
    reply = _error_reply(AwsError(ErrorKind.THROTTLED))
    if retry_after_s is not None:
        reply.headers["Retry-After"] = str(ceil(retry_after_s))
    return reply


def _never(_: RequestContext) -> HttpReply:
    return HttpReply(0, ending=ReplyEnding.NEVER)


def _cut_before(_: RequestContext) -> HttpReply:
    return HttpReply(0, ending=ReplyEnding.CUT)


def _access_denied(call: RequestContext) -> HttpReply:
    user, name = call.principal.arn, call.operation.name
    error = AwsError(ErrorKind.REFUSED, user=user, operation=name, arn=_resource(call))
    return _error_reply(error)


def _session_denied(call: RequestContext, action: str) -> HttpReply:
    user = call.principal.arn
    error = AwsError(ErrorKind.SESSION_REFUSED, user=user, action=action, arn=_resource(call))
    return _error_reply(error)


def _resource(call: RequestContext) -> str:
    name, lane = call.parsed_name, call.principal.lane
    if name is None:
        return "*"
    qualifier = name.qualifier or call.query.get("Qualifier") or LATEST
    return function_arn(lane, name.name, qualifier)


def _internal_error(_: RequestContext) -> HttpReply:
    return _error_reply(AwsError(ErrorKind.INTERNAL))


def _cut_after(reply: HttpReply) -> HttpReply:
    reply.ending = ReplyEnding.CUT
    return reply


def _truncated(reply: HttpReply) -> HttpReply:
    reply.ending = ReplyEnding.TRUNCATED
    reply.content_type = "application/json"
    return reply


def _garbage(reply: HttpReply) -> HttpReply:
    return HttpReply(200, _GARBAGE, "text/html", changed=reply.changed)


INSTEAD_OF_CALL: dict[FaultKind | None, Callable[[RequestContext], HttpReply]] = {
    FaultKind.HANG: _never,
    FaultKind.CUT_BEFORE: _cut_before,
    FaultKind.REFUSE: _access_denied,
    FaultKind.ERROR: _internal_error,
}
"""The faults that replace a call: it takes quota, and nothing is changed."""

AFTER_CALL: dict[FaultKind | None, Callable[[HttpReply], HttpReply]] = {
    FaultKind.CUT_AFTER: _cut_after,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.GARBAGE: _garbage,
}
"""The faults that spoil the reply of a call that was performed."""
