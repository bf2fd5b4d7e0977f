"""The sender of a request: named by the Authorization header, proved by the signature.

The access key holds the account: twelve digits in a row, or 123456789012 if there are none. Region
and service are those of the credential scope. A request is checked in this order:

    check                                        refusal
    it has an Authorization header               403 MissingAuthenticationTokenException
    its credential is well-formed                403 IncompleteSignatureException
    its credential is for the called service     403 InvalidSignatureException
    a key of AssumeRole has its session token,
        and no other key has one                 403 UnrecognizedClientException
    the signature is correct                     as `bulkeic.sandbox.auth.signature` says
    the session has not expired                  403 ExpiredTokenException

If signatures are not verified, keys and tokens of other origin are accepted as they are.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from bulkeic.sandbox.auth import sts_sessions
from bulkeic.sandbox.auth.signature import Scope, verify
from bulkeic.sandbox.auth.sts_sessions import StsSession
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.http_message import HttpRequest
from bulkeic.sandbox.state.fleet import Lane
from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID, partition

_CREDENTIAL = re.compile(rb"AWS4-HMAC-SHA256\s.*?\bCredential=([^\s,]+)")
_SCOPE = re.compile(
    r"(.{1,128})/(\d{8})/([a-z0-9-]{1,32})/([a-z0-9-]{1,32})/aws4_request", re.ASCII
)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)


class Principal(NamedTuple):
    """The sender of a call.

    Attributes:
        lane: (account, Region) of its credentials.
        session: the role session, if it assumed a role.
    """

    lane: Lane
    session: StsSession | None = None

    @property
    def arn(self) -> str:
        """The sender's ARN."""
        account, region = self.lane
        return (
            self.session.arn
            if self.session
            else f"arn:{partition(region)}:iam::{account}:user/sandbox"
        )

    def may(self, action: str) -> bool:
        """Whether the session's policy, if it has one, allows an IAM action."""
        return self.session is None or self.session.allows(action)


class _Credential(NamedTuple):
    key: str
    scope: Scope
    principal: Principal


class Authenticator:
    """Identifies the senders of requests.

    Args:
        secret: the secret of every access key, except those that AssumeRole returns.
        verify_signatures: whether to verify signatures.
    """

    def __init__(self, secret: str, *, verify_signatures: bool) -> None:
        self._secret = secret
        self._verify_signatures = verify_signatures

    def identify(self, request: HttpRequest, service: str, wall_s: float) -> Principal:
        """Return the sender of a request to a service.

        Args:
            request: the request.
            service: the service's name in a credential scope, like "lambda".
            wall_s: Unix time in seconds.

        Raises:
            AwsError: the first failed check of the module's table.
        """
        credential = _credential(request, service)
        session = self._session(request, credential)
        if self._verify_signatures:
            secret = session.secret if session else self._secret
            verify(request, credential.scope, secret, wall_s)
        if session is None:
            return credential.principal
        if wall_s >= session.expires_s:
            raise AwsError(ErrorKind.EXPIRED_TOKEN)
        return Principal(credential.principal.lane, session)

    def _session(self, request: HttpRequest, credential: _Credential) -> StsSession | None:
        token = request.headers.get(b"x-amz-security-token")
        if token is None and not credential.key.startswith("ASIA"):
            return None
        session = sts_sessions.find_session((token or b"").decode("latin-1"), self._secret)
        if session is not None and session.access_key == credential.key:
            return session
        if self._verify_signatures:
            raise AwsError(ErrorKind.INVALID_TOKEN)
        return None


def _credential(request: HttpRequest, service: str) -> _Credential:
    header = request.headers.get(b"authorization")
    if header is None:
        raise AwsError(ErrorKind.NO_CREDENTIALS)
    match = _CREDENTIAL.match(header)
    if match is None:
        raise AwsError(ErrorKind.BAD_CREDENTIALS)
    credential = _parse_credential(match[1])
    if credential.scope.service != service:
        raise AwsError(ErrorKind.WRONG_SERVICE, service=service)
    return credential


@lru_cache(maxsize=4096)
def _parse_credential(text: bytes) -> _Credential:
    match = _SCOPE.fullmatch(text.decode("latin-1"))
    if match is None:
        raise AwsError(ErrorKind.BAD_CREDENTIALS)
    key, day, region, service = match.groups()
    account = _ACCOUNT.search(key)
    lane = (account[0] if account else DEFAULT_ACCOUNT_ID, region)
    return _Credential(key, Scope(day, region, service), Principal(lane))
