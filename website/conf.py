"""Settings of Sphinx for the website. Its pages are the Markdown files of the repository.

The source folder is the repository's, so a link that works there works on the site.
"""

import enum
import inspect
import re
import shutil
import sys
import typing
from pathlib import Path

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

ROOT = Path(__file__).parents[1]
REPOSITORY = "https://github.com/bulkeic/bulkeic"
sys.path.insert(0, str(ROOT))

import bulkeic  # noqa: E402  (found by the line above)

project = "bulkeic"
version = release = bulkeic.__version__
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "docs/**.rst"]
exclude_patterns = [".*", "benchmarks", "bulkeic", "dist", "examples", "site", "tests", "website"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Markdown as GitHub reads it, with GitHub's anchors.
myst_disable_syntax = ["myst_block_break", "myst_line_comment", "myst_role", "myst_target"]
myst_heading_anchors = 6

autodoc_default_options = {"members": True, "exclude-members": "__new__"}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 80
add_module_names = False

language = "en"
html_title = f"bulkeic {version}"
html_theme = "furo"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}

_LINK = re.compile(r"^- \[([^\]]+)\]\(([^)#]+)\.(?:md|rst)\)")


def navigation() -> dict[str, list[tuple[str, str]]]:
    """The sections of ``docs/README.md``, each with the titles and names of its pages."""
    sections: dict[str, list[tuple[str, str]]] = {}
    pages: list[tuple[str, str]] = []
    for line in (ROOT / "docs/README.md").read_text(encoding="utf-8").splitlines():
        link = _LINK.match(line)
        if line.startswith("## "):
            pages = sections.setdefault(line[3:], [])
        elif link is not None:
            pages.append((link[1], f"docs/{link[2]}"))
    return sections | {
        "Project": [
            ("Changelog", "CHANGELOG"),
            ("Contributing", "CONTRIBUTING"),
            ("Security", "SECURITY"),
        ]
    }


def add_navigation(app: Sphinx, doctree: nodes.document) -> None:
    """Gives the first page the table of contents, which the sidebar of every page shows."""
    if app.env.docname != root_doc:
        return
    doctree[0] += _contents(None, [("Documentation", "docs/README")])
    for caption, pages in navigation().items():
        doctree[0] += _contents(caption, pages)


def _contents(caption: str | None, pages: list[tuple[str, str]]) -> addnodes.toctree:
    return addnodes.toctree(
        parent=root_doc,
        entries=pages,
        includefiles=[name for _, name in pages],
        rawentries=[title for title, _ in pages],
        caption=caption,
        rawcaption=caption,
        maxdepth=1,
        titlesonly=True,
        hidden=True,
        includehidden=False,
        glob=False,
        numbered=0,
    )


def link_folders(app: Sphinx, doctree: nodes.document) -> None:
    """Sends links to folders of the repository to where they can be looked at."""
    here = (ROOT / app.env.docname).parent
    for link in list(doctree.findall(addnodes.pending_xref)):
        folder = (here / link["reftarget"]).resolve()
        if link["reftype"] == "myst" and folder.is_dir() and folder.is_relative_to(ROOT):
            url = f"{REPOSITORY}/tree/main/{folder.relative_to(ROOT)}"
            link.replace_self(nodes.reference("", "", *link.children, refuri=url))


def add_names(_app: Sphinx, page: str, text: list[str]) -> None:
    """Adds every public name of the library to the page of its API, errors last."""
    if page != "docs/reference/api":
        return
    names = {name: getattr(bulkeic, name) for name in bulkeic.__all__}
    errors = {name for name, value in names.items() if _is_error(value)}
    for title, group in (("Names", names.keys() - errors), ("Errors", errors)):
        text[0] += f"\n{title}\n{'-' * len(title)}\n"
        for name in sorted(group, key=str.lower):
            text[0] += f"\n.. {_directive(names[name])}:: bulkeic.{name}\n"
            text[0] += "   :show-inheritance:\n" if name in errors else ""


def add_fields(
    _app: Sphinx, _kind: str, _name: str, value: object, _options: object, lines: list[str]
) -> None:
    """Lists what a docstring leaves out: values of an enumeration, a struct's fields, keywords."""
    if isinstance(value, enum.EnumType):
        members: list[enum.Enum] = list(value)
        lines += ["", "Values: " + ", ".join(f"``{member.value}``" for member in members) + "."]
    elif hasattr(value, "__struct_fields__"):
        text = "\n".join(lines)
        for name, hint in typing.get_type_hints(value).items():
            if f":ivar {name}:" not in text:
                lines += ["", f":ivar {name}:", f":vartype {name}: {_type_text(hint)}"]
    elif inspect.isfunction(value):
        for hint in typing.get_type_hints(value).values():
            if typing.get_origin(hint) is typing.Unpack:
                for name, each in typing.get_type_hints(typing.get_args(hint)[0]).items():
                    lines += ["", f":param {name}:", f":type {name}: {_type_text(each)}"]


def _type_text(hint: object) -> str:
    return str(stringify_annotation(hint, "smart"))


def keep_colons(
    _app: Sphinx, kind: str, _name: str, value: object, _options: object, lines: list[str]
) -> None:
    """Restores the text of a property: napoleon reads what is before a colon as its type."""
    if kind == "property":
        lines[:] = (inspect.getdoc(value) or "").splitlines()


def _is_error(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseException)


def _directive(value: object) -> str:
    if inspect.isclass(value):
        return "autoclass"
    return "autofunction" if callable(value) else "autodata"


def add_index(app: Sphinx, error: Exception | None) -> None:
    """Lets a server and a reader find the first page by its usual name."""
    if error is None:
        shutil.copyfile(app.outdir / f"{root_doc}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Connects the above with Sphinx. The table of contents must be there before it is read."""
    app.add_lexer("csv", TextLexer)
    app.connect("doctree-read", add_navigation, priority=100)
    app.connect("doctree-read", link_folders)
    app.connect("source-read", add_names)
    app.connect("autodoc-process-docstring", keep_colons, priority=900)
    app.connect("autodoc-process-docstring", add_fields, priority=900)
    app.connect("build-finished", add_index)
