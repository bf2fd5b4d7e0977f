"""Times of a rollout: what is left of the minimum time after a wave."""

import pytest

from bulkeic.core.windows import bake_left_s

ENDED = "2026-01-01T00:00:00.000Z"
ENDED_S = 1767225600.0


@pytest.mark.parametrize(
    ("ended_at", "bake_s", "now", "left_s"),
    [
        (ENDED, 600.0, ENDED_S, 600.0),
        (ENDED, 600.0, ENDED_S + 200, 400.0),
        (ENDED, 600.0, ENDED_S + 600, 0.0),
        (ENDED, 600.0, ENDED_S + 86_400, 0.0),
        (ENDED, 600.0, ENDED_S - 5_000, 600.0),
        (ENDED, None, ENDED_S, 0.0),
        (ENDED, 0.0, ENDED_S, 0.0),
        (None, 600.0, ENDED_S, 0.0),
    ],
)
def test_a_wave_bakes_from_its_end_on(
    ended_at: str | None, bake_s: float | None, now: float, left_s: float
) -> None:
    assert bake_left_s(ended_at, bake_s, now) == left_s
