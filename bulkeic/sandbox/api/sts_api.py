"""STS: GetCallerIdentity and AssumeRole. Query protocol in, XML out.

Every role of every account exists and trusts every caller. AssumeRole is checked in this order:

    check                                              refusal
    RoleArn, RoleSessionName and DurationSeconds are
        there and within their constraints             400 ValidationError
    the role's name does not end in "-denied"          403 AccessDenied
    ExternalId is what the role wants, if anything     403 AccessDenied
    one role assumes another for an hour at most       400 ValidationError
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from time import gmtime, strftime
from urllib.parse import parse_qsl

from bulkeic.sandbox.auth import sts_sessions
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.auth.sts_sessions import Role, StsSession
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.http_message import HttpRequest
from bulkeic.sandbox.state.function_arns import violation

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
DENIED = "-denied"

# IAM's limits: a path of 512 characters with its slashes, a name of 64.
_ROLE = re.compile(
    r"arn:(aws[a-z-]{0,16}):iam::(\d{12}):role/(?:[\w+=,.@/-]{0,510}/)?([\w+=,.@-]{1,64})", re.ASCII
)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_DURATION_S = (900, 43200)
_USUAL_DURATION_S = _CHAINED_DURATION_S = 3600


@dataclass(frozen=True, slots=True)
class StsCall:
    """An STS call.

    Attributes:
        sent: its parameters.
        caller: who sent it.
        request_id: goes into the answer, and makes a session unlike all others.
        serial: the same, as a number.
        wall_s: Unix time in seconds.
    """

    sent: Mapping[str, str]
    caller: Principal
    request_id: str
    serial: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class Trust:
    """What the sandbox's roles want, and give.

    Attributes:
        secret: of the sandbox: session tokens are sealed with it.
        external_id: the ExternalId that they want; None: none.
        external_ids: what those of an account want instead, or one of them: by "account" or
            "account/role".
        duration_s: seconds that their credentials last; None: as asked for.
    """

    secret: str
    external_id: str | None
    external_ids: Mapping[str, str]
    duration_s: float | None

    def external_id_of(self, role: Role) -> str | None:
        """The ExternalId that a role wants; None: none."""
        of_account = self.external_ids.get(role.account, self.external_id)
        return self.external_ids.get(f"{role.account}/{role.name}", of_account)


def parameters(request: HttpRequest) -> dict[str, str]:
    """The parameters of a query-protocol request."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def perform(call: StsCall, trust: Trust) -> bytes:
    """Do what a call asks for.

    Returns:
        The answer's body.

    Raises:
        AwsError: it is refused, or another action.
    """
    action = call.sent.get("Action", "")
    operation = ACTIONS.get(action)
    if operation is None:
        raise AwsError(
            ErrorKind.UNKNOWN_ACTION, action=action, version=call.sent.get("Version", "")
        )
    return (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{operation(call, trust)}'
        f"</{action}Result><ResponseMetadata><RequestId>{call.request_id}</RequestId>"
        f"</ResponseMetadata></{action}Response>"
    ).encode()


def _caller_identity(call: StsCall, _: Trust) -> str:
    account, session = call.caller.lane[0], call.caller.session
    user_id = f"AIDA{account}" if session is None else _user_id(session)
    arn = escape(call.caller.arn, quote=False)
    return f"<Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{account}</Account>"


def _assume_role(call: StsCall, trust: Trust) -> str:
    role, duration_s = _asked(call.sent)
    foreign = trust.external_id_of(role) not in (None, call.sent.get("ExternalId"))
    if foreign or role.name.endswith(DENIED):
        raise AwsError(ErrorKind.ROLE_DENIED, user=call.caller.arn, role=call.sent["RoleArn"])
    if call.caller.session is not None and duration_s > _CHAINED_DURATION_S:
        raise AwsError(ErrorKind.CHAINED_TOO_LONG)
    lasts_s = duration_s if trust.duration_s is None else trust.duration_s
    session = sts_sessions.begin(
        role,
        call.sent["RoleSessionName"],
        expires_s=call.wall_s + lasts_s,
        serial=call.serial,
        sandbox_secret=trust.secret,
    )
    expiration = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(session.expires_s))
    return (
        f"<AssumedRoleUser><AssumedRoleId>{_user_id(session)}</AssumedRoleId>"
        f"<Arn>{session.arn}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{session.access_key}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret}</SecretAccessKey>"
        f"<SessionToken>{session.token}</SessionToken>"
        f"<Expiration>{expiration}</Expiration></Credentials>"
    )


ACTIONS: dict[str, Callable[[StsCall, Trust], str]] = {
    "GetCallerIdentity": _caller_identity,
    "AssumeRole": _assume_role,
}


def _user_id(session: StsSession) -> str:
    return f"AROA{session.role.account}:{session.name}"


def _asked(sent: Mapping[str, str]) -> tuple[Role, int]:
    """The role that is to be assumed, and for how many seconds."""
    violations = [
        f"Value null at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: "
        "Member must not be null"
        for member in ("RoleArn", "RoleSessionName")
        if member not in sent
    ]
    name = sent.get("RoleSessionName")
    if name is not None and not _SESSION_NAME.fullmatch(name):
        rule = "satisfy regular expression pattern: [\\w+=,.@-]*, in 2 to 64 characters"
        violations.append(violation(name, "roleSessionName", rule))
    duration_s = _duration_s(sent.get("DurationSeconds"), violations)
    if violations:
        errors = "error" if len(violations) == 1 else "errors"
        text = f"{len(violations)} validation {errors} detected: {'; '.join(violations)}"
        raise AwsError(ErrorKind.STS_INVALID, reason=text)
    match = _ROLE.fullmatch(sent["RoleArn"])
    if match is None:
        raise AwsError(ErrorKind.STS_INVALID, reason=f"{sent['RoleArn']} is invalid")
    return Role(*match.groups()), duration_s


def _duration_s(sent: str | None, violations: list[str]) -> int:
    if sent is None:
        return _USUAL_DURATION_S
    low, high = _DURATION_S
    value = int(sent) if sent.isdecimal() and len(sent) <= len(str(high)) else 0
    if not low <= value <= high:
        rule = f"have value greater than or equal to {low} and less than or equal to {high}"
        violations.append(violation(sent, "durationSeconds", rule))
    return value
