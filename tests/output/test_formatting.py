"""Numbers and times as short texts."""

import pytest

from bulkeic.output.formatting import counted, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"), (0.2, "1 s"), (7, "7 s"), (7.1, "8 s"), (119.9, "120 s"), (120, "2 min"),
        (121, "3 min"), (7199, "120 min"), (7200, "2.0 h"), (12600, "3.5 h"),
        (2 * 86400, "2.0 days"), (216000, "2.5 days"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 lanes"), (1, "1 lane"), (2, "2 lanes"), (12345, "12,345 lanes")]
)
def test_counts(number: int, text: str) -> None:
    assert counted(number, "lane") == text
