"""Renders a result as one self-contained HTML page."""

import importlib.util

from bulkeic.bench.model.measurements import BenchResult
from bulkeic.bench.report.page_sections import result_page
from bulkeic.core.errors import UsageError
from bulkeic.output.page.page_template import (
    inline_script,
    page_asset,
    page_environment,
    security_policy,
    shared_asset,
)

_PACKAGE = "bulkeic.bench.report"


def check_charts() -> None:
    """Checks that pages can be rendered.

    Raises:
        UsageError: a package that pages need is not installed.
    """
    if importlib.util.find_spec("plotly") is None:
        raise UsageError("charts need plotly: pip install 'bulkeic[charts]'")


def page(result: BenchResult) -> str:
    """Renders a result as HTML.

    Raises:
        UsageError: a package that pages need is not installed.
        InputError: a histogram of the result is damaged.
    """
    check_charts()
    from plotly.offline import get_plotlyjs  # noqa: PLC0415  # an extra, and slow to import

    plotly = inline_script(get_plotlyjs())
    script = inline_script(page_asset("result_page.js", _PACKAGE))
    content = result_page(result)
    return (
        page_environment(_PACKAGE)
        .get_template("result_page.html")
        .render(
            policy=security_policy(plotly, script),
            style="".join(
                (
                    shared_asset("base.css"),
                    page_asset("page.css"),
                    page_asset("result_page.css", _PACKAGE),
                )
            ),
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
