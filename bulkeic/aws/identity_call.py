"""GetCallerIdentity of STS, called without the SDK. Only an unexpected answer imports it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import Any

from bulkeic.aws.clock_correction import ClockCorrection
from bulkeic.aws.credentials import AccessKeys
from bulkeic.aws.known_requests import IDENTITY_BODY
from bulkeic.aws.origin_pools import OriginPools
from bulkeic.aws.request_template import RequestBody, RequestTemplate, SampleRequest
from bulkeic.aws.service_models import output_shape
from bulkeic.aws.signing import Signer
from bulkeic.aws.tls_context import make_tls_context
from bulkeic.aws.transport import HttpRoute, RawResponse, make_transport

_OPERATION = "GetCallerIdentity"
_OK = 200
_FIRST_ERROR = 300
_BODY = RequestBody(
    IDENTITY_BODY,
    sha256(IDENTITY_BODY).hexdigest(),
    f"Content-Length: {len(IDENTITY_BODY)}\r\n",
)
_find_identity = re.compile(
    rb"<GetCallerIdentityResponse[^<>]*>\s*<GetCallerIdentityResult>\s*"
    rb"<Arn>([^<>&]+)</Arn>\s*<UserId>[^<>]*</UserId>\s*<Account>(\d{12})</Account>\s*"
    rb"</GetCallerIdentityResult>\s*<ResponseMetadata>\s*<RequestId>[^<>]*</RequestId>\s*"
    rb"</ResponseMetadata>\s*</GetCallerIdentityResponse>\s*"
).fullmatch


@asynccontextmanager
async def known_identity_call(
    sample: SampleRequest,
    keys: AccessKeys,
    timeout_s: float,
    clock: ClockCorrection,
    ca_bundle: str | None,
) -> AsyncIterator[Callable[[], Awaitable[dict[str, Any]]]]:
    """Returns a call of GetCallerIdentity, which raises what the SDK's client would raise.

    Each call has a connection of its own, so no answer can be left over for the next one.

    Args:
        sample: a request of the operation.
        keys: the credentials to sign with.
        timeout_s: seconds for one attempt.
        clock: of the signatures.
        ca_bundle: file of the CA certificates to trust; ``None``: the one that the SDK would use.
    """
    template = RequestTemplate(sample)
    signer = Signer(template)
    pools = OriginPools(1, partial(make_tls_context, ca_bundle))

    async def call() -> dict[str, Any]:
        try:
            transport = make_transport(template.origin, HttpRoute(pools), timeout_s)
            response = await transport.exchange(
                template.method,
                "/",
                signer.headers("/", "", _BODY, keys, clock.now()),
                IDENTITY_BODY,
                is_trusted=lambda _: False,
            )
        except Exception as error:
            from bulkeic.aws.sts_http_session import exchange_error  # noqa: PLC0415 - it imports the SDK

            raise exchange_error(error, sample.url) from error
        return _identity(response)

    try:
        yield call
    finally:
        await pools.close()


def _identity(response: RawResponse) -> dict[str, Any]:
    """Reads an answer; by the SDK's own parser unless it is the expected one.

    Raises:
        ClientError: it is an error response.
        ResponseParserError: it cannot be read.
    """
    found = _find_identity(response.body) if response.status == _OK else None
    if found is not None:
        return {"Arn": found[1].decode(), "Account": found[2].decode()}
    from botocore.exceptions import ClientError  # noqa: PLC0415 - the SDK takes longer than all else
    from botocore.parsers import create_parser  # noqa: PLC0415

    answer = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.body,
    }
    parsed: dict[str, Any] = create_parser("query").parse(answer, output_shape("sts", _OPERATION))
    if response.status >= _FIRST_ERROR:
        raise ClientError(parsed, _OPERATION)
    return parsed
