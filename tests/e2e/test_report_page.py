"""The page of a run, written by the installed command and opened in a real browser."""

import shlex
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bulkeic.core.change.snapshot import FieldChange
from bulkeic.core.model import Lane
from bulkeic.core.report.target_entry import TargetChange, TargetEntry
from bulkeic.core.report.timeline import Timeline, TimelineStep
from bulkeic.core.targets.selection import JobState
from bulkeic.output.page.run_page import run_page_pieces
from bulkeic.output.page.target_table import TargetTable
from tests.core.example_run_reports import run_report

from .browser import Browser
from .conftest import ACCOUNT, Bulkeic, Server
from .forks import Forks

READY = "document.documentElement?.dataset.ready === 'yes'"
ROWS = "[...document.querySelectorAll('#targets tbody tr')].map(row => row.innerText)"
COUNT = "document.querySelector('#count').textContent"
CODES = "[...document.querySelectorAll('.commands code')].map(code => code.textContent)"
NAME = "<img src=x onerror=document.title=1>"
MALICIOUS = f"</script><script>document.title=1</script>{NAME}<svg/onload=document.title=1>"
CHECKED = {(400, "light"), (800, "light"), (1280, "light"), (1280, "dark")}
"""A width for each layout that the style has, and its other colors once: they know no width."""
AXE = """axe.run({resultTypes: ['violations']}).then(({violations}) =>
  violations.map(({id, nodes}) => [id, nodes.map(node => [node.html, node.failureSummary])]))"""


