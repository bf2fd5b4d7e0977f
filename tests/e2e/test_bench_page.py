"""A benchmark's page, in a real browser."""

from pathlib import Path

from bulkeic.output.charts import page
from tests.output.benched import LANE, lane, limit_of, measures, result

from .browser import Browser

EVIL = "</script><script>document.title=1</script><img src=x onerror='document.title=1'>"
DRAWN = "document.querySelectorAll('.chart .main-svg').length >= 6"
WIDTH = "document.documentElement.scrollWidth"


SIZES = ((1280, "light"), (400, "dark"))


def size(browser: Browser, width: int, scheme: str) -> None:
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.ask("Emulation.setEmulatedMedia", features=[feature])


def test_it_draws_everything_by_itself(tmp_path: Path) -> None:
    names = [EVIL, *(LANE.format(number) for number in range(4))]
    lanes = [lane(name, n, limit=limit_of(5.0 + n)) for n, name in enumerate(names)]
    loads = [measures(rate, lanes=lanes) for rate in (5, 15)]
    file = tmp_path / "page.html"
    file.write_text(page(result(*loads, flags=(EVIL,), forecast=True)), encoding="utf-8")
    with Browser(tmp_path / "profile") as browser:
        browser.open(file.as_uri())
        inks = set()
        for width, scheme in SIZES:
            size(browser, width, scheme)
            browser.until(DRAWN)
            browser.until(f"document.querySelector('.main-svg').clientWidth < {width}")
            assert browser.evaluate(WIDTH) <= width
            inks.add(browser.evaluate("document.querySelector('.xtitle').style.fill"))
        assert len(inks) == len(SIZES)
        assert browser.evaluate("document.querySelectorAll('.chart:not(:has(svg))').length") == 0
        assert browser.evaluate("document.title") == "bulkeic bench"
        assert browser.evaluate("document.querySelectorAll('img, a').length") == 0
        headings = browser.evaluate("[...document.querySelectorAll('h2')].map(h => h.innerText)")
        assert headings == [
            "What was measured", "Loads", "Latency", "Timeline", "Lanes", "Forecast",
        ]  # fmt: skip
        assert EVIL in browser.evaluate("document.querySelector('dl').innerText")
        browser.ask("Runtime.evaluate", expression="0")
        assert browser.complaints == []
        assert {url for url in browser.requests if not url.startswith("data:")} == {file.as_uri()}
