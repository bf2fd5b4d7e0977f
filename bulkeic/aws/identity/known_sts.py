"""STS without the SDK. Only an unexpected answer imports it, for its parser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from bulkeic.aws.answers.service_models import output_shape
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.tls_context import make_tls_context
from bulkeic.aws.http.transport import HttpRoute, make_transport
from bulkeic.aws.identity.sts_answers import read_result
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.clock_correction import ClockCorrection
from bulkeic.aws.requests.request_template import RequestBody, RequestTemplate, SampleRequest
from bulkeic.aws.requests.signing import Signer

_VERSION = "2011-06-15"
_OK = 200
_FIRST_ERROR = 300


class KnownSts:
    """STS in one Region: results and errors are those of the SDK's client.

    Each call has a connection of its own. So no answer can be left over for the next call, whose
    credentials would be another role's.

    Args:
        sample: a request of STS in that Region.
        keys: the credentials to sign with.
        timeout_s: seconds for one call.
        clock: of the signatures.
        pools: the connections.
    """

    def __init__(
        self,
        sample: SampleRequest,
        keys: AccessKeys,
        *,
        timeout_s: float,
        clock: ClockCorrection,
        pools: OriginPools,
    ) -> None:
        self._url = sample.url
        self._template = RequestTemplate(sample)
        self._signer = Signer(self._template)
        self._keys = keys
        self._timeout_s = timeout_s
        self._clock = clock
        self._pools = pools

    async def get_caller_identity(self) -> dict[str, Any]:
        """Calls GetCallerIdentity."""
        return await self._call("GetCallerIdentity", {})

    async def assume_role(self, **parameters: Any) -> dict[str, Any]:
        """Calls AssumeRole.

        Args:
            parameters: texts and numbers; ``Tags`` is a list of objects.
        """
        return await self._call("AssumeRole", _flat(parameters))

    async def _call(self, action: str, parameters: dict[str, str | int]) -> dict[str, Any]:
        content = urlencode({"Action": action, "Version": _VERSION, **parameters}).encode()
        length = f"Content-Length: {len(content)}\r\n"
        body = RequestBody(content, sha256(content).hexdigest(), length)
        try:
            transport = make_transport(
                self._template.origin, HttpRoute(self._pools), self._timeout_s
            )
            response = await transport.exchange(
                self._template.method,
                "/",
                self._signer.headers("/", "", body, self._keys, self._clock.now()),
                content,
                is_trusted=lambda _: False,
            )
        except Exception as error:
            from bulkeic.aws.identity.sdk_http_session import exchange_error  # noqa: PLC0415 - it imports the SDK

            raise exchange_error(error, self._url) from error
        return _result(action, response)


@asynccontextmanager
async def open_known_sts(
    sample: SampleRequest,
    keys: AccessKeys,
    *,
    timeout_s: float,
    clock: ClockCorrection,
    limit: int,
    ca_bundle: str | None,
) -> AsyncIterator[KnownSts]:
    """Opens STS, with connections of its own.

    Args:
        sample: see ``KnownSts``.
        keys: the credentials to sign with.
        timeout_s: seconds for one call.
        clock: of the signatures.
        limit: calls in flight at most.
        ca_bundle: file of the CA certificates to trust; ``None``: the one that the SDK would use.
    """
    pools = OriginPools(limit, partial(make_tls_context, ca_bundle))
    try:
        yield KnownSts(sample, keys, timeout_s=timeout_s, clock=clock, pools=pools)
    finally:
        await pools.close()


def _flat(parameters: dict[str, Any]) -> dict[str, str | int]:
    """The parameters as the query protocol sends them: ``Tags.member.1.Key``."""
    found = {name: value for name, value in parameters.items() if not isinstance(value, list)}
    for name, items in parameters.items():
        for number, item in enumerate(items if isinstance(items, list) else (), 1):
            found |= {f"{name}.member.{number}.{key}": value for key, value in item.items()}
    return found


def _result(action: str, response: RawResponse) -> dict[str, Any]:
    """Returns the result of a response; by the SDK's own parser unless it is the expected one.

    Raises:
        ClientError: it is an error response.
        ResponseParserError: it cannot be read.
    """
    found = read_result(response.body, action) if response.status == _OK else None
    if found is not None and _is_complete(action, found):
        return found
    from botocore.exceptions import ClientError  # noqa: PLC0415 - the SDK takes longer than all else
    from botocore.parsers import create_parser  # noqa: PLC0415

    answer = {
        "status_code": response.status,
        "headers": {name.lower(): value for name, value in response.headers.items()},
        "body": response.body,
    }
    parsed: dict[str, Any] = create_parser("query").parse(answer, output_shape("sts", action))
    if response.status >= _FIRST_ERROR:
        raise ClientError(parsed, action)
    return parsed


def _is_complete(action: str, found: dict[str, Any]) -> bool:
    """Whether a result has all that is used of it; converts the expiration to a time."""
    if action == "GetCallerIdentity":
        return _has_texts(found, "Account", "Arn")
    keys, user = found.get("Credentials"), found.get("AssumedRoleUser")
    if not _has_texts(keys, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"):
        return False
    if not _has_texts(user, "Arn"):
        return False
    try:
        found["Credentials"]["Expiration"] = datetime.strptime(
            found["Credentials"]["Expiration"], "%Y-%m-%dT%H:%M:%S%z"
        )
    except ValueError:
        return False
    return True


def _has_texts(found: Any, *names: str) -> bool:
    return isinstance(found, dict) and all(isinstance(found.get(name), str) for name in names)
