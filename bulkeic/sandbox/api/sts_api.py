"""STS: GetCallerIdentity and AssumeRole. Query protocol in, XML out.

Every role of every account exists and trusts every caller, unless `AccountRules` denies it.
AssumeRole is checked in this order:

    check                                              refusal
    RoleArn and RoleSessionName are present, and
        meet their constraints, as DurationSeconds     400 ValidationError
    SourceIdentity, Tags and Policy are valid          `bulkeic.sandbox.api.session_parameters`
    the role's name does not end in "-denied", nor is
        the role or its account denied or suspended    403 AccessDenied
    ExternalId is the one that the role requires       403 AccessDenied
    a role assumes another for an hour at most         400 ValidationError
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from time import gmtime, strftime
from typing import Any
from urllib.parse import parse_qsl

from bulkeic.sandbox.api.session_parameters import (
    SessionParameters,
    parse_session_parameters,
)
from bulkeic.sandbox.auth import sts_sessions
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.auth.sts_sessions import Role, StsSession
from bulkeic.sandbox.behavior.account_options import AccountRules
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, query_validation_error
from bulkeic.sandbox.protocol.constraints import violation
from bulkeic.sandbox.protocol.http_message import HttpRequest

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
DENIED = "-denied"

# IAM's limits: a path of 512 characters with its slashes, a name of 64.
_ROLE = re.compile(
    r"arn:(aws[a-z-]{0,16}):iam::(\d{12}):role/(?:[\w+=,.@/-]{0,510}/)?([\w+=,.@-]{1,64})", re.ASCII
)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_ROLE_MAX = 2048
_DURATION_RANGE_S = (900, 43200)
_DEFAULT_DURATION_S = _CHAINED_DURATION_S = 3600


@dataclass(frozen=True, slots=True)
class StsCall:
    """An STS call.

    Attributes:
        parameters: its parameters.
        principal: the sender.
        request_id: identifies the call in its response.
        serial: number of the call, different for each; makes sessions unique.
        wall_s: Unix time in seconds.
    """

    parameters: Mapping[str, str]
    principal: Principal
    request_id: str
    serial: int
    wall_s: float


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """What the sandbox's roles require, and the credentials that they give.

    Attributes:
        secret: the sandbox's secret, which authenticates session tokens.
        external_id: the ExternalId that every role requires; None for none.
        external_ids: the ExternalId that the roles of an account, or one role, require instead: by
            "account" or "account/role".
        duration_s: seconds that credentials last; None for as requested.
        accounts: the roles that are denied.
    """

    secret: str
    external_id: str | None
    external_ids: Mapping[str, str]
    duration_s: float | None
    accounts: AccountRules

    def external_id_of(self, role: Role) -> str | None:
        """Return the ExternalId that a role requires; None for none."""
        of_account = self.external_ids.get(role.account, self.external_id)
        return self.external_ids.get(f"{role.account}/{role.name}", of_account)


def parse_parameters(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of a query-protocol request."""
    return dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))


def perform_sts(call: StsCall, policy: TrustPolicy) -> bytes:
    """Perform a call.

    Returns:
        The response's body.

    Raises:
        AwsError: the call is refused, or its action is unknown.
    """
    action = call.parameters.get("Action", "")
    operation = ACTIONS.get(action)
    if operation is None:
        raise AwsError(
            ErrorKind.UNKNOWN_ACTION, action=action, version=call.parameters.get("Version", "")
        )
    return (
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{operation(call, policy)}'
        f"</{action}Result><ResponseMetadata><RequestId>{call.request_id}</RequestId>"
        f"</ResponseMetadata></{action}Response>"
    ).encode()


