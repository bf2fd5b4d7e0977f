"""The installed command and its servers, as the tests of e2e have them."""

import pytest

from tests.e2e.conftest import bulkeic, sandbox, server

__all__ = ["bulkeic", "sandbox", "server"]


@pytest.fixture(scope="session")
def forks() -> None:
    """Each command has an interpreter of its own, as it has for those who use it."""
