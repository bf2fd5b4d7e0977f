"""Request -> reply. No I/O: time is an argument.

A Lambda call passes these gates in this order; the first that it fails answers. What follows is in
the table of `bulkeic.sandbox.api.event_invoke_api`.

    gate                                            refusal
    method and path name an operation               404 UnknownOperationException
    the sender is who it says it is                 403, see `bulkeic.sandbox.auth.principal`
    its role's credentials are not said to have
        expired by a draw                           403 ExpiredTokenException
    no 429 is drawn                                 429 TooManyRequestsException
    the lane has quota (this takes a token), of
        which GetFunction has one of its own        429 TooManyRequestsException
    no hang and no cut before the change is drawn   no answer
    no refusal is drawn                             403 AccessDeniedException
    no error is drawn                               500 ServiceException

STS is at the path "/", knows no faults and takes no quota.
"""

from math import ceil
from urllib.parse import parse_qsl

from bulkeic.sandbox.api import admin_api, event_invoke_api, sts_api
from bulkeic.sandbox.api.request_context import RequestContext
from bulkeic.sandbox.auth import csrf
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.behavior.faults import Mishap, latency_s
from bulkeic.sandbox.behavior.sandbox_options import Faults
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, json_body, xml_body
from bulkeic.sandbox.protocol.http_message import Ending, HttpReply, HttpRequest
from bulkeic.sandbox.protocol.router import RoutedOperation, route
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.function_arns import LATEST, QUALIFIER_MAX, arn, parse
from bulkeic.sandbox.stats import recent_calls

_UNKNOWN = "Unknown"
_GARBAGE = b"<!DOCTYPE html>\n<html><body><h1>It works!</h1></body></html>\n"


