"""Where the pages are: in the installed package, or in the checkout that is installed editably."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from bulkeic.core.errors import UsageError
from bulkeic.documentation.doc_page import INDEX, DocPage, listed_pages

_URL = "https://github.com/bulkeic/bulkeic/tree/main/docs"


def read_pages() -> list[DocPage]:
    """Every page.

    Raises:
        UsageError: this installation has no pages.
    """
    installed = resources.files("bulkeic") / "docs"
    checkout = Path(__file__).parents[2] / "docs"
    for folder in (installed, checkout):
        if (folder / INDEX).is_file():
            return listed_pages(_texts(folder, ""))
    raise UsageError(f"this installation has no pages; read them at {_URL}")


def _texts(folder: Traversable, prefix: str) -> dict[str, str]:
    """The Markdown files of a folder and those below it, by path."""
    found: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".md"):
            found[f"{prefix}{entry.name}"] = entry.read_text(encoding="utf-8")
    return found
