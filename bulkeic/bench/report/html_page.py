"""A result as one page that needs nothing else: no network, no server, no other file.

Its policy lets no request out, and no script in but those two that it is made with; all that comes
from outside is escaped besides.
"""

import importlib.util
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from importlib.resources import files
from string import Template

import msgspec

from bulkeic.bench.model.measurements import BenchResult
from bulkeic.bench.report.charts import Chart
from bulkeic.bench.report.page_sections import sections, title_of_page
from bulkeic.core.errors import UsageError
from bulkeic.output.tables import markup


def check_charts() -> None:
    """Makes sure that pages can be drawn.

    Raises:
        UsageError: plotly is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise UsageError("charts need plotly: pip install 'bulkeic[charts]'")


def page(result: BenchResult) -> str:
    """A result as HTML.

    Args:
        result: of any loads.

    Raises:
        UsageError: plotly is not installed.
        InputError: a histogram of the result is damaged.
    """
    check_charts()
    from plotly.offline import get_plotlyjs  # noqa: PLC0415  # an extra, and slow to import

    plotly, script = _inlined(get_plotlyjs()), _part("result_page.js")
    body, drawings = sections(result)
    return Template(_part("result_page.html")).substitute(
        policy=_policy(plotly, script),
        title=markup(title_of_page(result)),
        style=_part("result_page.css"),
        body=body,
        drawings=_data(drawings),
        plotly=plotly,
        script=script,
    )


def _inlined(script: str) -> str:
    """A script as HTML reads it: line ends as they become, and no end of its element."""
    lines = script.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"</(?=script)", r"<\\/", lines, flags=re.IGNORECASE)


def _part(name: str) -> str:
    return files("bulkeic.bench.report").joinpath(name).read_text("utf-8")


def _policy(*scripts: str) -> str:
    hashes = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _data(drawings: Iterable[Chart]) -> str:
    """The charts as JSON that ends no script element, and begins no comment in it."""
    data = [{"name": each.name, "traces": each.traces, "layout": each.layout} for each in drawings]
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")
