"""Lambda's operations in one Region: their request templates, their readers and their transport.

The templates come from known requests, or from sample requests of the SDK's own client where only
the SDK knows what a setting or a Region changes.
"""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from bulkeic.aws.answers.operation_readers import response_reader
from bulkeic.aws.answers.response_reader import ResponseReader
from bulkeic.aws.answers.service_models import output_shape
from bulkeic.aws.http.origin_pools import OriginPools
from bulkeic.aws.http.tls_context import make_tls_context
from bulkeic.aws.http.transport import HttpRoute, Transport, make_transport
from bulkeic.aws.identity.access import Access
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.aws.requests.request_template import RequestTemplate, SampleRequest
from bulkeic.core.model import Operation

if TYPE_CHECKING:
    from bulkeic.aws.requests.routing_session import SampleSessions

# Signs the sample requests, which are never sent.
_SAMPLE_KEYS = AccessKeys(access_key="AKIDEXAMPLE", secret_key="example")  # noqa: S106


class RegionalOperation(msgspec.Struct, frozen=True):
    """One operation in one Region: how its requests are built and its responses are read.

    Attributes:
        make_reader: makes a reader when the operation is first called.
    """

    template: RequestTemplate
    make_reader: Callable[[], ResponseReader]


class RegionalLambda(msgspec.Struct, frozen=True):
    """Lambda in one Region: its operations and the transport that they share."""

    transport: Transport
    operations: Mapping[Operation, RegionalOperation]


class RegionPreparation:
    """Prepares Regions, which share their connections.

    Args:
        access: endpoints and settings.
        timeout_s: seconds for one call.
        concurrency: calls in flight at most.
    """

    def __init__(self, access: Access, *, timeout_s: float, concurrency: int) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._concurrency = concurrency
        self._pools = OriginPools(
            concurrency, functools.partial(make_tls_context, access.ca_bundle)
        )

    async def prepare(self, region: str) -> RegionalLambda:
        """Prepares all operations in a Region at once.

        Raises:
            BotoCoreError, UsageError, ValueError: it cannot be called.
        """
        samples = self._access.known_requests(region)
        if samples is None:
            return await self._ask_sdk(region)
        return self._regional(samples, HttpRoute(self._pools))

    async def _ask_sdk(self, region: str) -> RegionalLambda:
        from bulkeic.aws.requests.sdk_samples import sample_request  # noqa: PLC0415 - it imports the SDK

        async with self._access.client(
            "lambda",
            region,
            _SAMPLE_KEYS,
            connect_timeout=self._timeout_s,
            read_timeout=self._timeout_s,
            max_pool_connections=self._concurrency,
            http_session_cls=self._sample_sessions.session_class,
        ) as client:
            samples = {each: await sample_request(client, each) for each in Operation}
        requests = {each: sample.request for each, sample in samples.items()}
        return self._regional(requests, samples[Operation.UPDATE].route)

    def _regional(
        self, samples: Mapping[Operation, SampleRequest], route: HttpRoute
    ) -> RegionalLambda:
        operations = {
            operation: RegionalOperation(
                RequestTemplate(sample),
                functools.partial(
                    response_reader,
                    operation,
                    functools.partial(output_shape, "lambda", operation),
                ),
            )
            for operation, sample in samples.items()
        }
        origin = operations[Operation.UPDATE].template.origin
        return RegionalLambda(make_transport(origin, route, self._timeout_s), operations)

    @functools.cached_property
    def _sample_sessions(self) -> "SampleSessions":
        from bulkeic.aws.requests.routing_session import SampleSessions  # noqa: PLC0415 - as above

        return SampleSessions()

    async def close(self) -> None:
        """Closes all connections."""
        await self._pools.close()
        if "_sample_sessions" in self.__dict__:
            await self._sample_sessions.close()
