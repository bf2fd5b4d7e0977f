"""A request -> its reply, for all of the sandbox's services. No I/O: time is an argument.

    request                         reply
    from a page of another site     403, see `bulkeic.sandbox.auth.csrf`
    path begins with /_sandbox/     `bulkeic.sandbox.api.admin_api`
    has X-Amz-Target, or the
        path is /listRegions, or
        CloudWatch's version is in
        the body                    `bulkeic.sandbox.server.service_handler`: no faults, no quota
    path is /                       `bulkeic.sandbox.api.sts_api`: no faults, no quota
    any other path                  `bulkeic.sandbox.server.lambda_handler`

The last three are counted, and take the latency of the faults.
"""

from bulkeic.sandbox.api import admin_api, sts_api
from bulkeic.sandbox.auth import csrf
from bulkeic.sandbox.behavior.faults import latency_s
from bulkeic.sandbox.protocol.aws_errors import AwsError, xml_body
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest, ReplyEnding
from bulkeic.sandbox.protocol.service_router import is_service_call
from bulkeic.sandbox.server.lambda_handler import (
    UNKNOWN_OPERATION,
    AnsweredCall,
    handle_lambda_call,
)
from bulkeic.sandbox.server.service_handler import handle_service_call
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.stats.recent_calls import RecentCall


class RequestHandler:
    """Answers requests to AWS's services and to the admin endpoints.

    Args:
        state: the state to read and change.
    """

    def __init__(self, state: SharedState) -> None:
        self._state = state
        self._serial = 0

    def handle(self, request: HttpRequest, *, now: float, wall_s: float) -> HttpReply:
        """Decide the reply to a request. The caller must call `finish` when the reply is sent.

        Args:
            request: the request.
            now: seconds of a clock that only moves forward.
            wall_s: Unix time in seconds.
        """
        refusal = csrf.cross_site_refusal(request, self._state.options.host)
        if refusal is not None:
            return refusal
        if request.path.startswith(admin_api.ROOT):
            return admin_api.handle(self._state, request, wall_s)
        self._serial += 1
        request_id = (
            f"{self._state.options.seed & 0xFFFFFFFF:08x}-0000-4000-8000-{self._serial:012x}"
        )
        if is_service_call(request):
            call = handle_service_call(self._state, request, request_id, wall_s)
        elif request.path == "/":
            call = self._handle_sts_call(request, request_id, wall_s)
        else:
            call = handle_lambda_call(self._state, request, now=now, wall_s=wall_s)
        call.reply.headers["x-amzn-RequestId"] = request_id
        self._add_latency(call)
        self._state.stats.record(
            RecentCall(
                wall_s,
                call.lane,
                call.operation,
                call.function,
                _status(call.reply),
                call.reply.delay_s,
                call.session,
            )
        )
        return call.reply

    def finish(self, reply: HttpReply, *, now: float) -> None:
        """Record that a reply was sent, or never will be.

        Args:
            reply: the reply.
            now: seconds of the clock of `handle`.
        """
        function = reply.in_flight_write
        if function is None:
            return
        if reply.changed:
            settle_s = self._state.faults_of(function[:2]).settle_s
            self._state.pending_updates.finish(function, now, settle_s)
        self._state.stats.write_finished(function)
        reply.in_flight_write = None

    def _handle_sts_call(
        self, request: HttpRequest, request_id: str, wall_s: float
    ) -> AnsweredCall:
        parameters = sts_api.parse_parameters(request)
        action = parameters.get("Action", "")
        operation = action if action in sts_api.ACTIONS else UNKNOWN_OPERATION
        try:
            principal = self._state.authenticator.identify(request, "sts", wall_s)
            call = sts_api.StsCall(parameters, principal, request_id, self._serial, wall_s)
            reply = HttpReply(200, sts_api.perform_sts(call, self._trust_policy()), "text/xml")
        except AwsError as error:
            body = xml_body(error, sts_api.NAMESPACE, request_id)
            reply = HttpReply(error.status, body, "text/xml")
        return AnsweredCall(operation, reply, session=sts_api.described_session(parameters))

    def _trust_policy(self) -> sts_api.TrustPolicy:
        options = self._state.options
        return sts_api.TrustPolicy(
            secret=options.secret,
            external_id=options.external_id,
            external_ids=options.external_ids,
            duration_s=options.session_duration_s,
            accounts=self._state.accounts,
        )

    def _add_latency(self, call: AnsweredCall) -> None:
        state = self._state
        faults = state.faults if call.lane is None else state.faults_of(call.lane)
        call.reply.delay_s += latency_s(state.draw_latency_quantile(), faults)


def _status(reply: HttpReply) -> str:
    if reply.ending is ReplyEnding.CUT:
        return "cut"
    return "hang" if reply.ending is ReplyEnding.NEVER else str(reply.status)
