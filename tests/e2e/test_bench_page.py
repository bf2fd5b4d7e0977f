"""The HTML page of a benchmark in a real browser."""

from pathlib import Path

import msgspec

from bulkeic.bench.model.measurements import BenchResult, decode, encode
from bulkeic.bench.report.html_page import page
from tests.bench.random_results import forecast, limit_measures, result, steps

from .browser import Browser

DRAWN = "document.documentElement?.dataset.drawn === '{}'"
CHARTS = """[...document.querySelectorAll('.chart')].map(chart =>
  [chart.id, chart.querySelectorAll('svg.main-svg').length > 0])"""
WIDEST = """Math.max(document.documentElement.scrollWidth,
  ...[...document.querySelectorAll('svg.main-svg')].map(svg => svg.width.baseVal.value))"""
INK = "getComputedStyle(document.querySelector('#distribution .xtick text')).fill"
MALICIOUS = "</script><script>document.title=1</script><img src=x onerror=document.title=1>"


def full() -> BenchResult:
    """A result with every chart there is, and lanes whose names are markup."""
    made = steps(repeats=2, rates=(5, 20)).measures
    lanes = [
        msgspec.structs.replace(each, lane=f"{MALICIOUS}{each.lane}") for each in made[0].lanes
    ]
    several = [limit_measures([5, 15]), *(msgspec.structs.replace(it, lanes=lanes) for it in made)]
    return result(several, forecast=forecast(), flags=["bench", MALICIOUS])


def emulate(browser: Browser, width: int, scheme: str) -> None:
    scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.ask("Emulation.setEmulatedMedia", features=[scheme_feature])
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip


def test_a_page_draws_all_charts_wide_and_narrow_light_and_dark(
    browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "bench.html"
    file.write_text(page(decode(encode(full()), "bench.json")), "utf-8")
    emulate(browser, 1280, "light")
    browser.open(file.as_uri())
    inks = {}
    for width, scheme in ((1280, "light"), (400, "dark"), (400, "light")):
        emulate(browser, width, scheme)
        browser.until(DRAWN.format(scheme))
        browser.until(f"{WIDEST} <= {width}")
        charts = browser.evaluate(CHARTS)
        assert [name for name, _ in charts] == [
            "limits-rate", "limits-burst", "distribution", "split", "timeline", "lanes-rate",
            "lanes-latency", "client-cpu", "client-memory",
        ]  # fmt: skip
        assert all(drawn for _, drawn in charts)
        inks[width, scheme] = browser.evaluate(INK)
    assert inks[1280, "light"] == inks[400, "light"] != inks[400, "dark"]
    assert browser.evaluate("document.title").startswith("bulkeic bench: Get calls to https://")
    assert browser.evaluate("document.scripts.length") == 3
    assert browser.complaints == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {file.as_uri()}
