"""The manual pages: what they say, and that they are valid roff."""

import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.cli.man_pages import man_pages, roff
from bulkeic.documentation.page_files import read_pages

ROOT = Path(__file__).parents[2]
PAGES = man_pages()


def rendered(source: str) -> str:
    """A page as a terminal shows it, without bold and underlined; warnings are errors."""
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    found = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=2000n"],
        input=source, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stderr == ""
    return found.stdout


def test_there_is_a_page_for_bulkeic_and_for_each_command() -> None:
    assert {"bulkeic.1", "bulkeic-apply.1", "bulkeic-bench-compare.1"} <= set(PAGES)


def test_all_pages_are_valid_and_ascii() -> None:
    assert all(text.isascii() for text in PAGES.values())
    text = rendered("".join(PAGES.values()))
    assert "bulkeic-apply - Update every target\n" in text
    assert 'eval "$(bulkeic completion bash)"' in text
    assert "printf 'FunctionName,MaximumRetryAttempts\\norders,1\\n' > targets.csv" in text
    assert "--rate, --rates CALLS/S[,CALLS/S…]" in text


def test_a_page_has_every_section_of_its_command() -> None:
    sections = re.findall(r"^\.SH (.+)$", PAGES["bulkeic-apply.1"], re.MULTILINE)
    assert sections == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "ARGUMENTS", "OPTIONS", "EXAMPLES", "SEE ALSO",
    ]  # fmt: skip


def test_texts_are_shown_as_they_are() -> None:
    texts = [".TH is text", "'quoted'", "C:\\new\\*x", "a-b ~^`", "“é” … 日本", "\\fBno\\fR", "-"]
    shown = rendered(".TH A 1\n" + "".join(f".PP\n{roff(text)}\n" for text in texts))
    assert [line.strip() for line in shown.splitlines() if line.strip()][1:-1] == texts


@given(st.text("\\.'-~^` \n\ta…\0", max_size=20))
def test_a_text_is_one_line_of_ascii_that_is_no_request(text: str) -> None:
    line = roff(text)
    assert line.isascii()
    assert "\n" not in line
    assert not line.startswith((".", "'"))


def test_a_wheel_has_the_manual_pages_and_every_page_of_the_docs(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        manual = {name.rpartition("/")[2]: name for name in names if "/share/man/man1/" in name}
        assert {name: archive.read(path).decode() for name, path in manual.items()} == PAGES
        for page in read_pages():
            assert archive.read(f"bulkeic/docs/{page.path}").decode() == page.text
