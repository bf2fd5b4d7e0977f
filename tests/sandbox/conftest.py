"""Fixtures: sandboxes that run, and a client of one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import botocore.session
import pytest

from bulkeic.sandbox import SandboxOptions

from .sandbox_client import Running


@pytest.fixture(scope="session")
def session(alone: None) -> Any:  # noqa: ARG001 - nobody else's settings, first of all
    return botocore.session.Session()


@pytest.fixture
def start(session: Any) -> Iterator[Callable[..., Running]]:
    """Starts sandboxes that end with the test; arguments are those of SandboxOptions."""
    with ExitStack() as stack:

        def starter(**options: Any) -> Running:
            options.setdefault("rate", None)
            return stack.enter_context(Running(session, SandboxOptions(**options)))

        yield starter


@pytest.fixture(scope="module")
def sandbox(session: Any) -> Iterator[Running]:
    """A sandbox without a quota, shared by a module's tests: each takes names of its own."""
    with Running(session, SandboxOptions(rate=None)) as running:
        yield running


@pytest.fixture(scope="module")
def aws(sandbox: Running) -> Any:
    """A Lambda client of it that checks no parameters itself."""
    return sandbox.client(parameter_validation=False)
