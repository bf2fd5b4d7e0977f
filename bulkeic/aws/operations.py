"""Lambda's operations in one Region, built from sample requests of the SDK's own client."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from botocore import xform_name

from bulkeic.aws.connection_pool import UnsentRequest
from bulkeic.aws.request_template import SAMPLE_FUNCTION, RequestTemplate
from bulkeic.aws.responses import ResponseReader, response_reader
from bulkeic.aws.transport import Transport, make_transport
from bulkeic.core.model import Operation

# What the SDK requires in a sample request besides the function's name.
_SAMPLE_ARGUMENTS: dict[Operation, dict[str, Any]] = {
    Operation.UPDATE: {"MaximumRetryAttempts": 0},
    Operation.PUT: {"MaximumRetryAttempts": 0},
}


class RegionalOperation(msgspec.Struct, frozen=True):
    """One operation in one Region: how its requests are built and its responses are read."""

    template: RequestTemplate
    reader: ResponseReader


class RegionalLambda(msgspec.Struct, frozen=True):
    """Lambda in one Region: its operations and the transport that they share."""

    transport: Transport
    operations: Mapping[Operation, RegionalOperation]


async def prepare_region(client: Any, timeout_s: float) -> RegionalLambda:
    """Makes the SDK sign a sample request of each operation, and builds the templates from them.

    All operations are prepared at once: that takes a few milliseconds, less than a second client.

    Args:
        client: the SDK's Lambda client of that Region; its calls raise ``UnsentRequest``.
        timeout_s: seconds for one call.
    """
    samples = {operation: await _sample_request(client, operation) for operation in Operation}
    service_model = client.meta.service_model
    operations = {
        operation: RegionalOperation(
            RequestTemplate(sample.request),
            response_reader(operation, partial(_output_shape, service_model, operation)),
        )
        for operation, sample in samples.items()
    }
    origin = operations[Operation.UPDATE].template.origin
    route = samples[Operation.UPDATE].route
    return RegionalLambda(make_transport(origin, route, timeout_s), operations)


def _output_shape(service_model: Any, operation: Operation) -> Any:
    return service_model.operation_model(operation).output_shape


async def _sample_request(client: Any, operation: Operation) -> UnsentRequest:
    call = getattr(client, xform_name(operation))
    try:
        await call(FunctionName=SAMPLE_FUNCTION, **_SAMPLE_ARGUMENTS.get(operation, {}))
    except UnsentRequest as sample:
        return sample
    raise AssertionError("the SDK sent a sample request instead of raising UnsentRequest")
