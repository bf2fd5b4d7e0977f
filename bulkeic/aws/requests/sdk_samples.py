"""Sample requests of the SDK's own clients, and how the SDK would send them."""

from typing import Any

from botocore import xform_name

from bulkeic.aws.requests.request_template import SAMPLE_FUNCTION
from bulkeic.aws.requests.routing_session import UnsentRequest
from bulkeic.core.model import Operation

# What the SDK requires in a sample request besides the function's name.
_SAMPLE_ARGUMENTS: dict[Operation, dict[str, Any]] = {
    Operation.UPDATE: {"MaximumRetryAttempts": 0},
    Operation.PUT: {"MaximumRetryAttempts": 0},
}


async def sample_request(client: Any, operation: Operation) -> UnsentRequest:
    """Makes the SDK sign a sample request of one of Lambda's operations, and returns it.

    Args:
        client: the SDK's Lambda client; its calls raise ``UnsentRequest``.
        operation: the operation.
    """
    call = getattr(client, xform_name(operation))
    try:
        await call(FunctionName=SAMPLE_FUNCTION, **_SAMPLE_ARGUMENTS.get(operation, {}))
    except UnsentRequest as sample:
        return sample
    raise AssertionError("the SDK sent a sample request instead of raising UnsentRequest")
