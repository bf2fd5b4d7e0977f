"""The SDK's models of the services, loaded when an answer is not the expected one."""

import functools
from typing import Any


def output_shape(service: str, operation: str) -> Any:
    """Returns the shape of an operation's answer, or ``None`` if it has no content.

    Args:
        service: ``lambda`` or ``sts``.
        operation: its name in AWS's words.
    """
    return _service_model(service).operation_model(operation).output_shape


@functools.cache
def _service_model(service: str) -> Any:
    import botocore.session  # noqa: PLC0415 - the SDK takes longer than all else

    return botocore.session.get_session().get_service_model(service)
