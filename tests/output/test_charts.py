"""A benchmark's page: what it says, and what it never does."""

import importlib.util
import json
import re
from html.parser import HTMLParser

import msgspec
import pytest

from bulkeic.core.errors import UsageError
from bulkeic.output.charts import check_charts, page
from bulkeic.output.figures import SHOWN_LANES, quantiles

from .benched import LANE, lane, limit_of, measures, result, spread

EVIL = "</script><script>document.title=1</script><img src=x onerror='document.title=1'>"


class Reader(HTMLParser):
    """The page as a browser takes it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        into = self.scripts if self.tags and self.lasttag in {"script", "style"} else self.words
        into.append(data)


def figures(text: str) -> dict[str, dict[str, list[dict[str, list[object]]]]]:
    found = re.search(r'id="figures">(.*?)</script>', text)
    assert found
    return json.loads(found[1])  # type: ignore[no-any-return]


def test_it_shows_the_facts_and_the_figures() -> None:
    load = measures(5)
    text = page(result(load, flags=("bench", "--rate", "5"), forecast=True))
    words = " ".join(Reader(text).words)
    for expected in (
        "https://lambda.example.test", "python 3.11.9", "cpus: 8", "bulkeic bench --rate 5",
        "#1 open, 5/s in each lane", "12,345", "15.0", "TooManyRequestsException 49",
        "fleet.csv would take about 90 min", "no: the documented quota", "Lanes as a table",
    ):  # fmt: skip
        assert expected in words
    assert set(figures(text)) == {"latency", "rate", "times", "through", "refused"}


def test_what_a_result_says_is_never_markup() -> None:
    load = msgspec.structs.replace(
        measures(5, lanes=[lane(EVIL, 1, limit=limit_of(5.0))]), errors={EVIL: 1}, stopped=EVIL
    )
    tame = Reader(page(result(measures(5, lanes=[lane("a/b", 1, limit=limit_of(5.0))]))))
    text = page(msgspec.structs.replace(result(load, flags=(EVIL, "\udcff\n")), endpoint=EVIL))
    reader = Reader(text)
    assert reader.tags.count("script") == 3
    assert set(reader.tags) == set(tame.tags)
    assert "img" not in reader.tags
    assert "\\udcff\\n" in " ".join(reader.words)
    text.encode()
    named = figures(text)["limits"]["data"][0]["y"][0]
    assert isinstance(named, str)
    assert named.startswith("&lt;/script&gt;&lt;script&gt;")


def test_nothing_comes_from_elsewhere() -> None:
    reader = Reader(page(result(measures(5), flags=("--endpoint-url", "http://x.test"))))
    names = {name for name, _ in reader.attributes}
    assert names.isdisjoint({"src", "href", "srcset", "action", "data", "poster", "background"})
    assert not [value for _, value in reader.attributes if "http:" in value or "https:" in value]
    policy = next(value for _, value in reader.attributes if value.startswith("default-src 'none'"))
    assert policy.count("sha256-") == 2
    assert "connect-src" not in policy


def test_lanes_beyond_the_busiest_are_counted() -> None:
    many = [lane(LANE.format(n), n, limit=limit_of(5.0 + n)) for n in range(SHOWN_LANES + 7)]
    text = page(result(measures(5, lanes=many)))
    assert "7 lanes not shown" in text
    rate, burst = figures(text)["limits"]["data"]
    assert len(rate["y"]) == len(burst["y"]) == SHOWN_LANES
    assert rate["y"][0] == LANE.format(SHOWN_LANES + 6)


def test_a_long_timeline_is_drawn_in_few_points() -> None:
    (rate, refused) = figures(page(result(measures(20, length=5000))))["rate"]["data"]
    assert len(rate["x"]) < 2100
    assert rate["y"][0] == pytest.approx(61)
    assert len(refused["y"]) == len(rate["y"])


def test_nothing_measured_is_a_page_too() -> None:
    empty = msgspec.structs.replace(
        measures(5, lanes=[], length=0), latency=spread([]), errors={}, done=0
    )
    assert figures(page(result(empty))) == {}
    assert figures(page(result())) == {}


def test_quantiles_begin_at_nought_and_end_at_the_maximum() -> None:
    points = quantiles(spread([1000] * 90 + [2000] * 9 + [50_000]))
    assert [x for x, _ in points] == pytest.approx([1, 10, 100, 100])
    assert [y for _, y in points] == pytest.approx([1, 2, 50, 50], rel=0.001)
    assert quantiles(spread([])) == []


def test_without_plotly_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_charts()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"charts need plotly: pip install 'bulkeic\[charts\]'"):
        check_charts()