class RequestHandler:
    """Answers requests to Lambda, to STS and to the sandbox itself.

    Args:
        world: what they work on.
    """

    def __init__(self, world: SharedState) -> None:
        self._world = world
        self._serial = 0
        self._latency_chance = self._latency_s = 0.0
        options = world.options
        self._trust = sts_api.Trust(
            secret=options.secret,
            external_id=options.external_id,
            external_ids=options.external_ids,
            duration_s=options.session_duration_s,
        )

    def answer(self, request: HttpRequest, *, now: float, wall_s: float) -> HttpReply:
        """Decide what becomes of a request. `over` is due when that has happened.

        Args:
            request: as read.
            now: seconds of a clock that only moves forward.
            wall_s: Unix time in seconds.
        """
        refusal = csrf.refusal(request)
        if refusal is not None:
            return refusal
        if request.path.startswith(admin_api.ROOT):
            return admin_api.answer(self._world, request, wall_s)
        self._serial += 1
        self._latency_chance = self._world.latency_chance()
        self._latency_s = latency_s(self._latency_chance, self._world.faults)
        reply = (
            self._sts(request, wall_s)
            if request.path == "/"
            else self._lambda(request, now, wall_s)
        )
        reply.headers["x-amzn-RequestId"] = self._request_id()
        reply.delay_s += self._latency_s
        return reply

    def over(self, reply: HttpReply, *, now: float) -> None:
        """Note that a reply was sent, or never will be.

        Args:
            reply: the reply.
            now: seconds of the clock of `answer`.
        """
        if reply.subject is not None:
            if reply.changed:
                settle_s = self._world.faults_of(reply.subject[:2]).settle_s
                self._world.changes.end(reply.subject, now, settle_s)
            self._world.stats.ended(reply.subject)
            reply.subject = None

    def _lambda(self, request: HttpRequest, now: float, wall_s: float) -> HttpReply:
        routed = route(request.method, request.path)
        if routed is None:
            blanks = {"method": request.method, "path": request.path}
            reply = _refusal(AwsError(ErrorKind.UNKNOWN_OPERATION, **blanks))
            self._count(_UNKNOWN, reply, wall_s, function=request.path)
            return reply
        operation, sent_name = routed
        try:
            caller = self._world.guard.identify(request, "lambda", wall_s)
        except AwsError as error:
            reply = _refusal(error)
            self._count(operation.name, reply, wall_s, function=sent_name)
            return reply
        return self._identified(request, operation, sent_name, caller, now=now, wall_s=wall_s)

    def _identified(
        self,
        request: HttpRequest,
        operation: RoutedOperation,
        sent_name: str,
        caller: Principal,
        *,
        now: float,
        wall_s: float,
    ) -> HttpReply:
        world, name = self._world, parse(sent_name)
        faults = world.faults_of(caller.lane)
        if faults is not world.faults:
            self._latency_s = latency_s(self._latency_chance, faults)
        fate = world.draw(faults)
        subject = (*caller.lane, name.name) if operation.changes and name is not None else None
        call = RequestContext(
            operation,
            caller,
            sent_name,
            name,
            _parameters(request.query),
            request.body,
            int(wall_s * 1000),
            world.rules(faults),
            conflict=fate.mishap is Mishap.CONFLICT
            or (subject is not None and world.changes.go_on(subject, now)),
        )
        if fate.expired and caller.session is not None:
            reply = _refusal(AwsError(ErrorKind.EXPIRED_TOKEN))
        else:
            reply = self._outcome(call, fate.mishap, faults, now)
        reply.delay_s = fate.slow_s
        self._count(operation.name, reply, wall_s, caller.lane, sent_name)
        if name is not None:
            qualifier = call.query.get("Qualifier") or name.qualifier or LATEST
            target = (*caller.lane, name.name, qualifier[:QUALIFIER_MAX])
            told = reply.changed and fate.mishap is None
            world.targets.called(target, operation.name, changed=reply.changed, told=told)
        if subject is not None:
            reply.subject = subject
            world.stats.began(subject)
            if reply.changed:
                world.changes.begin(subject)
        return reply

    def _outcome(
        self, call: RequestContext, mishap: Mishap | None, faults: Faults, now: float
    ) -> HttpReply:
        throttled = mishap is Mishap.THROTTLE
        if not throttled and not self._world.take_quota(call.operation, call.caller.lane, now):
            self._world.stats.refused += 1
            throttled = True
        if throttled:
            return _throttled(faults)
        match mishap:
            case Mishap.HANG:
                return HttpReply(0, ending=Ending.NEVER)
            case Mishap.CUT_BEFORE:
                return HttpReply(0, ending=Ending.CUT)
            case Mishap.REFUSE:
                return _refusal(_refused(call))
            case Mishap.ERROR:
                return _refusal(AwsError(ErrorKind.INTERNAL))
            case _:
                return _spoilt(self._performed(call), mishap)

    def _performed(self, call: RequestContext) -> HttpReply:
        try:
            status, body = event_invoke_api.perform(self._world.fleet, call)
        except AwsError as error:
            return _refusal(error)
        kind = "application/json" if body else None
        return HttpReply(status, body, kind, changed=call.operation.changes)

    def _sts(self, request: HttpRequest, wall_s: float) -> HttpReply:
        sent = sts_api.parameters(request)
        action = sent.get("Action", "")
        operation = action if action in sts_api.ACTIONS else _UNKNOWN
        request_id = self._request_id()
        try:
            caller = self._world.guard.identify(request, "sts", wall_s)
            call = sts_api.StsCall(sent, caller, request_id, self._serial, wall_s)
            reply = HttpReply(200, sts_api.perform(call, self._trust), "text/xml")
        except AwsError as error:
            body = xml_body(error, sts_api.NAMESPACE, request_id)
            reply = HttpReply(error.status, body, "text/xml")
        self._count(operation, reply, wall_s)
        return reply

    def _count(
        self,
        operation: str,
        reply: HttpReply,
        wall_s: float,
        lane: tuple[str, str] | None = None,
        function: str = "",
    ) -> None:
        held_s = reply.delay_s + self._latency_s
        call = recent_calls.RecentCall(wall_s, lane, operation, function, _label(reply), held_s)
        self._world.stats.called(call)

    def _request_id(self) -> str:
        return f"{self._world.options.seed & 0xFFFFFFFF:08x}-0000-4000-8000-{self._serial:012x}"


def _refusal(error: AwsError) -> HttpReply:
    return HttpReply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})


def _throttled(faults: Faults) -> HttpReply:
    reply = _refusal(AwsError(ErrorKind.THROTTLED))
    if faults.retry_after_s is not None:
        reply.headers["Retry-After"] = str(ceil(faults.retry_after_s))
    return reply


def _refused(call: RequestContext) -> AwsError:
    lane, name = call.caller.lane, call.name
    resource = "*" if name is None else arn(lane, name.name, name.qualifier or LATEST)
    return AwsError(
        ErrorKind.REFUSED, user=call.caller.arn, operation=call.operation.name, arn=resource
    )


def _spoilt(reply: HttpReply, mishap: Mishap | None) -> HttpReply:
    """The reply as it arrives if a fault strikes after the change was made."""
    match mishap:
        case Mishap.CUT_AFTER:
            reply.ending = Ending.CUT
        case Mishap.TRUNCATED:
            reply.ending = Ending.TRUNCATED
            reply.content_type = "application/json"
        case Mishap.GARBAGE:
            return HttpReply(200, _GARBAGE, "text/html", changed=reply.changed)
        case _:
            pass
    return reply


def _label(reply: HttpReply) -> str:
    if reply.ending is Ending.CUT:
        return "cut"
    return "hang" if reply.ending is Ending.NEVER else str(reply.status)


def _parameters(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}
