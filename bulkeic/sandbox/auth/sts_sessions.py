"""The temporary credentials that AssumeRole returns.

A session token contains its whole session, authenticated with the sandbox's secret (HMAC), so that
the sandbox stores no sessions. The access key is `ASIA`, the role's account and four letters.
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

_MAC_SIZE = 32
_SECRET_SIZE = 40
# With a session policy of the longest kind.
_TOKEN_MAX = 4096
_SUFFIX_SIZE = 4


class Role(NamedTuple):
    """A role: partition, account and name, without the path before the name."""

    partition: str
    account: str
    name: str


class StsSession(NamedTuple):
    """The session of an assumed role.

    Attributes:
        role: the role.
        name: the session's name, chosen by the caller.
        expires_s: Unix time in seconds at which its credentials expire.
        access_key: its access key.
        secret: its secret.
        token: its session token.
        actions: patterns of the only IAM actions that its policy allows; None if it has none.
    """

    role: Role
    name: str
    expires_s: float
    access_key: str
    secret: str
    token: str
    actions: tuple[str, ...] | None = None

    @property
    def arn(self) -> str:
        """The session's ARN."""
        role = self.role
        return f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/{self.name}"

    def allows(self, action: str) -> bool:
        """Whether its policy allows an IAM action, like lambda:ListFunctions."""
        return self.actions is None or any(fnmatchcase(action, each) for each in self.actions)


def create_session(
    role: Role,
    name: str,
    *,
    expires_s: float,
    serial: int,
    sandbox_secret: str,
    actions: tuple[str, ...] | None = None,
) -> StsSession:
    """Return a new session.

    Args:
        role: the role.
        name: the session's name.
        expires_s: Unix time in seconds at which its credentials expire.
        serial: a number that no other session of this sandbox has.
        sandbox_secret: the secret that authenticates the token.
        actions: see `StsSession`.
    """
    content = json.dumps([*role, name, expires_s, serial, actions]).encode()
    return _session(content, sandbox_secret)


def find_session(token: str, sandbox_secret: str) -> StsSession | None:
    """Return the session of a token; None if this sandbox did not issue it."""
    # The cache must not keep long strings.
    return _find_session(token, sandbox_secret) if len(token) <= _TOKEN_MAX else None


@lru_cache(maxsize=4096)
def _find_session(token: str, sandbox_secret: str) -> StsSession | None:
    try:
        decoded = urlsafe_b64decode(token)
    except ValueError:
        return None
    mac, content = decoded[:_MAC_SIZE], decoded[_MAC_SIZE:]
    # Content that is not authentic may be anything: do not parse it.
    if not hmac.compare_digest(mac, _mac(b"token" + content, sandbox_secret)):
        return None
    session = _session(content, sandbox_secret)
    return session if session.token == token else None


def _session(content: bytes, sandbox_secret: str) -> StsSession:
    mac = _mac(b"token" + content, sandbox_secret)
    partition, account, role, name, expires_s, _, actions = json.loads(content)
    allowed = None if actions is None else tuple(actions)
    suffix = "".join(chr(ord("A") + byte % 26) for byte in mac[:_SUFFIX_SIZE])
    secret = b64encode(_mac(b"secret" + content, sandbox_secret)).decode()[:_SECRET_SIZE]
    token = urlsafe_b64encode(mac + content).decode()
    key = f"ASIA{account}{suffix}"
    return StsSession(Role(partition, account, role), name, expires_s, key, secret, token, allowed)


def _mac(content: bytes, sandbox_secret: str) -> bytes:
    return hmac.digest(f"session:{sandbox_secret}".encode(), content, "sha256")
