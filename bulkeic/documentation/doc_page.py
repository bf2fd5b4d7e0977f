"""The pages of the documentation: how they are named, found and searched. Pure."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bulkeic.core.errors import UsageError, quoted

INDEX = "README.md"
"""The page that lists the others."""

_find_entries = re.compile(
    r"^- \[([^\]]+)\]\(([\w/-]+\.md)\)(?:: (.+))?$|^## (.+)$", re.MULTILINE
).findall


class DocPage(NamedTuple):
    """A page.

    Attributes:
        name: as users give it: the file's name, or its path where another page has that name.
        path: of its file, from the folder of the documentation, for example ``how-to/bench.md``.
        section: heading in the index.
        title: as the index has it.
        summary: one sentence; may be empty.
        text: Markdown.
    """

    name: str
    path: str
    section: str
    title: str
    summary: str
    text: str


def listed_pages(texts: Mapping[str, str]) -> list[DocPage]:
    """The pages that the index lists, in its order.

    Args:
        texts: Markdown by path; an index without its pages is empty.
    """
    found: list[DocPage] = []
    section = ""
    for title, path, summary, heading in _find_entries(texts.get(INDEX, "")):
        if heading:
            section = heading
        elif path in texts:
            name = _short_name(path)
            if any(page.name == name for page in found):
                name = path.removesuffix(".md")
            found.append(DocPage(name, path, section, title, summary, texts[path]))
    return found


def find_page(pages: Sequence[DocPage], word: str) -> DocPage:
    """The page that a user means: by its name or its path, whatever the case.

    Raises:
        UsageError: there is none; the text names the nearest.
    """
    wanted = word.lower().removeprefix("docs/").removesuffix(".md")
    by_name = {page.path.removesuffix(".md"): page for page in pages}
    by_name |= {page.name: page for page in pages}
    if wanted in by_name:
        return by_name[wanted]
    near = difflib.get_close_matches(wanted, by_name, n=1, cutoff=0)
    advice = f"the nearest is {by_name[near[0]].name}; " if near else ""
    raise UsageError(f"there is no page {quoted(word)}; {advice}list all pages with: bulkeic docs")


def matching_lines(pages: Iterable[DocPage], word: str) -> Iterator[str]:
    """The lines that contain a text, whatever the case, each as ``page:line: text``."""
    wanted = word.casefold()
    for page in pages:
        for number, line in enumerate(page.text.splitlines(), 1):
            if wanted in line.casefold():
                yield f"{page.name}:{number}: {line.strip()}"


def index_lines(pages: Iterable[DocPage]) -> Iterator[str]:
    """The list of pages: a line for each, below its section."""
    pages = list(pages)
    width = max((len(page.name) for page in pages), default=0)
    section = None
    for page in pages:
        if page.section != section:
            yield from ([] if section is None else [""])
            yield page.section
            section = page.section
        yield f"  {page.name:{width}}  {page.title}{': ' * bool(page.summary)}{page.summary}"


def _short_name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")
