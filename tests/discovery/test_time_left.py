"""How long a discovery will still take."""

import pytest

from bulkeic.discovery.model.time_left import seconds_left


@pytest.mark.parametrize(
    ("known_s", "elapsed_s", "done", "left", "expected"),
    [
        (None, 10.0, 3, 0, None),
        (None, 10.0, 0, 3, None),
        (5.0, 10.0, 0, 3, 5.0),
        (5.0, 10.0, 2, 4, 20.0),
        (50.0, 10.0, 2, 4, 50.0),
        (5.0, 10.0, 3, 0, None),
    ],
)
def test_time_left(
    known_s: float | None, elapsed_s: float, done: int, left: int, expected: float | None
) -> None:
    assert seconds_left(known_s, elapsed_s, lanes_done=done, lanes_left=left) == expected
