"""The documentation: links and anchors resolve, lines are short, and named paths exist."""

import re
from importlib import metadata
from pathlib import Path

import pytest

from . import docs_check
from .docs_check import ROOT, pages, problems


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_has_no_long_line_and_no_broken_link(page: Path) -> None:
    assert problems(page) == []


def test_long_lines_and_broken_links_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docs_check, "ROOT", tmp_path)
    page = tmp_path / "page.md"
    long = "x" * 121
    page.write_text(
        "# A `title`, twice\n"
        "# A title twice\n"
        "[good](#a-title-twice-1) [page](page.md#a-title-twice) [web](https://example.com)\n"
        "[no file](other.md) [no heading](#other) `[code](other.md)`\n"
        f"{long}\n"
        f"```console\n$ {long}\n{long}\n[code](other.md)\n```\n"
    )

    assert problems(page) == [
        "page.md:4: #other: no such heading",
        "page.md:4: other.md: no such file",
        "page.md:5: 121 characters; expected at most 120",
        "page.md:7: 123 characters; expected at most 120",
    ]


def test_the_index_lists_every_page_in_the_section_of_its_folder() -> None:
    text = (ROOT / "docs/README.md").read_text()
    folders = {
        "Tutorial": "tutorial", "How-to guides": "how-to",
        "Reference": "reference", "Explanation": "explanation",
    }  # fmt: skip
    listed = {}
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        listed[folders[title]] = re.findall(r"^- \[[^]]+\]\(([^)#]+)\)", body, re.MULTILINE)

    for folder, names in listed.items():
        there = {f"{folder}/{page.name}" for page in (ROOT / "docs" / folder).glob("*.*")}
        assert sorted(names) == sorted(name for name in there if not name.endswith(".json"))
    assert {path.name for path in (ROOT / "docs").iterdir()} == {*listed, "README.md", "pictures"}


def test_pictures_are_small_used_and_load_nothing() -> None:
    texts = "".join(page.read_text() for page in pages())
    for picture in (ROOT / "docs/pictures").iterdir():
        assert picture.stat().st_size < 150_000
        assert f"pictures/{picture.name})" in texts
        if picture.suffix == ".svg":
            urls = re.findall(r"https?://[^\"' ]+", picture.read_text())
            assert set(urls) == {"http://www.w3.org/2000/svg"}
    assert "![](" not in texts


def test_the_paths_that_contributing_names_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    folders = r"bulkeic|tests|benchmarks|docs|examples|website|ci|\.ci"
    named = set(re.findall(rf"`((?:{folders})/[\w./-]*)`", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []

    table = text.partition("## Where to find things")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) > 10
    assert [row for row in rows[1:] if not named & set(re.findall(r"`([^`]+)`", row))] == []


def test_the_pages_that_the_code_names_exist() -> None:
    files = [*ROOT.glob("bulkeic/**/*.py"), *ROOT.glob("benchmarks/**/*.py")]
    named = {name for file in files for name in re.findall(r"docs/[\w/-]+\.md", file.read_text())}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_links_of_the_readme_are_absolute_on_a_package_index() -> None:
    readme = metadata.metadata("bulkeic").json["description"]
    links = re.findall(r"\]\(([^)]+)\)", str(readme))
    assert len(links) > 5
    assert [link for link in links if not link.startswith("https://")] == []
