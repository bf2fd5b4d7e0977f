"""Signs the SDK's requests with AWS's time, if this machine's clock is wrong."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore import UNSIGNED
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.credentials import Credentials

from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_correction import ClockCorrection


def sign_by_clock(client: Any, keys: Callable[[], AccessKeys], clock: ClockCorrection) -> None:
    """Makes a client of the SDK sign its requests with the corrected time.

    Args:
        client: of any service.
        keys: returns the credentials for the request that is being signed.
        clock: has the time.
    """

    def sign(request: Any, signing_name: str, region_name: str, **_: Any) -> None:
        used = keys()
        credentials = Credentials(used.access_key, used.secret_key, used.token)
        # A global service is signed for the Region of its endpoint.
        region = request.context.get("signing", {}).get("region") or region_name
        _CorrectedAuth(credentials, signing_name, region, clock).add_auth(request)

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
