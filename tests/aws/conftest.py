"""Fixtures of the AWS tests: no user settings, and both clients with a recording server."""

from collections.abc import Iterator

import pytest

# pytest explains assertions only in modules that it rewrites; helpers must be registered.
pytest.register_assert_rewrite(f"{__package__}.both_clients")

from .both_clients import CREDENTIALS_FILE, BothClients  # noqa: E402 - after the rewrite


@pytest.fixture(scope="session", autouse=True)
def _alone(alone: None) -> None:
    """Isolates every test in this folder."""


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothClients]:
    path = tmp_path_factory.mktemp("aws") / "credentials"
    path.write_text(CREDENTIALS_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        with BothClients() as clients:
            yield clients
