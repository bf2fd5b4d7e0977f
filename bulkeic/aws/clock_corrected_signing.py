"""Signs the SDK's requests with AWS's time, if this machine's clock is wrong."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from botocore import UNSIGNED
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from bulkeic.aws.clock_skew import clock_skew_s
from bulkeic.aws.credentials import AccessKeys


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
        """Calls an operation of a client that ``sign`` was given; again if the clock was wrong."""
        signed_at = self.now()
        try:
            return await operation(**request)
        except ClientError as error:
            if not self._learn(error, signed_at):
                raise
        return await operation(**request)

    def _learn(self, error: ClientError, signed_at: float) -> bool:
        """Learns from an error response. Returns whether the clock caused it.

        ``signed_at`` is when its request was signed: since then, another response may have
        corrected the clock.
        """
        code = str(error.response.get("Error", {}).get("Code", ""))
        headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        skew_s = clock_skew_s(code, headers, signed_at)
        if skew_s is None:
            return False
        self.skew_s = signed_at + skew_s - time.time()
        return True

    def sign(self, client: Any, keys: AccessKeys) -> None:
        """Makes a client of the SDK sign its requests with the corrected time."""

        def sign(request: Any, signing_name: str, region_name: str, **_: Any) -> None:
            credentials = Credentials(keys.access_key, keys.secret_key, keys.token)
            _CorrectedAuth(credentials, signing_name, region_name, self).add_auth(request)

        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register(f"choose-signer.{service}", lambda **_: UNSIGNED)
        client.meta.events.register(f"before-sign.{service}", sign)


class _CorrectedAuth(SigV4Auth):  # type: ignore[misc]  # the SDK has no types
    def __init__(
        self, credentials: Credentials, service: str, region: str, correction: ClockCorrection
    ) -> None:
        super().__init__(credentials, service, region)
        self._correction = correction

    def _modify_request_before_signing(self, request: Any) -> None:
        now = datetime.fromtimestamp(self._correction.now(), UTC)
        request.context["timestamp"] = now.strftime(SIGV4_TIMESTAMP)
        super()._modify_request_before_signing(request)
