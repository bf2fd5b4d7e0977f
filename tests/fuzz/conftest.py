"""Commands run in this process here, and set logging up for all of it."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def usual_logs() -> Iterator[None]:
    yield
    structlog.reset_defaults()
