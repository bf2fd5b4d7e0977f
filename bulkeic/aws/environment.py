"""What the environment says to every SDK of AWS, without one."""

import os


def environment_region() -> str | None:
    """The Region of the environment; ``None``: there may be one in the profile."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
