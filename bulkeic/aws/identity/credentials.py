"""Credentials of one account: fetched when needed, once for all waiting callers, and refreshed."""

import math
import random
import time
from collections.abc import Awaitable, Callable

import anyio
import msgspec

from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.model import Failure, Fault
from bulkeic.core.pacing.retry import is_retryable, wait_before_retry

_REFRESH_BEFORE_EXPIRY_S = 300.0
_REFRESH_BEFORE_EXPIRY_SHARE = 1 / 3
_LEAST_WAIT_S = 0.001


class CredentialsError(Exception):
    """There are no credentials to sign with.

    Attributes:
        failure: the failure of a job that needs them; nothing was sent to Lambda.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = msgspec.structs.replace(failure, sent=False)


class RefreshingCredentials:
    """The credentials of one account.

    They are refreshed when a third of their life is left, or five minutes, whichever is less. One
    caller refreshes them; the others use the old ones until these expire. After a fetch that was
    refused there is no other fetch. After any other failure there is none for a while, and longer
    after each one: until then, every caller gets the same error, whose ``retry_after_s`` says how
    long.

    Args:
        fetch: fetches new credentials. Raises ``CredentialsError``.
        forget: makes the next fetch ignore what its source keeps.
        clock: Unix time in seconds.
        jitter: draws numbers from 0 to 1.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[AccessKeys]],
        forget: Callable[[], None] = lambda: None,
        *,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._fetch = fetch
        self._forget = forget
        self._clock = clock
        self._jitter = jitter
        self._keys: AccessKeys | None = None
        self._refresh_at = 0.0
        self._rejected: AccessKeys | None = None
        self._error: CredentialsError | None = None
        self._fetches = 0
        self._failures = 0
        self._failed_at = -math.inf
        self._wait_s = 0.0
        self._lock = anyio.Lock()

    def cached(self) -> AccessKeys | None:
        """Returns credentials that need no fetch, or ``None``."""
        keys = self._keys
        if keys is None:
            return None
        now = self._clock()
        needs_no_refresh = now < self._refresh_at or self._lock.locked()
        return keys if needs_no_refresh and now < keys.expires_at else None

    async def keys(self) -> AccessKeys:
        """Returns the credentials, and fetches them first if necessary.

        Raises:
            CredentialsError: there are none.
        """
        keys = self.cached()
        if keys is not None:
            return keys
        fetches_before = self._fetches
        async with self._lock:
            if self._fetches == fetches_before and self._may_fetch():
                await self._refresh()
        keys = self._keys
        if keys is not None and self._clock() < keys.expires_at:
            return keys
        if self._error is not None:
            raise self._error_until_retry(self._error)
        # Meanwhile the keys were rejected or expired, or the fetch of another caller was cancelled.
        return await self.keys()

    def reject(self, used: AccessKeys) -> None:
        """Records that AWS answered that these credentials have expired."""
        if used.is_same(self._keys):
            self._keys = None
            self._rejected = used
            self._forget()

    async def _refresh(self) -> None:
        try:
            keys = await self._fetch()
        except CredentialsError as error:
            self._fetches += 1
            self._record_error(error)
            return
        self._fetches += 1
        now = self._clock()
        if keys.is_same(self._rejected) or now >= keys.expires_at:
            self._forget()
            self._record_error(CredentialsError(_EXPIRED))
            return
        life_s = keys.expires_at - now
        self._keys, self._error, self._failures = keys, None, 0
        self._refresh_at = keys.expires_at - min(
            _REFRESH_BEFORE_EXPIRY_S, life_s * _REFRESH_BEFORE_EXPIRY_SHARE
        )

    def _record_error(self, error: CredentialsError) -> None:
        self._error = error
        self._failures += 1
        self._failed_at = self._clock()
        jitter = (1 + self._jitter()) / 2  # so that the number of fetches is bounded
        self._wait_s = wait_before_retry(error.failure, self._failures, jitter)
        self._refresh_at = math.inf if _is_final(error) else self._failed_at + self._wait_s

    def _may_fetch(self) -> bool:
        if self._error is None:
            return True
        has_waited = not 0 <= self._clock() - self._failed_at < self._wait_s
        return has_waited and not _is_final(self._error)

    def _error_until_retry(self, error: CredentialsError) -> CredentialsError:
        if _is_final(error):
            return error
        left_s = max(_LEAST_WAIT_S, self._failed_at + self._wait_s - self._clock())
        return CredentialsError(msgspec.structs.replace(error.failure, retry_after_s=left_s))


_EXPIRED = Failure(
    Fault.EXPIRED,
    "ExpiredToken",
    "the credentials have expired, and there are no newer ones; log in again",
)


def _is_final(error: CredentialsError) -> bool:
    return not is_retryable(error.failure.fault)
