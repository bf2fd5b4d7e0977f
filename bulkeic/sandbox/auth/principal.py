"""Who calls, and from where: read off the Authorization header, and proved by the signature.

The access key names the account: its twelve digits in a row, or 123456789012 if it has none. Region
and service are those of the credential scope. A request is checked in this order:

    check                                        refusal
    an Authorization header is there             403 MissingAuthenticationTokenException
    its credential can be read                   403 IncompleteSignatureException
    it is for the service that is called         403 InvalidSignatureException
    a session token comes with a key of AssumeRole,
        and is the one that belongs to it        403 UnrecognizedClientException
    the signature is right                       as `bulkeic.sandbox.auth.signature` says
    the session has not expired                  403 ExpiredTokenException

Where signatures are not verified, keys and tokens that are not of this sandbox are taken on trust.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from bulkeic.sandbox.auth import sts_sessions
from bulkeic.sandbox.auth.signature import Scope, verify
from bulkeic.sandbox.auth.sts_sessions import StsSession
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.protocol.http_message import HttpRequest
from bulkeic.sandbox.state.function_arns import partition

DEFAULT_ACCOUNT_ID = "123456789012"

_CREDENTIAL = re.compile(rb"AWS4-HMAC-SHA256\s.*?\bCredential=([^\s,]+)")
_SCOPE = re.compile(
    r"(.{1,128})/(\d{8})/([a-z0-9-]{1,32})/([a-z0-9-]{1,32})/aws4_request", re.ASCII
)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)


class Principal(NamedTuple):
    """The sender of a call: (account, Region) is its lane; session is the role it assumed."""

    lane: tuple[str, str]
    session: StsSession | None = None

    @property
    def arn(self) -> str:
        """The ARN that AWS would know the sender by."""
        account, region = self.lane
        return (
            self.session.arn
            if self.session
            else f"arn:{partition(region)}:iam::{account}:user/sandbox"
        )


class _Credential(NamedTuple):
    key: str
    scope: Scope
    caller: Principal


class Authenticator:
    """Tells who sends a request.

    Args:
        secret: of every access key that AssumeRole did not hand out.
        verify_signatures: whether a sender has to prove it.
    """

    def __init__(self, secret: str, *, verify_signatures: bool) -> None:
        self.secret = secret
        self._verifies = verify_signatures

    def identify(self, request: HttpRequest, service: str, wall_s: float) -> Principal:
        """The sender of a request to a service.

        Args:
            request: the request.
            service: such as "lambda".
            wall_s: Unix time in seconds.

        Raises:
            AwsError: the first check of the module's table that fails.
        """
        credential = _credential(request, service)
        session = self._session(request, credential)
        if self._verifies:
            secret = session.secret if session else self.secret
            verify(request, credential.scope, secret, wall_s)
        if session is None:
            return credential.caller
        if wall_s >= session.expires_s:
            raise AwsError(ErrorKind.EXPIRED_TOKEN)
        return Principal(credential.caller.lane, session)

    def _session(self, request: HttpRequest, credential: _Credential) -> StsSession | None:
        token = request.headers.get(b"x-amz-security-token")
        if token is None and not credential.key.startswith("ASIA"):
            return None
        session = sts_sessions.find((token or b"").decode("latin-1"), self.secret)
        if session is not None and session.access_key == credential.key:
            return session
        if self._verifies:
            raise AwsError(ErrorKind.INVALID_TOKEN)
        return None


def _credential(request: HttpRequest, service: str) -> _Credential:
    header = request.headers.get(b"authorization")
    if header is None:
        raise AwsError(ErrorKind.NO_CREDENTIALS)
    found = _CREDENTIAL.match(header)
    if found is None:
        raise AwsError(ErrorKind.BAD_CREDENTIALS)
    credential = _read(found[1])
    if credential.scope.service != service:
        raise AwsError(ErrorKind.WRONG_SERVICE, service=service)
    return credential


@lru_cache(maxsize=4096)
def _read(text: bytes) -> _Credential:
    match = _SCOPE.fullmatch(text.decode("latin-1"))
    if match is None:
        raise AwsError(ErrorKind.BAD_CREDENTIALS)
    key, day, region, service = match.groups()
    account = _ACCOUNT.search(key)
    lane = (account[0] if account else DEFAULT_ACCOUNT_ID, region)
    return _Credential(key, Scope(day, region, service), Principal(lane))
