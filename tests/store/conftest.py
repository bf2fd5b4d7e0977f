from pathlib import Path

import pytest

# pytest explains only the assertions it rewrote, and by itself it rewrites no helpers.
pytest.register_assert_rewrite(f"{__package__}.runs")


@pytest.fixture
def path(short_folder: Path) -> Path:
    return short_folder / "run.db"