def set_value(name: str, value: str) -> str:
    return (
        f"(() => {{ const it = document.querySelector('#{name}'); it.value = {value!r};"
        " it.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def emulate(browser: Browser, width: int, scheme: str) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.ask("Emulation.setEmulatedMedia", features=[feature])
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip


def open_page(browser: Browser, file: Path) -> None:
    browser.open(file.as_uri())
    browser.until(READY)


def assert_clean(browser: Browser, file: Path) -> None:
    browser.ask("Runtime.evaluate", expression="0")
    assert browser.complaints == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {file.as_uri()}


LANE, OTHER = Lane(ACCOUNT, "us-east-1"), Lane("111111111111", "eu-west-1")


@pytest.fixture(scope="module")
def page(
    tmp_path_factory: pytest.TempPathFactory, forks: Forks | None, lasting_server: Server
) -> Path:
    """The page of a run with two lanes, two waves and a gate; one lane refuses all calls."""
    bulkeic, server = Bulkeic(tmp_path_factory.mktemp("page"), forks), lasting_server
    server.window("state", {}, "PUT")
    server.window("faults", {"lanes": {str(OTHER): {"refuse": 1}}}, "PUT")
    names = [f"arn:aws:lambda:{LANE.region}:{LANE.account_id}:function:fn-{n}" for n in range(60)]
    names += [f"arn:aws:lambda:{OTHER.region}:{OTHER.account_id}:function:mail-{n}" for n in "ab"]
    bulkeic.write("targets.csv", "\n".join(["FunctionArn", *names]))
    applied = bulkeic(
        "apply", "targets.csv", "--endpoint-url", server.url, "--run", "run.db", "--yes",
        "--role-arn", "arn:aws:iam::{account}:role/r", "--maximum-retry-attempts", 1,
        "--rate", "unlimited", "--waves", "10,100%", "--wave-pause", "0s",
        "--gate", f"echo '{NAME}'; echo checked",
    )  # fmt: skip
    assert applied.code == 1, applied.err
    return written_page(bulkeic, "run.db")


def written_page(bulkeic: Bulkeic, run: str) -> Path:
    shown = bulkeic("report", run, "--html", f"{run}.html")
    assert shown.code == 0, shown.err
    return bulkeic.folder / f"{run}.html"


def test_targets_are_searched_filtered_and_paged(browser: Browser, page: Path) -> None:
    open_page(browser, page)
    assert browser.evaluate(COUNT) == "62 targets"
    assert len(browser.evaluate(ROWS)) == 50
    browser.evaluate("document.querySelector('#next').click()")
    assert len(browser.evaluate(ROWS)) == 12
    assert browser.evaluate("document.querySelector('#page').textContent").endswith("62 of 62")

    browser.evaluate(set_value("search", "FN-7 us-east"))
    assert browser.evaluate(COUNT) == "1 of 62 targets"
    (row,) = browser.evaluate(ROWS)
    assert row.split()[5:10] == ["MaximumRetryAttempts:", "2", "becomes", "→", "1"]
    browser.evaluate("document.querySelector('#filters').reset()")
    browser.until(f"{COUNT} === '62 targets'")

    browser.evaluate(set_value("state", "failed"))
    assert browser.evaluate(COUNT) == "2 of 62 targets"
    assert "is not authorized" in browser.evaluate(ROWS)[0]
    browser.evaluate(set_value("search", "mail-b"))
    assert browser.evaluate(COUNT) == "1 of 62 targets"
    assert_clean(browser, page)


def test_the_grid_and_the_failures_lead_to_their_targets(browser: Browser, page: Path) -> None:
    open_page(browser, page)
    cells = browser.evaluate(
        "[...document.querySelectorAll('#grid tbody tr')].map(row =>"
        " [...row.cells].map(cell => cell.innerText.split('\\n')[0].trim()))"
    )
    assert cells == [[OTHER.account_id, "✗ 2", "✗ 2", ""], [LANE.account_id, "60", "", "60"]]
    browser.evaluate(
        "document.querySelector('#grid tbody td.bad:last-of-type, #grid td.bad').click()"
    )
    assert browser.evaluate(COUNT) == "2 of 62 targets"
    browser.evaluate(f"document.querySelector('.pick[data-account=\"{LANE.account_id}\"]').click()")
    assert browser.evaluate(COUNT) == "60 of 62 targets"
    browser.evaluate("document.querySelector('.pick[data-code=AccessDeniedException]').click()")
    assert browser.evaluate(COUNT) == "2 of 62 targets"
    assert browser.evaluate("document.activeElement.id") == "targets-scroll"


def test_the_commands_are_those_of_the_text(
    browser: Browser, page: Path, forks: Forks | None
) -> None:
    open_page(browser, page)
    commands = browser.evaluate(CODES)
    text = Bulkeic(page.parent, forks)("report", "run.db").out
    assert [shlex.split(command)[1] for command in commands] == ["apply", "verify", "rollback"]
    assert all(command in text for command in commands)
    copied = browser.evaluate("(() => { document.querySelector('.copy').click(); return true; })()")
    assert copied


def test_it_is_a_page_for_everyone(browser: Browser, page: Path) -> None:
    open_page(browser, page)
    checker = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    browser.evaluate(f"{checker};0")
    browser.evaluate("document.querySelectorAll('main details').forEach(it => it.open = true)")
    for width, scheme in product((400, 800, 1280, 1600), ("light", "dark")):
        emulate(browser, width, scheme)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width
        if (width, scheme) in CHECKED:
            assert browser.evaluate(AXE) == [], (width, scheme)
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    found = {(part(node, "role"), part(node, "name")) for node in nodes if not node["ignored"]}
    assert {("rowheader", OTHER.account_id), ("table", "Targets"), ("search", "Targets")} <= found
    assert ("cell", "2 failed of 2 targets") in found
    assert_clean(browser, page)


def part(node: Any, name: str) -> Any:
    return node.get(name, {}).get("value")


def test_waves_calls_and_failures_are_on_the_timeline(browser: Browser, page: Path) -> None:
    open_page(browser, page)
    kinds = browser.evaluate(
        "[...document.querySelectorAll('.timeline rect')].map(shape => shape.getAttribute('class'))"
    )
    assert {"odd", "even", "answered", "failed", "step"} <= set(kinds)
    assert "2 targets failed." in browser.evaluate(
        "document.querySelector('.timeline').getAttribute('aria-label')"
    )


def test_a_plan_shows_what_each_target_has_and_will_have(
    browser: Browser, bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\norders,1\nmail,2\n")
    planned = bulkeic("plan", "targets.csv", "--endpoint-url", server.url, "--run", "plan.db")
    assert planned.code == 0, planned.err
    page = written_page(bulkeic, "plan.db")
    open_page(browser, page)
    first, second = browser.evaluate(ROWS)
    assert "pending" in first
    assert "MaximumRetryAttempts: 2 becomes → 1" in " ".join(first.split())
    assert "unchanged" in second
    assert "it is so already" in second


def test_what_users_write_is_never_markup(
    browser: Browser, bulkeic: Bulkeic, server: Server
) -> None:
    source = f"{NAME}.csv"
    bulkeic.write(
        source,
        f'FunctionName,MaximumRetryAttempts,OnFailure\norders,1,\n"{MALICIOUS}",1,\n'
        f'mail,1,"{MALICIOUS}"\n',
    )
    applied = bulkeic(
        "apply", source, "--endpoint-url", server.url, "--run", f"{NAME}.db", "--yes",
        "--skip-invalid", "--where", f"DestinationConfig.OnFailure.Destination != '{MALICIOUS}'",
    )  # fmt: skip
    assert applied.code == 1, applied.err
    page = written_page(bulkeic, f"{NAME}.db")
    open_page(browser, page)
    assert browser.evaluate(COUNT) == "3 targets"
    assert_harmless(browser, page)


def assert_harmless(browser: Browser, page: Path) -> None:
    assert browser.evaluate("document.title").startswith("bulkeic: ")
    assert browser.evaluate("document.scripts.length") == 2
    assert (
        browser.evaluate("document.querySelectorAll('img, iframe, object, a, svg svg').length") == 0
    )
    assert browser.evaluate("document.querySelectorAll('[onerror], [onload], [style]').length") == 0
    assert_clean(browser, page)


def test_what_a_server_answers_is_never_markup(browser: Browser, tmp_path: Path) -> None:
    change = TargetChange((FieldChange(MALICIOUS, MALICIOUS, MALICIOUS),), is_made=True)
    lane = Lane(MALICIOUS, MALICIOUS)
    entries = [
        TargetEntry(
            0, 2, MALICIOUS, MALICIOUS, lane, JobState.FAILED, change, MALICIOUS, MALICIOUS, 1, 0,
            "2026-11-26T08:00:00.000Z", 1.0, MALICIOUS,
        )
    ]  # fmt: skip
    timeline = Timeline(1, (TimelineStep(1_700_000_000, 1, 1, 0, 1),))
    report = run_report(MALICIOUS, timeline=timeline, flags={MALICIOUS: MALICIOUS})
    page = tmp_path / "page.html"
    page.write_bytes(b"".join(run_page_pieces(report, TargetTable(entries).packed(), 1)))
    open_page(browser, page)
    for name in ("account", "region", "code"):
        browser.evaluate(set_value(name, MALICIOUS))
        assert browser.evaluate(COUNT) == "1 target"
    browser.evaluate("document.querySelector('#targets details').open = true")
    assert MALICIOUS in browser.evaluate(ROWS)[0]
    assert_harmless(browser, page)


def test_a_page_does_not_replace_a_file(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\norders,1\n")
    assert bulkeic("apply", "targets.csv", "--sandbox", "--run", "run.db").code == 0
    bulkeic.write("page.html", "mine")
    for name, rule in (
        ("page.html", "exists already"),
        ("run.db", "run.db"),
        ("no/x.html", "no/x"),
    ):
        refused = bulkeic("report", "run.db", "--html", name)
        assert refused.code == 2
        assert rule in refused.err
    assert (bulkeic.folder / "page.html").read_text() == "mine"
    assert bulkeic("report", "run.db", "--html", "new.html").out == bulkeic("report", "run.db").out