def described_session(parameters: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the role and the session that a valid AssumeRole asks for; None for other calls."""
    if parameters.get("Action") != "AssumeRole":
        return None
    try:
        given = parse_session_parameters(parameters)
    except AwsError:
        return None
    return {"role": parameters.get("RoleArn", "")[:_ROLE_MAX], **given.to_json()}


def _caller_identity(call: StsCall, _: TrustPolicy) -> str:
    account, session = call.principal.lane[0], call.principal.session
    user_id = f"AIDA{account}" if session is None else _user_id(session)
    arn = escape(call.principal.arn, quote=False)
    return f"<Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{account}</Account>"


def _assume_role(call: StsCall, policy: TrustPolicy) -> str:
    role, duration_s = _parse_assume_role(call.parameters)
    given = parse_session_parameters(call.parameters)
    required = policy.external_id_of(role)
    has_external_id = required in (None, call.parameters.get("ExternalId"))
    is_denied = policy.accounts.is_role_denied(role.account, role.name)
    if not has_external_id or role.name.endswith(DENIED) or is_denied:
        role_arn = call.parameters["RoleArn"]
        raise AwsError(ErrorKind.ROLE_DENIED, user=call.principal.arn, role=role_arn)
    if call.principal.session is not None and duration_s > _CHAINED_DURATION_S:
        raise AwsError(ErrorKind.CHAINED_TOO_LONG)
    lasts_s = duration_s if policy.duration_s is None else policy.duration_s
    session = sts_sessions.create_session(
        role,
        call.parameters["RoleSessionName"],
        expires_s=call.wall_s + lasts_s,
        serial=call.serial,
        sandbox_secret=policy.secret,
        actions=given.actions,
    )
    expiration = strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(session.expires_s))
    return (
        f"<AssumedRoleUser><AssumedRoleId>{_user_id(session)}</AssumedRoleId>"
        f"<Arn>{session.arn}</Arn></AssumedRoleUser>"
        f"<Credentials><AccessKeyId>{session.access_key}</AccessKeyId>"
        f"<SecretAccessKey>{session.secret}</SecretAccessKey>"
        f"<SessionToken>{session.token}</SessionToken>"
        f"<Expiration>{expiration}</Expiration></Credentials>{_source_identity(given)}"
    )


def _source_identity(given: SessionParameters) -> str:
    identity = given.source_identity
    return "" if identity is None else f"<SourceIdentity>{identity}</SourceIdentity>"


ACTIONS: dict[str, Callable[[StsCall, TrustPolicy], str]] = {
    "GetCallerIdentity": _caller_identity,
    "AssumeRole": _assume_role,
}


def _user_id(session: StsSession) -> str:
    return f"AROA{session.role.account}:{session.name}"


def _parse_assume_role(parameters: Mapping[str, str]) -> tuple[Role, int]:
    """Return the role to assume, and for how many seconds."""
    violations = [
        f"Value null at '{member[0].lower()}{member[1:]}' failed to satisfy constraint: "
        "Member must not be null"
        for member in ("RoleArn", "RoleSessionName")
        if member not in parameters
    ]
    name = parameters.get("RoleSessionName")
    if name is not None and not _SESSION_NAME.fullmatch(name):
        rule = "satisfy regular expression pattern: [\\w+=,.@-]*, in 2 to 64 characters"
        violations.append(violation(name, "roleSessionName", rule))
    duration_s = _parse_duration_s(parameters.get("DurationSeconds"), violations)
    if violations:
        raise query_validation_error(violations)
    match = _ROLE.fullmatch(parameters["RoleArn"])
    if match is None:
        raise AwsError(ErrorKind.QUERY_INVALID, reason=f"{parameters['RoleArn']} is invalid")
    return Role(*match.groups()), duration_s


def _parse_duration_s(text: str | None, violations: list[str]) -> int:
    if text is None:
        return _DEFAULT_DURATION_S
    low, high = _DURATION_RANGE_S
    value = int(text) if text.isdecimal() and len(text) <= len(str(high)) else 0
    if not low <= value <= high:
        rule = f"have value greater than or equal to {low} and less than or equal to {high}"
        violations.append(violation(text, "durationSeconds", rule))
    return value
