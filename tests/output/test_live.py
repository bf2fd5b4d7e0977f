"""What is shown while a load is on."""

import io

import pytest
from rich.console import Console

from bulkeic.core.load import Load, Model
from bulkeic.core.measures import Second
from bulkeic.output.live import MOST_SPANS, SHOWN_SECONDS, LiveWatch, Past, sparkline
from bulkeic.output.numbers import latency

LOAD = Load(model=Model.OPEN, concurrency=1000, rate=15.0, duration_s=30.0)


def second(number: int, *, done: int = 15, refused: int = 0) -> Second:
    return Second(
        second=number, done=done, calls=done + refused, refused=refused, failed=0,
        p50_s=0.0123, p99_s=0.5, max_s=1.5,
    )  # fmt: skip


def drawn(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def console_of(width: int) -> Console:
    return Console(
        file=io.StringIO(), width=width, height=40, force_terminal=True, color_system=None
    )


@pytest.mark.parametrize("width", [60, 120])
def test_the_last_seconds_and_the_whole_load_fit(width: int) -> None:
    console = console_of(width)
    watch = LiveWatch(console)
    watch.start(LOAD, 30.0)
    for number in range(12):
        watch.second(second(number, done=123_456, refused=7))
    last = drawn(console).rpartition("open, 15/s")[2]
    watch.stop()
    lines = last.splitlines()
    assert lines[0].split() == ["in", "each", "lane", "12", "of", "30", "s"]
    assert max(map(len, lines[1:])) <= width
    rows = [line for line in lines if line.endswith(("     0 ", "     0"))]
    assert len(rows) == SHOWN_SECONDS
    assert rows[0].split()[0] == "2"
    assert {"12.3", "500", "1.50", "7", "123k"} <= set(rows[-1].split())
    assert "█" * 3 in rows[-1]
    assert [line.split()[0] for line in lines[-3:]] == ["requests/s", "p99", "refused/s"]


def test_before_the_first_second_it_says_so() -> None:
    console = console_of(60)
    watch = LiveWatch(console)
    watch.second(second(0))
    watch.start(LOAD, None)
    watch.stop()
    watch.stop()
    assert "open, 15/s in each lane  0 s" in drawn(console)
    assert "nothing measured yet" in drawn(console)


def test_a_long_load_is_kept_in_few_spans() -> None:
    past = Past()
    for number in range(5000):
        past.add(second(number, done=2, refused=number % 2))
    spans = past.spans(MOST_SPANS)
    assert MOST_SPANS / 4 < len(spans) <= MOST_SPANS
    assert sum(span.seconds for span in spans) == 5000
    assert sum(span.done for span in spans) == 10_000
    assert sum(span.refused for span in spans) == 2500
    assert len(past.spans(30)) <= 30
    assert Past().spans(30) == []


def test_only_nothing_gets_the_lowest_block() -> None:
    assert sparkline([0, 0.01, 50, 100]) == "▁▂▅█"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 ms"), (0.00042, "0.42 ms"), (0.0123, "12.3 ms"), (0.09996, "100 ms"),
        (0.9994, "999 ms"), (0.9996, "1.00 s"), (1.5, "1.50 s"), (59.96, "60.0 s"),
        (3600, "3,600 s"),
    ],
)  # fmt: skip
def test_latencies_have_three_digits(seconds: float, text: str) -> None:
    assert latency(seconds) == text
