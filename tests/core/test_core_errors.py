"""Errors: what comes from outside cannot harm a terminal, nor fill it."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import InputError, printable, quoted

texts = st.one_of(
    st.text(), st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Co"]))
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.binary()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
NESTED: Any = []
for _ in range(50_000):
    NESTED = [NESTED]


@settings(deadline=None, max_examples=200)
@given(anything)
@example("\x1b[31m" * 100)
@example("x" * 1_000_000)
@example("\u202egnp.exe")
@example("\ud800")
@example({"k\x1b": ["\x00" * 1000]})
@example(10**4000)
def test_every_shown_value_is_one_short_printable_line(value: object) -> None:
    text = quoted(value)
    assert text.isprintable()
    assert 0 < len(text) <= 84


def test_an_integer_of_many_digits_is_shown_too() -> None:
    assert len(quoted(10**5000)) <= 84


def test_a_value_nested_deep_is_shown_too() -> None:
    assert len(quoted(NESTED)) <= 84


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("f", "'f'"),
        ("", "''"),
        ("a\tb", r"'a\tb'"),
        ("\x1b[2J", r"'\x1b[2J'"),
        (True, "true"),
        (False, "false"),
        (1, "1"),
        (1.0, "1.0"),
        (None, "None"),
        ("é√", "'é√'"),
    ],
)
def test_values_as_they_are_shown(value: object, text: str) -> None:
    assert quoted(value) == text


def test_a_value_of_80_characters_is_shown_whole_and_a_longer_one_cut() -> None:
    assert quoted("x" * 80) == f"'{'x' * 80}'"
    assert quoted("x" * 81).endswith("x…")


@settings(deadline=None, max_examples=150)
@given(texts)
@example("a\nb")
@example("\x1b[31m\x9b31m\u2028\ud800")
def test_printable_lets_no_control_character_through(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert printable(safe) == safe
    assert (safe == text) == text.isprintable()


@pytest.mark.parametrize(
    ("source", "line", "field", "text"),
    [
        ("t.csv", 17, "Region", "t.csv:17: Region: wrong"),
        ("t.csv", 17, "", "t.csv:17: wrong"),
        ("t.csv", 0, "", "t.csv: wrong"),
        ("", 0, "Region", "Region: wrong"),
        ("", 0, "", "wrong"),
        ("t\n.csv", 1, "", r"t\n.csv:1: wrong"),
    ],
)
def test_a_problem_names_its_place_and_its_field(
    source: str, line: int, field: str, text: str
) -> None:
    problem = InputError("wrong", field=field)
    placed = problem.at(source, line)
    assert str(placed) == text
    assert (placed.rule, placed.field, placed.line, placed.source) == ("wrong", field, line, source)
    assert str(problem) == (f"{field}: wrong" if field else "wrong")
