"""Settings that every AWS SDK reads from the environment, read without loading an SDK."""

import os


def environment_region() -> str | None:
    """Returns the Region of the environment; ``None``: the profile may still have one."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def environment_endpoint(service: str) -> str | None:
    """Returns the URL that the environment sets for a service; ``None``: it sets none."""
    own = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return own or os.environ.get("AWS_ENDPOINT_URL")
