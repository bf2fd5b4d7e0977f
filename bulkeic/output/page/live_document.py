"""The live page of a run: a document, and the parts of it that change, from the same templates."""

from collections.abc import Mapping
from typing import NamedTuple

from bulkeic.core.errors import printable
from bulkeic.core.report.live_state import LiveStatus
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.page.page_template import (
    inline_script,
    page_asset,
    page_environment,
    security_policy,
    shared_asset,
)
from bulkeic.output.page.run_page import run_page
from bulkeic.output.page.timeline_drawing import CALLS_HEIGHT, FAILURES_HEIGHT
from bulkeic.version import __version__

_PARTS = (
    "header", "tiles", "next", "facts", "grid", "timeline", "waves", "sessions", "failures",
)  # fmt: skip


class LiveDocument(NamedTuple):
    """What a browser gets once.

    Attributes:
        html: the page, without the parts that change.
        policy: its content security policy: requests to its own server only.
    """

    html: bytes
    policy: str


class LivePageHeader(NamedTuple):
    """The page before there is a run."""

    title: str
    state: str
    mood: str
    reason: str
    footer: str


class LivePageParts:
    """Renders the live page."""

    def __init__(self) -> None:
        self._environment = page_environment()
        self._parts = {
            name: self._environment.get_template(f"run_parts/{name}.html") for name in _PARTS
        }

    def document(self) -> LiveDocument:
        """The page without a run."""
        style = shared_asset("base.css") + "".join(
            map(page_asset, ("page.css", "run_page.css", "live_page.css"))
        )
        scripts = map(page_asset, ("copy.js", "target_table.js", "live_page.js"))
        script = inline_script(shared_asset("page_parts.js") + "".join(scripts))
        html = self._environment.get_template("live_page.html").render(
            page=LivePageHeader("", "connecting", "mild", "", f"bulkeic {__version__}"),
            style=style,
            script=script,
        )
        policy = (
            f"{security_policy(script, style=style)}; connect-src 'self'; frame-ancestors 'none'"
        )
        return LiveDocument(html.encode("utf-8", "backslashreplace"), policy)

    def before_run(self, status: LiveStatus) -> Mapping[str, object]:
        """The parts before there is a run."""
        page = LivePageHeader("", status.text, status.mood, status.reason, "")
        return {"status": _status("", status), "header": self._parts["header"].render(page=page)}

    def of_run(self, report: RunReport, command: str, status: LiveStatus) -> Mapping[str, object]:
        """The parts of a run.

        Args:
            report: of the run as it is now.
            command: that works on it.
            status: of the command.
        """
        title = f"{command} {report.source}"
        page = run_page(report, 0, by_name=True)._replace(
            title=title, state=status.text, mood=status.mood, reason=status.reason
        )
        heights = (CALLS_HEIGHT, FAILURES_HEIGHT)
        parts = {
            name: template.render(page=page, heights=heights)
            for name, template in self._parts.items()
        }
        return {"status": _status(title, status), **parts}


def _status(title: str, status: LiveStatus) -> dict[str, object]:
    """The part that is not HTML: how far the command is."""
    return {"title": printable(title), "text": status.text, "can_stop": status.can_stop}
