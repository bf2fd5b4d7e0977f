"""Request -> reply. No I/O: time is an argument.

A Lambda call passes these gates in this order; the first that it fails answers. What follows is in
the table of `bulkeic.sandbox.lambda_api`.

    gate                                            refusal
    method and path name an operation               404 UnknownOperationException
    an Authorization header is there                403 MissingAuthenticationTokenException
    its credential can be read                      403 IncompleteSignatureException
    it is for Lambda                                403 InvalidSignatureException
    no 429 is drawn                                 429 TooManyRequestsException
    the lane has quota (this takes a token)         429 TooManyRequestsException
    no hang and no cut before the change is drawn   no answer
    no error is drawn                               500 ServiceException

STS is at the path "/", knows no faults and takes no quota.
"""

from math import ceil
from urllib.parse import parse_qsl

from bulkeic.sandbox import lambda_api, sts_api, window
from bulkeic.sandbox.caller import identify
from bulkeic.sandbox.errors import AwsError, Kind, json_body, xml_body
from bulkeic.sandbox.faults import Mishap
from bulkeic.sandbox.message import Ending, Reply, Request
from bulkeic.sandbox.names import parse
from bulkeic.sandbox.router import route
from bulkeic.sandbox.world import World

_UNKNOWN = "Unknown"
_GARBAGE = b"<!DOCTYPE html>\n<html><body><h1>It works!</h1></body></html>\n"


class Service:
    """Answers requests to Lambda, to STS and to the sandbox itself.

    Args:
        world: what they work on.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._serial = 0

    def answer(self, request: Request, *, now: float, wall_s: float) -> Reply:
        """Decide what becomes of a request. `over` is due when that has happened.

        Args:
            request: as read.
            now: seconds of a clock that only moves forward.
            wall_s: Unix time in seconds.
        """
        if request.path.startswith(window.ROOT):
            return window.answer(self._world, request)
        self._serial += 1
        reply = self._sts(request) if request.path == "/" else self._lambda(request, now, wall_s)
        reply.headers["x-amzn-RequestId"] = self._request_id()
        reply.delay_s += self._world.options.latency_s
        return reply

    def over(self, reply: Reply) -> None:
        """Note that a reply was sent, or never will be."""
        if reply.subject is not None:
            self._world.stats.ended(reply.subject)
            reply.subject = None

    def _lambda(self, request: Request, now: float, wall_s: float) -> Reply:
        stats = self._world.stats
        routed = route(request.method, request.path)
        if routed is None:
            blanks = {"method": request.method, "path": request.path}
            reply = self._refusal(AwsError(Kind.UNKNOWN_OPERATION, **blanks))
            stats.called(_UNKNOWN, str(reply.status), None)
            return reply
        operation, sent_name = routed
        try:
            caller = identify(request, "lambda")
        except AwsError as error:
            stats.called(operation.name, str(error.status), None)
            return self._refusal(error)
        fate = self._world.draw()
        call = lambda_api.Call(
            operation,
            caller,
            sent_name,
            parse(sent_name),
            _parameters(request.query),
            request.body,
            int(wall_s * 1000),
            conflict=fate.mishap is Mishap.CONFLICT,
        )
        reply = self._outcome(call, fate.mishap, now)
        reply.delay_s = fate.slow_s
        stats.called(operation.name, _label(reply), caller.lane)
        if operation.changes and call.name is not None:
            reply.subject = (*caller.lane, call.name.name)
            stats.began(reply.subject)
        return reply

    def _outcome(self, call: lambda_api.Call, mishap: Mishap | None, now: float) -> Reply:
        throttled = mishap is Mishap.THROTTLE
        if not throttled and not self._world.quota.take(call.caller.lane, now):
            self._world.stats.refused += 1
            throttled = True
        if throttled:
            return self._refusal(AwsError(Kind.THROTTLED))
        match mishap:
            case Mishap.HANG:
                return Reply(0, ending=Ending.NEVER)
            case Mishap.CUT_BEFORE:
                return Reply(0, ending=Ending.CUT)
            case Mishap.ERROR:
                return self._refusal(AwsError(Kind.INTERNAL))
            case _:
                return _spoilt(self._performed(call), mishap)

    def _performed(self, call: lambda_api.Call) -> Reply:
        merge = self._world.options.merge_destinations
        try:
            status, body = lambda_api.perform(self._world.fleet, call, merge_destinations=merge)
        except AwsError as error:
            return self._refusal(error)
        return Reply(status, body, "application/json" if body else None)

    def _sts(self, request: Request) -> Reply:
        sent = sts_api.parameters(request)
        action = sent.get("Action")
        operation = action if action == sts_api.CALLER_IDENTITY else _UNKNOWN
        request_id = self._request_id()
        try:
            caller = identify(request, "sts")
            reply = Reply(200, sts_api.perform(sent, caller, request_id), "text/xml")
        except AwsError as error:
            body = xml_body(error, sts_api.NAMESPACE, request_id)
            reply = Reply(error.status, body, "text/xml")
        self._world.stats.called(operation, str(reply.status), None)
        return reply

    def _refusal(self, error: AwsError) -> Reply:
        reply = Reply(error.status, json_body(error), headers={"x-amzn-ErrorType": error.code})
        retry_after_s = self._world.faults.retry_after_s
        if error.kind is Kind.THROTTLED and retry_after_s is not None:
            reply.headers["Retry-After"] = str(ceil(retry_after_s))
        return reply

    def _request_id(self) -> str:
        return f"{self._world.options.seed & 0xFFFFFFFF:08x}-0000-4000-8000-{self._serial:012x}"


def _spoilt(reply: Reply, mishap: Mishap | None) -> Reply:
    """The reply as it arrives if a fault strikes after the change was made."""
    match mishap:
        case Mishap.CUT_AFTER:
            reply.ending = Ending.CUT
        case Mishap.TRUNCATED:
            reply.ending = Ending.TRUNCATED
            reply.content_type = "application/json"
        case Mishap.GARBAGE:
            return Reply(200, _GARBAGE, "text/html")
        case _:
            pass
    return reply


def _label(reply: Reply) -> str:
    if reply.ending is Ending.CUT:
        return "cut"
    return "hang" if reply.ending is Ending.NEVER else str(reply.status)


def _parameters(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True)) if query else {}
