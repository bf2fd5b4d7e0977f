"""Values of options: from text, and back to text."""

import math
from typing import Any

import pytest

from bulkeic.core.errors import InputError
from bulkeic.core.options.option_values import (
    CallRate,
    Duration,
    Integer,
    ListOf,
    Number,
    NumberOrWord,
    OneOf,
    Percentage,
    ValueType,
)

POSITIVE = Duration(is_above=True)
DAY = Duration(0, 86400)
RATE = CallRate("auto")
RATES = ListOf(Number(0, 100_000, is_above=True, noun="a rate"), "10 or 5,10,15")
FUNCTIONS = NumberOrWord(Integer(1, 1000, noun="a number of functions"), "any")
FORMAT = OneOf(["csv", "json"])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30), ("30s", 30), ("30 s", 30), ("500ms", 0.5), ("1.5m", 90), ("2H", 7200),
        (".5s", 0.5), ("5.", 5), ("1e-1", 0.1),
    ],
)  # fmt: skip
def test_a_duration_is_seconds_or_has_a_unit(text: str, seconds: float) -> None:
    assert POSITIVE.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("values", "text", "value"),
    [
        (RATE, "10", 10.0), (RATE, "auto", "auto"), (RATE, "unlimited", math.inf),
        (Percentage(90), "12.5%", 0.125), (Percentage(90), "0%", 0.0),
        (Integer(1, 10), "7", 7), (Integer(), "-7", -7), (Number(0, 1), "0.25", 0.25),
        (RATES, "5,10,15", (5.0, 10.0, 15.0)), (FUNCTIONS, "any", "any"), (FUNCTIONS, "12", 12),
        (FORMAT, "csv", "csv"), (DAY, "90", 90.0), (ValueType("NAME"), "a b", "a b"),
    ],
)  # fmt: skip
def test_a_value_is_read_from_text_and_written_as_the_same_text(
    values: ValueType, text: str, value: Any
) -> None:
    assert values.parse(text) == value
    assert values.format(value) == text


@pytest.mark.parametrize(
    ("values", "text", "rule"),
    [
        (DAY, "30x", "'30x' is not a duration; expected seconds, for example 30"),
        (DAY, "-1s", "'-1s' is not a duration; "), (DAY, "", "'' is not a duration; "),
        (DAY, "1_0", "'1_0' is not a duration; "), (DAY, "٣", "'٣' is not a duration; "),
        (DAY, "1e400", "'1e400' is out of range; expected 0s to 86400s"),
        (DAY, "25h", "'25h' is out of range; expected 0s to 86400s"),
        (POSITIVE, "0", "'0' is out of range; expected more than 0s"),
        (RATE, "x", "'x' is not a rate; expected a number above 0, auto, or unlimited"),
        (RATE, "0", "'0' is not a rate; "), (RATE, "nan", "'nan' is not a rate; "),
        (CallRate(), "x", "'x' is not a rate; expected a number above 0 or unlimited"),
        (RATES, "5,x", "'x' is not a rate; expected more than 0 and up to 100000, for example"),
        (Percentage(90), "91%", "'91%' is not a percentage; expected 0% to 90%"),
        (Percentage(90), "nan", "'nan' is not a percentage; expected 0% to 90%"),
        (Integer(1, 10), "1.5", "'1.5' is not an integer; expected 1 to 10"),
        (Integer(1, 10), "11", "'11' is out of range; expected 1 to 10"),
        (Integer(0), "-1", "'-1' is out of range; expected 0 or more"),
        (Number(1), "inf", "'inf' is not a number; expected 1 or more"),
        (FUNCTIONS, "0", "'0' is not a number of functions; expected 1 to 1000, or any"),
        (FORMAT, "xml", "'xml' is invalid; expected csv or json"),
    ],
)  # fmt: skip
def test_an_invalid_text_is_one_line_with_what_is_expected(
    values: ValueType, text: str, rule: str
) -> None:
    with pytest.raises(InputError) as caught:
        values.parse(text)
    assert caught.value.rule.startswith(rule)


def test_a_duration_is_shown_with_its_unit() -> None:
    assert DAY.describe(0.5) == "0.5s"
