"""Sample requests of the SDK's own clients, and how the SDK would send them."""

from typing import Any

from botocore import xform_name

from bulkeic.aws.requests.request_template import SAMPLE_FUNCTION
from bulkeic.aws.requests.routing_session import UnsentRequest
from bulkeic.core.model import Operation

_FUNCTION = {"FunctionName": SAMPLE_FUNCTION}
# What the SDK requires in a sample request, where that is not the function's name alone.
_SAMPLE_ARGUMENTS: dict[Operation, dict[str, Any]] = {
    Operation.UPDATE: {**_FUNCTION, "MaximumRetryAttempts": 0},
    Operation.PUT: {**_FUNCTION, "MaximumRetryAttempts": 0},
    Operation.LIST_FUNCTIONS: {},
}


async def sample_request(client: Any, operation: Operation) -> UnsentRequest:
    """Makes the SDK sign a sample request of one of Lambda's operations, and returns it.

    Args:
        client: the SDK's Lambda client; its calls raise ``UnsentRequest``.
        operation: the operation.
    """
    call = getattr(client, xform_name(operation))
    try:
        await call(**_SAMPLE_ARGUMENTS.get(operation, _FUNCTION))
    except UnsentRequest as sample:
        return sample
    raise AssertionError("the SDK sent a sample request instead of raising UnsentRequest")
