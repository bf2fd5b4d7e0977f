"""``bulkeic docs``: the pages of this documentation, offline."""

import os
import pty
import re
from pathlib import Path

import pytest

from bulkeic.cli.commands import cli
from bulkeic.cli.option_command import OptionCommand
from bulkeic.documentation.doc_page import find_page, listed_pages
from bulkeic.documentation.page_files import read_pages

from .conftest import Bulkeic

DOCS = Path(__file__).parents[2] / "docs"


def test_every_page_is_listed_with_one_line(bulkeic: Bulkeic) -> None:
    result = bulkeic("docs")

    assert (result.code, result.err) == (0, "")
    names = re.findall(r"^  (\S+) ", result.out, re.MULTILINE)
    assert len(names) == len(set(names)) == len([*DOCS.glob("*/*.md")])
    assert "\n  rollout               Safe rollout: plans, waves" in result.out


def test_a_page_is_plain_markdown_in_a_pipe(bulkeic: Bulkeic) -> None:
    rollout = (DOCS / "how-to" / "rollout.md").read_text()
    for name in ("rollout", "Rollout.md", "how-to/rollout", "docs/how-to/rollout.md"):
        assert bulkeic("docs", name).out == rollout
    assert bulkeic("docs", "reference/monitoring").out.startswith("# Events and metrics\n")


def test_a_page_is_rendered_in_a_pager_on_a_terminal(bulkeic: Bulkeic) -> None:
    ours, theirs = pty.openpty()
    try:
        process = bulkeic.start(
            "docs", "rollout", stdin=theirs, stdout=theirs, stderr=theirs,
            env={"PAGER": "sed s/^/paged:/", "TERM": "xterm", "COLUMNS": "80"},
        )  # fmt: skip
        os.close(theirs)
        screen = b""
        try:
            while piece := os.read(ours, 4096):
                screen += piece
        except OSError:  # the other end is closed
            pass
        assert process.wait(20) == 0
    finally:
        os.close(ours)
    text = screen.decode()
    assert text.startswith("paged:")
    assert "\x1b[1m" in text  # headings are bold
    assert "](" not in text
    assert "```" not in text


def test_an_unknown_page_names_the_nearest(bulkeic: Bulkeic) -> None:
    result = bulkeic("docs", "rolout")
    assert result.code == 2
    (line,) = result.lines
    problem, *way_out = line.split("; ")
    assert problem == "bulkeic: there is no page 'rolout'"
    assert way_out == ["the nearest is rollout", "list all pages with: bulkeic docs"]


def test_lines_with_a_word_are_found(bulkeic: Bulkeic) -> None:
    lines = bulkeic("docs", "--search", "BEFORE-IMAGE").out.splitlines()
    assert len({line.partition(":")[0] for line in lines}) > 3
    name, number, text = lines[0].split(":", 2)
    page = find_page(read_pages(), name)
    assert page.text.splitlines()[int(number) - 1].strip() == text.strip()

    (line,) = bulkeic("docs", "glossary", "--search", "| before-image |").out.splitlines()
    assert line.startswith("glossary:")
    result = bulkeic("docs", "--search", "xyzzy")
    assert (result.code, result.out) == (2, "")
    assert result.lines == ["bulkeic: no line contains 'xyzzy'; try a shorter text"]


def test_help_names_a_page_that_exists() -> None:
    pages = read_pages()
    for command in cli.commands.values():
        if isinstance(command, OptionCommand) and command.declaration.page:
            assert find_page(pages, command.declaration.page).name == command.declaration.page


@pytest.mark.parametrize("index", ["", "- [Gone](how-to/gone.md): not there.\n"])
def test_an_index_lists_only_pages_that_exist(index: str) -> None:
    assert listed_pages({"README.md": index, "how-to/other.md": "# Other\n"}) == []
