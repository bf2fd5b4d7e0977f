"""Styles: how they travel, when they are shown, and what cannot add one."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.errors import printable
from bulkeic.output.terminal.screen import PLAIN_WIDTH, Screen, screen_of
from bulkeic.output.terminal.styles import (
    Style,
    has_colors,
    rendered,
    styled,
    styled_line,
    styled_list,
)

parts = st.lists(st.tuples(st.text(), st.none() | st.sampled_from(Style)))


@given(parts)
def test_a_styled_text_is_its_plain_text(some: list[tuple[str, Style | None]]) -> None:
    line = styled_line(*(styled(text, style) for text, style in some))
    plain = "".join(text for text, _ in some)
    assert line == plain
    assert rendered(line, in_color=False) == printable(plain)


@given(parts)
def test_only_styles_add_escape_codes(some: list[tuple[str, Style | None]]) -> None:
    line = styled_line(*(styled(text, style) for text, style in some))
    shown = rendered(styled_line("a", line, styled("b", Style.GOOD)), in_color=True)
    codes = re.findall(r"\x1b\[\d+m", shown)
    styles = [style.value for text, style in some if style is not None and text]
    assert codes == [f"\x1b[{code}m" for value in (*styles, "32") for code in (value, "0")]
    assert re.sub(r"\x1b\[\d+m", "", shown) == printable(f"a{line}b")


def test_a_list_keeps_the_styles_of_its_parts() -> None:
    text = styled_list(["1 updated", styled("2 failed", Style.BAD)])
    assert rendered(text, in_color=True) == "1 updated, \x1b[31m2 failed\x1b[0m"


@pytest.mark.parametrize(
    ("environment", "on_terminal", "in_file"),
    [
        ({"TERM": "xterm"}, True, False),
        ({}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "unknown"}, False, False),
        ({"CLICOLOR": "0"}, False, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"CLICOLOR_FORCE": "1", "TERM": "dumb"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
    ],
)
def test_when_there_are_colors(
    environment: dict[str, str], *, on_terminal: bool, in_file: bool
) -> None:
    assert has_colors(is_terminal=True, environment=environment) is on_terminal
    assert has_colors(is_terminal=False, environment=environment) is in_file


def test_a_file_has_a_fixed_width_and_any_number_of_rows() -> None:
    assert screen_of(io.StringIO()) == Screen(PLAIN_WIDTH, None)


@given(st.lists(st.text(st.characters(codec="ascii"), max_size=500)), st.integers(60, 200))
def test_what_is_left_of_a_screen(lines: list[str], width: int) -> None:
    taken = sum(max(1, -(-len(line) // width)) for line in lines)
    assert Screen(width, 24).without(lines).rows == max(0, 24 - taken)
    assert Screen(width, None).without(lines).rows is None
