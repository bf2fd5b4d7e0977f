"""Checks the built website: every link and anchor resolves, and no page loads from another host.

``python website/site_check.py FOLDER`` prints the problems and exits with 1 if there are any.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser loads by itself, as tag → attribute. Other links wait for a click.
_LOADED = {"img": "src", "link": "href", "script": "src", "source": "src", "iframe": "src"}
_STYLE_URL = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


class PageLinks(HTMLParser):
    """The links and anchors of a page.

    Attributes:
        clicked: targets of links.
        loaded: URLs that the browser requests with the page.
        anchors: ids of elements.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clicked: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors = {"", "top"}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collects what a tag names."""
        values = {name: value or "" for name, value in attrs}
        self.anchors.add(values.get("id", ""))
        if tag == "a" and "href" in values:
            self.clicked.add(values["href"])
        if tag in _LOADED and _LOADED[tag] in values:
            self.loaded.add(values[_LOADED[tag]])


@cache
def read(page: Path) -> PageLinks:
    """The links of an HTML file."""
    links = PageLinks()
    links.feed(page.read_text(encoding="utf-8"))
    return links


def problems(site: Path) -> Iterator[str]:
    """The problems of a built site, each as ``path: link: text``."""
    for page in sorted(site.rglob("*.html")):
        links = read(page)
        for link in sorted(links.clicked | links.loaded):
            text = _problem(page, link, is_loaded=link in links.loaded)
            if text is not None:
                yield f"{page.relative_to(site)}: {link}: {text}"
    for style in sorted([*site.rglob("*.css"), *site.rglob("*.svg")]):
        for url in _STYLE_URL.findall(style.read_text(encoding="utf-8")):
            yield f"{style.relative_to(site)}: {url}: loaded from another host"


def _problem(page: Path, link: str, *, is_loaded: bool) -> str | None:
    parts = urlsplit(link)
    if parts.scheme == "data" or (parts.scheme and not is_loaded):
        return None
    if parts.scheme or parts.netloc:
        return "loaded from another host"
    target = page.parent / unquote(parts.path) if parts.path else page
    if not target.is_file():
        return "no such file"
    if target.suffix == ".html" and unquote(parts.fragment) not in read(target).anchors:
        return "no such anchor"
    return None


def main() -> int:
    """Prints the problems of the site in the given folder: the exit code."""
    found = list(problems(Path(sys.argv[1])))
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
