"""Who calls, and from where: read off the Authorization header.

The access key names the account: its twelve digits in a row, or 123456789012 if it has none. Region
and service are those of the credential scope.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from bulkeic.sandbox.errors import AwsError, Kind
from bulkeic.sandbox.message import Request

DEFAULT_ACCOUNT_ID = "123456789012"
SECRET = "secret"  # noqa: S105 - a sandbox's secret is public

_CREDENTIAL = re.compile(rb"AWS4-HMAC-SHA256\s.*?\bCredential=([^\s,]+)")
_SCOPE = re.compile(r"(.+)/\d{8}/([a-z0-9-]{1,32})/([a-z0-9-]{1,32})/aws4_request", re.ASCII)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)", re.ASCII)


class Caller(NamedTuple):
    """The sender of a call: (account, Region) is its lane, service what its key was scoped to."""

    lane: tuple[str, str]
    service: str

    @property
    def user_arn(self) -> str:
        """The ARN that AWS would know the sender by."""
        return f"arn:aws:iam::{self.lane[0]}:user/sandbox"


def credentials(account_id: str) -> tuple[str, str]:
    """An access key and its secret that make their user a caller of that account."""
    return f"AKIA{account_id}", SECRET


def identify(request: Request, service: str) -> Caller:
    """The sender of a request to a service.

    Raises:
        AwsError: no credentials, credentials that cannot be read, or for another service.
    """
    header = request.headers.get(b"authorization")
    if header is None:
        raise AwsError(Kind.NO_CREDENTIALS)
    found = _CREDENTIAL.match(header)
    if found is None:
        raise AwsError(Kind.BAD_CREDENTIALS)
    caller = _caller(found[1])
    if caller.service != service:
        raise AwsError(Kind.WRONG_SERVICE, service=service)
    # The signature is taken on trust; verifying it against the request and SECRET belongs here.
    return caller


@lru_cache(maxsize=4096)
def _caller(credential: bytes) -> Caller:
    scope = _SCOPE.fullmatch(credential.decode("latin-1"))
    if scope is None:
        raise AwsError(Kind.BAD_CREDENTIALS)
    key, region, service = scope.groups()
    account = _ACCOUNT.search(key)
    return Caller((account[0] if account else DEFAULT_ACCOUNT_ID, region), service)
