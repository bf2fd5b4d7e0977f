"""What tests of every room share."""

import os
import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair.
settings.register_profile("bulkeic", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bulkeic")


@pytest.fixture(scope="session")
def alone() -> Iterator[None]:
    """Nobody's AWS settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    """A command that runs in this process sets logging up for all of it."""
    yield
    structlog.reset_defaults()


# A job in a shell's background ignores SIGINT, and so would every command that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
