"""Fixtures for the tests of every package."""

import os
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from botocore.loaders import JSONFileLoader
from hypothesis import HealthCheck, settings

from bulkeic.output.logs import reset_logs

# The time of an example depends on the machine.
settings.register_profile("bulkeic", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bulkeic")


@pytest.fixture(scope="session")
def alone() -> Iterator[None]:
    """Removes the AWS settings of the machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _models_read_once() -> Iterator[None]:
    """Keeps the models that botocore reads: parsing them is most of the work of a new client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", staticmethod(cache(JSONFileLoader().load_file)))
        yield


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path fits into a message; that of ``tmp_path`` grows with each session."""
    with tempfile.TemporaryDirectory(prefix="bulkeic") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    """Resets logging, which a command configures for the whole process."""
    yield
    reset_logs()


# A background job of a shell ignores SIGINT, and so would every command that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
