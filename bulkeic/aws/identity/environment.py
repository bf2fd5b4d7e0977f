"""Settings that every AWS SDK reads from the environment, read without loading an SDK."""

import os
import sys

# Variables that are read here, or that change nothing for requests of Lambda and STS.
_UNDERSTOOD = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_PAGER",
}
_PROFILES = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
# What the SDK or OpenSSL reads besides.
_OTHERS = ("BOTO", "SSLKEYLOGFILE")
_CA_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_FILES = (
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
)
_MODELS = "~/.aws/models"  # service models that replace the SDK's


def environment_region() -> str | None:
    """Returns the Region of the environment; ``None``: the profile may still have one."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def environment_endpoint(service: str) -> str | None:
    """Returns the URL that the environment sets for a service; ``None``: it sets none."""
    own = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
    return own or os.environ.get("AWS_ENDPOINT_URL")


def environment_ca_bundle() -> str | None:
    """Returns the file of CA certificates that the environment sets; ``None``: it sets none."""
    return next(filter(None, map(os.environ.get, _CA_BUNDLES)), None)


def environment_keys() -> tuple[str, str, str | None] | None:
    """Returns access key id, secret access key and session token, if the environment has them.

    ``None``: it has none, or some that the SDK would refuse.
    """
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY")
    token = os.environ.get("AWS_SESSION_TOKEN") or None
    if not access_key or not secret_key or not f"{access_key}{secret_key}{token}".isascii():
        return None
    return access_key, secret_key, token


def has_only_known_settings(*, isolated: bool) -> bool:
    """Whether the SDK would find nothing in this environment but what the functions above read.

    Args:
        isolated: whether config files, profiles and proxies are ignored.
    """
    # Elsewhere, proxies are also settings of the system.
    if sys.platform != "linux" or _exists(_MODELS):
        return False
    if any(os.environ.get(name, "set").strip() == "" for name in _CA_BUNDLES):
        return False  # the SDK refuses it
    understood = _UNDERSTOOD | _PROFILES if isolated else _UNDERSTOOD
    if any(name.startswith(("AWS_", *_OTHERS)) and name not in understood for name in os.environ):
        return False
    return isolated or not (_has_proxy() or any(_is_file(*file) for file in _FILES))


def _has_proxy() -> bool:
    names = [
        name for name, value in os.environ.items() if value and name.lower().endswith("_proxy")
    ]
    return any(name.lower() != "no_proxy" for name in names)


def _is_file(variable: str, default: str) -> bool:
    """Whether one of the SDK's files exists, or may exist."""
    path = os.environ.get(variable, default)
    return path != os.devnull and _exists(path)


def _exists(path: str) -> bool:
    expanded = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111 - as the SDK
    return os.path.exists(expanded)  # noqa: PTH110 - pathlib can raise
