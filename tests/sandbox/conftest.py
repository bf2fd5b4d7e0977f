"""Fixtures: running sandboxes, and boto3 clients of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import botocore.session
import pytest

from bulkeic.sandbox import SandboxOptions

from .sandbox_client import SandboxThread, StartSandbox


@pytest.fixture(scope="session")
def session(alone: None) -> Any:  # noqa: ARG001 - isolates the session from the environment
    return botocore.session.Session()


@pytest.fixture
def start_sandbox(session: Any) -> Iterator[StartSandbox]:
    """Starts sandboxes that end with the test; the arguments are fields of SandboxOptions."""
    with ExitStack() as stack:

        def starter(**options: Any) -> SandboxThread:
            options.setdefault("rate", None)
            return stack.enter_context(SandboxThread(session, SandboxOptions(**options)))

        yield starter


@pytest.fixture(scope="module")
def sandbox(session: Any) -> Iterator[SandboxThread]:
    """A sandbox without a quota, shared by a module's tests, each with its own function names."""
    with SandboxThread(session, SandboxOptions(rate=None)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def aws(sandbox: SandboxThread) -> Any:
    """A Lambda client of it that does not validate parameters."""
    return sandbox.client(parameter_validation=False)
