"""Checks the Markdown pages: no long line, and every link and anchor resolves.

``python -m tests.docs_check`` prints the problems and exits with 1 if there are any.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_LINE_LENGTH = 120
_FENCE = re.compile(r"^ *(```|~~~)(\w*)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$")
_LINK = re.compile(r"\]\(([^)\s]+)(?: +\"[^\"]*\")?\)")
_INLINE_CODE = re.compile(r"`[^`]*`")
_EXTERNAL = ("http://", "https://", "mailto:")


def pages() -> list[Path]:
    """Every page of the project's documentation."""
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def problems(page: Path) -> list[str]:
    """The problems of a page, each as ``path:line: text``."""
    found = [*_long_lines(page), *_broken_links(page)]
    return [f"{page.relative_to(ROOT)}:{number}: {text}" for number, text in sorted(found)]


def _lines(page: Path) -> Iterator[tuple[int, str, str | None]]:
    """Each line with its number and the language of its code block; ``None``: no code block."""
    language: str | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            yield number, line, language
        else:
            language = fence[2] if language is None else None


def _long_lines(page: Path) -> Iterator[tuple[int, str]]:
    for number, line, language in _lines(page):
        # The output of a command is shown as it is.
        is_output = language == "console" and not line.lstrip().startswith("$ ")
        if len(line) > MAX_LINE_LENGTH and not is_output:
            yield number, f"{len(line)} characters; expected at most {MAX_LINE_LENGTH}"


def _broken_links(page: Path) -> Iterator[tuple[int, str]]:
    for number, line, language in _lines(page):
        if language is not None:
            continue
        for link in _LINK.findall(_INLINE_CODE.sub("", line)):
            if link.startswith(_EXTERNAL):
                continue
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            if not target.exists():
                yield number, f"{link}: no such file"
            elif anchor and anchor not in _anchors(target):
                yield number, f"{link}: no such heading"


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for _, line, language in _lines(page):
        heading = _HEADING.match(line)
        if heading is None or language is not None:
            continue
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        anchor, repeats = slug, 0
        while anchor in found:
            repeats += 1
            anchor = f"{slug}-{repeats}"
        found.add(anchor)
    return found


def main() -> int:
    """Prints the problems of every page: the exit code."""
    found = [problem for page in pages() for problem in problems(page)]
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
