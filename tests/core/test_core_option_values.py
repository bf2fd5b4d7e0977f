"""Times on the command line."""

import click
import pytest

from bulkeic.cli.flags import ABOVE_0, SECONDS


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), ("30s", 30), ("30 s", 30), ("500ms", 0.5), ("1.5m", 90), ("2H", 7200),
        (".5s", 0.5), ("5.", 5), ("1e-1", 0.1),
    ],
)  # fmt: skip
def test_a_time_is_seconds_or_has_a_unit(text: str, seconds: float) -> None:
    assert ABOVE_0.convert(text, None, None) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("30x", "is no time; allowed: seconds, such as 30, or a number with ms, s, m or h"),
        ("-1s", "is no time"), ("", "is no time"), ("1_0", "is no time"), ("٣", "is no time"),
        ("1e400", "is not in the range"), ("25h", "is not in the range"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_one_line(text: str, told: str) -> None:
    with pytest.raises(click.BadParameter, match=told):
        SECONDS.convert(text, None, None)
