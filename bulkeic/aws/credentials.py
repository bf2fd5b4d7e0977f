"""Credentials that are fetched when they are needed, and once for all who wait for them."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import msgspec

from bulkeic.aws.sanitizer import hold
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import is_retryable

_EARLIEST_S = 300.0
_PART = 3
_AGAIN_S = 5.0


class AccessKeys(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """What a request is signed with. Its values stay out of all texts from outside.

    Attributes:
        token: of a session, if it is one.
        expires_at: Unix time in seconds; ``inf``: never, or nobody knows.
    """

    access_key: str
    secret_key: str
    token: str | None = None
    expires_at: float = math.inf

    def is_same(self, other: "AccessKeys | None") -> bool:
        """Whether both sign alike; until when they are kept is nothing to AWS."""
        return other is not None and (self.access_key, self.secret_key, self.token) == (
            other.access_key,
            other.secret_key,
            other.token,
        )

    def __post_init__(self) -> None:
        """Keeps them secret."""
        hold(self)

    def secrets(self) -> tuple[str, ...]:
        """What must never be shown."""
        return (self.access_key, self.secret_key, self.token or "")

    def __repr__(self) -> str:
        """No secrets."""
        return "Keys(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """No secrets here either."""
        return []


class CredentialsError(Exception):
    """There are no credentials to sign with.

    Attributes:
        failure: what that means for a job; nothing was sent to Lambda.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = msgspec.structs.replace(failure, sent=False)


class RefreshingCredentials:
    """The credentials of one account.

    They are fetched anew when a third of their life is left, or five minutes, whichever is less:
    by one caller, while the others go on with those that are still good. A fetch that is refused is
    not tried again; any other trouble is, when the next one asks.

    Args:
        fetch: asks for them. Raises ``CredentialsError``.
        wall: Unix time in seconds.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[AccessKeys]], wall: Callable[[], float] = time.time
    ) -> None:
        self._fetch = fetch
        self._wall = wall
        self._keys: AccessKeys | None = None
        self._stale_at = 0.0
        self._rejected: AccessKeys | None = None
        self._error: CredentialsError | None = None
        self._fetches = 0
        self._lock = anyio.Lock()

    def fresh(self) -> AccessKeys | None:
        """Credentials that need nobody to be asked, or ``None``."""
        keys = self._keys
        if keys is None:
            return None
        now = self._wall()
        settled = now < self._stale_at or self._lock.locked()
        return keys if settled and now < keys.expires_at else None

    async def keys(self) -> AccessKeys:
        """RefreshingCredentials, fetched if need be.

        Raises:
            CredentialsError: there are none.
        """
        keys = self.fresh()
        if keys is not None:
            return keys
        seen = self._fetches
        async with self._lock:
            if self._fetches == seen and (self._error is None or not _is_final(self._error)):
                await self._renew()
        keys = self._keys
        if keys is not None and self._wall() < keys.expires_at:
            return keys
        if self._error is not None:
            raise self._error
        return await self.keys()  # rejected, over, or nobody's fetch came to an end, meanwhile

    def reject(self, used: AccessKeys) -> None:
        """Takes note that AWS says of some keys that they have expired."""
        if used.is_same(self._keys):
            self._keys = None
            self._rejected = used

    async def _renew(self) -> None:
        try:
            keys = await self._fetch()
        except CredentialsError as error:
            self._fetches += 1
            self._failed(error)
            return
        self._fetches += 1
        now = self._wall()
        if keys.is_same(self._rejected) or now >= keys.expires_at:
            self._failed(CredentialsError(EXPIRED))
            return
        left_s = keys.expires_at - now
        self._keys, self._error = keys, None
        self._stale_at = keys.expires_at - min(_EARLIEST_S, left_s / _PART)

    def _failed(self, error: CredentialsError) -> None:
        self._error = error
        self._stale_at = math.inf if _is_final(error) else self._wall() + _AGAIN_S


EXPIRED = Failure(
    Fault.EXPIRED,
    "ExpiredToken",
    "the credentials have expired, and there are no newer ones; log in again and carry on",
)


def _is_final(error: CredentialsError) -> bool:
    fault = error.failure.fault
    return fault is Fault.EXPIRED or not is_retryable(fault)
