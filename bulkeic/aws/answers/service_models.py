"""The SDK's models of the services, loaded when an answer is not the expected one."""

import functools
import os
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
    from botocore.loaders import create_loader  # noqa: PLC0415 - the SDK takes longer than all else
    from botocore.model import ServiceModel  # noqa: PLC0415

    # A session would also read the profile, which may be another one than the run's, or missing.
    loader = create_loader(os.environ.get("AWS_DATA_PATH"))
    return ServiceModel(loader.load_service_model(service, "service-2"), service)
