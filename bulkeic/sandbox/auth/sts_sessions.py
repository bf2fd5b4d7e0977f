"""The credentials that AssumeRole hands out.

A session token holds all that there is to know of its session, under a seal that only this sandbox
can make: nothing has to be kept, however many are handed out. The access key is `ASIA`, the role's
account and four letters.
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import NamedTuple

_SEAL_SIZE = 32
_SECRET_SIZE = 40
_TOKEN_MAX = 2048
_SUFFIX_SIZE = 4


class Role(NamedTuple):
    """A role: its partition, account and name, without the path that may be before the name."""

    partition: str
    account: str
    name: str


class StsSession(NamedTuple):
    """An assumed role.

    Attributes:
        role: the role.
        name: the session's, as its caller chose it.
        expires_s: Unix time in seconds at which its credentials end.
        access_key: its access key.
        secret: its secret.
        token: its session token.
    """

    role: Role
    name: str
    expires_s: float
    access_key: str
    secret: str
    token: str

    @property
    def arn(self) -> str:
        """The ARN that AWS knows the session by."""
        role = self.role
        return f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/{self.name}"


def begin(
    role: Role, name: str, *, expires_s: float, serial: int, sandbox_secret: str
) -> StsSession:
    """A new session.

    Args:
        role: the role.
        name: the session's.
        expires_s: Unix time in seconds at which its credentials end.
        serial: a number that no other session of this sandbox has.
        sandbox_secret: what the seal is made with.
    """
    content = json.dumps([*role, name, expires_s, serial]).encode()
    return _session(content, sandbox_secret)


def find(token: str, sandbox_secret: str) -> StsSession | None:
    """The session that a token belongs to; None if it is not one of this sandbox."""
    # What is too long is not looked at: it would stay in memory.
    return _find(token, sandbox_secret) if len(token) <= _TOKEN_MAX else None


@lru_cache(maxsize=4096)
def _find(token: str, sandbox_secret: str) -> StsSession | None:
    try:
        sealed = urlsafe_b64decode(token)
    except ValueError:
        return None
    seal, content = sealed[:_SEAL_SIZE], sealed[_SEAL_SIZE:]
    # What bears no seal of ours may be anything: it is not decoded any further.
    if not hmac.compare_digest(seal, _sealed(b"token" + content, sandbox_secret)):
        return None
    session = _session(content, sandbox_secret)
    return session if session.token == token else None


def _session(content: bytes, sandbox_secret: str) -> StsSession:
    seal = _sealed(b"token" + content, sandbox_secret)
    partition, account, role, name, expires_s, _ = json.loads(content)
    suffix = "".join(chr(ord("A") + byte % 26) for byte in seal[:_SUFFIX_SIZE])
    secret = b64encode(_sealed(b"secret" + content, sandbox_secret)).decode()[:_SECRET_SIZE]
    token = urlsafe_b64encode(seal + content).decode()
    key = f"ASIA{account}{suffix}"
    return StsSession(Role(partition, account, role), name, expires_s, key, secret, token)


def _sealed(content: bytes, sandbox_secret: str) -> bytes:
    return hmac.digest(f"session:{sandbox_secret}".encode(), content, "sha256")
