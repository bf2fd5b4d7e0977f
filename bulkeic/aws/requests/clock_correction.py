"""The time to sign with, if this machine's clock is wrong."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from bulkeic.aws.requests.clock_skew import clock_skew_s


class ClockCorrection:
    """By how many seconds AWS's clock is ahead, as its last answers showed.

    Attributes:
        skew_s: seconds.
    """

    def __init__(self) -> None:
        self.skew_s = 0.0

    def now(self) -> float:
        """Returns AWS's time, Unix time in seconds."""
        return time.time() + self.skew_s

    async def call(self, operation: Callable[..., Awaitable[Any]], **request: Any) -> Any:
        """Calls an operation that signs with ``now``; again if the clock was wrong."""
        signed_at = self.now()
        try:
            return await operation(**request)
        except Exception as error:
            if not self._learn(error, signed_at):
                raise
        return await operation(**request)

    def _learn(self, error: Exception, signed_at: float) -> bool:
        """Learns from an error response of the SDK. Returns whether the clock caused it.

        ``signed_at`` is when its request was signed: since then, another response may have
        corrected the clock.
        """
        response = getattr(error, "response", None)
        if not isinstance(response, dict):
            return False
        code = str(response.get("Error", {}).get("Code", ""))
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        skew_s = clock_skew_s(code, headers, signed_at)
        if skew_s is None:
            return False
        self.skew_s = signed_at + skew_s - time.time()
        return True
