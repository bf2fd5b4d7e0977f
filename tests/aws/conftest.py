"""A laboratory for the compiled call: one event loop, one recording server, both clients."""

from collections.abc import Iterator

import pytest

# pytest explains only the assertions it rewrote, and by itself it rewrites no helpers.
pytest.register_assert_rewrite(f"{__package__}.comparing")

from .both_clients import CREDENTIALS_FILE, Laboratory  # noqa: E402 - after the rewrite


@pytest.fixture(scope="session", autouse=True)
def _alone(alone: None) -> None:
    """Every test of this room."""


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    path = tmp_path_factory.mktemp("aws") / "credentials"
    path.write_text(CREDENTIALS_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        with Laboratory() as laboratory:
            yield laboratory
