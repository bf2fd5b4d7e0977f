"""Templates of self-contained HTML pages: no network, no server, no other file.

The template engine escapes every text. The content security policy of a page blocks all requests,
and all scripts except those that the page contains.
"""

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from bulkeic.core.errors import printable

if TYPE_CHECKING:
    from jinja2 import Environment

PAGE_ASSETS = "bulkeic.page_assets"
"""Files that the pages of a run, of a benchmark and of the sandbox share; it has no code."""
SHARED = "bulkeic.output.page"
"""The package whose templates every page can use."""


def page_environment(*packages: str) -> "Environment":
    """The template engine of pages.

    Args:
        packages: those with the page's own templates, each in a folder ``templates``.
    """
    # Slow to import, and few commands make a page.
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        autoescape=True,
        finalize=_printable,
        keep_trailing_newline=True,
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, SHARED)]),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["json.dumps_function"] = _to_json
    return environment


def page_asset(name: str, package: str = SHARED) -> str:
    """A style or a script of a page.

    Args:
        name: of the file.
        package: that has it in its folder ``templates``.
    """
    return files(package).joinpath("templates", name).read_text("utf-8")


def shared_asset(name: str) -> str:
    """A style or a script that the page of the sandbox has, too.

    Args:
        name: of the file.
    """
    return files(PAGE_ASSETS).joinpath(name).read_text("utf-8")


def inline_script(script: str) -> str:
    """A script as HTML reads it: normalized line ends, and no end tag of its element."""
    lines = script.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"</(?=script)", r"<\\/", lines, flags=re.IGNORECASE)


def security_policy(*scripts: str, style: str | None = None) -> str:
    """The content security policy of a page.

    Args:
        scripts: of the page.
        style: the only style of the page; ``None``: scripts set styles, too.
    """
    hashes = " ".join(map(_hash, scripts))
    styles = "'unsafe-inline'" if style is None else _hash(style)
    return (
        f"default-src 'none'; script-src {hashes}; style-src {styles}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _printable(value: Any) -> Any:
    """Replaces control characters and invalid Unicode in texts; leaves markup as it is."""
    return printable(value) if type(value) is str else value


def _to_json(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value).decode()


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
