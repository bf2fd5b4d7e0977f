"""Renders a result as one self-contained HTML page: no network, no server, no other file.

The page's content security policy blocks all requests, and all scripts except the two that the page
contains. The template engine also escapes every text.
"""

import importlib.util
import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from bulkeic.bench.model.measurements import BenchResult
from bulkeic.bench.report.page_sections import result_page
from bulkeic.core.errors import UsageError, printable

if TYPE_CHECKING:
    from jinja2 import Environment

_NEEDED = ("plotly", "jinja2")


def check_charts() -> None:
    """Checks that pages can be rendered.

    Raises:
        UsageError: a package that pages need is not installed.
    """
    for name in _NEEDED:
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"charts need {name}: pip install 'bulkeic[charts]'")


def page(result: BenchResult) -> str:
    """Renders a result as HTML.

    Raises:
        UsageError: a package that pages need is not installed.
        InputError: a histogram of the result is damaged.
    """
    check_charts()
    from plotly.offline import get_plotlyjs  # noqa: PLC0415  # an extra, and slow to import

    plotly, script = _inline_script(get_plotlyjs()), _read("result_page.js")
    content = result_page(result)
    return (
        _environment()
        .from_string(_read("result_page.html"))
        .render(
            policy=_security_policy(plotly, script),
            style=_read("result_page.css"),
            page=content,
            drawings=[
                {"name": chart.name, "traces": chart.traces, "layout": chart.layout}
                for card in content.cards
                for chart in card.charts
            ],
            plotly=plotly,
            script=script,
        )
    )


def _environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  # an extra

    environment = Environment(
        autoescape=True,
        finalize=_printable,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["json.dumps_function"] = _to_json
    return environment


def _printable(value: Any) -> Any:
    """Replaces control characters and invalid Unicode in texts; leaves markup as it is."""
    return printable(value) if type(value) is str else value


def _to_json(value: Any, **_: Any) -> str:
    return msgspec.json.encode(value).decode()


def _inline_script(script: str) -> str:
    """A script as HTML reads it: normalized line ends, and no end tag of its element."""
    lines = script.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"</(?=script)", r"<\\/", lines, flags=re.IGNORECASE)


def _read(name: str) -> str:
    return files("bulkeic.bench.report").joinpath("templates", name).read_text("utf-8")


def _security_policy(*scripts: str) -> str:
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
