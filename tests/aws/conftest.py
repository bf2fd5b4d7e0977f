"""Fixtures of the AWS tests: no user settings, and both clients with a recording server."""

from collections.abc import Iterator

import pytest

# pytest explains assertions only in modules that it rewrites; helpers must be registered.
pytest.register_assert_rewrite(f"{__package__}.both_clients")

from bulkeic.aws import operations  # noqa: E402

from .both_clients import CREDENTIALS_FILE, BothClients  # noqa: E402 - after the rewrite


@pytest.fixture(scope="session", autouse=True)
def _alone(alone: None) -> None:
    """Isolates every test in this folder."""


@pytest.fixture(scope="module", params=["direct", "aiohttp"])
def clients(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BothClients]:
    """The SDK's client, and ours over each transport."""
    path = tmp_path_factory.mktemp("aws") / "credentials"
    path.write_text(CREDENTIALS_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        with BothClients() as clients:
            if request.param == "aiohttp":
                clients.keeps_connections = False
                patch.setattr(operations, "make_transport", clients.make_aiohttp_transport)
            yield clients
