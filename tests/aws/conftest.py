"""A laboratory for the compiled call: one event loop, one recording server, both clients."""

import os
from collections.abc import Iterator

import pytest

# pytest explains only the assertions it rewrote, and by itself it rewrites no helpers.
pytest.register_assert_rewrite(f"{__package__}.comparing")

from .comparing import CREDENTIALS_FILE, Laboratory  # noqa: E402 - after the rewrite


@pytest.fixture(scope="session", autouse=True)
def alone() -> Iterator[pytest.MonkeyPatch]:
    """Nobody's AWS settings."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("AWS_") or name.lower().endswith("_proxy"):
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield patch


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    path = tmp_path_factory.mktemp("aws") / "credentials"
    path.write_text(CREDENTIALS_FILE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
        with Laboratory() as laboratory:
            yield laboratory
