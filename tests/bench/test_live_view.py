"""The live view on terminals of several widths, over minutes and over days."""

import io
import random
import re
import time
from collections.abc import Callable

import pytest
from rich.console import Console

from bulkeic.bench.model.measurements import Second
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.live_view import LiveView, NoLiveView, TerminalLiveView
from bulkeic.bench.report.sparkline import History, Span, sparkline

from .random_results import LIMIT_LOAD, open_load, random_second

CONTROL = re.compile(r"\x1b\[[?0-9]*[a-zA-Z]")


class Terminal(io.StringIO):
    """A terminal with an encoding."""

    encoding = "utf-8"

    def clear(self) -> None:
        self.seek(0)
        self.truncate()


class Ascii(Terminal):
    encoding = "ascii"


class Screen:
    """A view on a terminal, and the lines that it drew last."""

    def __init__(self, width: int, height: int = 30, out: Terminal | None = None) -> None:
        self.out = out or Terminal()
        self.console = Console(
            file=self.out, force_terminal=True, width=width, height=height,
            color_system=None, _environ={"TERM": "xterm"},
        )  # fmt: skip
        self.view = TerminalLiveView(self.console)

    def start(self, load: Load | None = None, total_s: float | None = 30) -> list[str]:
        return self.shown(lambda: self.view.start(load or open_load(15), total_s))

    def second(self, second: Second) -> list[str]:
        return self.shown(lambda: self.view.second(second))

    def stop(self) -> list[str]:
        return self.shown(self.view.stop)

    def shown(self, act: Callable[[], None]) -> list[str]:
        self.out.clear()
        act()
        text = CONTROL.sub("", self.out.getvalue().rsplit("\x1b[2K", 1)[-1])
        return [line.rstrip() for line in text.replace("\r", "").splitlines()]


def seconds(count: int, slow: float = 1.0) -> list[Second]:
    rng = random.Random(count)
    return [random_second(rng, number, 45, slow) for number in range(count)]


def known(number: int, done: int) -> Second:
    return Second(
        second=number, done=done, calls=done + 3, refused=3, failed=1, p50_s=0.02, p99_s=0.0415,
        max_s=1.5,
    )  # fmt: skip


def test_no_view_shows_nothing() -> None:
    view: LiveView = NoLiveView()
    view.start(open_load(1), 3)
    view.second(known(0, 1))
    view.stop()


def test_the_warm_up_is_shown_before_the_first_second() -> None:
    head, below = Screen(60).start()
    assert head.startswith("open, 15/s in each lane ")
    assert head.endswith(" 0 s of 30 s")
    assert below.startswith("warming up for 1 s")


@pytest.mark.parametrize(("width", "bars"), [(60, False), (120, True)])
def test_a_second_is_a_row(width: int, *, bars: bool) -> None:
    screen = Screen(width)
    screen.start()
    screen.second(known(0, 20))
    head, names, first, second, blank, *sparks = screen.second(known(1, 10))
    assert head.endswith(" 2 s of 30 s")
    assert names.split() == ["second", "per", "s", "p50", "p99", "max", "refused", "failed"]
    times = ["20.0", "ms", "41.5", "ms", "1.50", "s", "3", "1"]
    assert [word for word in first.split() if word[0] not in "█▌"] == ["0", "20", *times]
    assert [word for word in second.split() if word[0] not in "█▌"] == ["1", "10", *times]
    assert abs(first.count("█") - 2 * second.count("█")) <= 1
    assert (first.count("█") > 20) == bars
    assert blank == ""
    assert [" ".join(line.split()) for line in sparks] == [
        "rate █▅ 15.0/s, most 20",
        "p99 ██ worst 41.5 ms",
        "refused ██ 6 in all",
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 75, 76, 120, 300])
@pytest.mark.parametrize("height", [4, 12, 30])
def test_it_never_draws_beyond_the_terminal(width: int, height: int) -> None:
    screen = Screen(width, height)
    screen.start()
    for each in seconds(40, slow=2):
        shown = screen.second(each)
        assert max(map(len, shown)) <= width
        assert len(shown) <= height


def test_a_terminal_may_change_its_size() -> None:
    screen = Screen(120)
    screen.start()
    for width, each in zip((120, 60, 30, 200), seconds(4), strict=True):
        screen.console.width = width
        shown = screen.second(each)
        assert max(map(len, shown)) <= width


def test_only_the_last_seconds_are_rows_and_all_are_in_the_sparklines() -> None:
    screen = Screen(120)
    screen.start(LIMIT_LOAD, None)
    *before, last = seconds(400)
    for each in before:
        screen.view.second(each)
    shown = screen.second(last)
    assert shown[0].startswith("find the limit")
    assert shown[0].endswith(" 6:40")
    assert [line.split()[0] for line in shown[2:12]] == [str(at) for at in range(390, 400)]
    assert len(shown[13].split("  ")[2]) in range(76, 87)


def test_drawing_is_fast() -> None:
    screen = Screen(120)
    screen.start()
    drawn = seconds(200)
    begun = time.process_time()
    for each in drawn:
        screen.view.second(each)
    assert (time.process_time() - begun) / len(drawn) < 0.01


def test_one_line_remains_at_the_end() -> None:
    screen = Screen(120)
    screen.start()
    screen.second(known(0, 20))
    screen.second(known(1, 10))
    (line,) = screen.stop()
    assert line == (
        "open, 15/s in each lane: 2 s, 15.0/s, worst p99 of a second 41.5 ms, 6 refused, 2 failed"
        " █▅"
    )
    assert screen.stop() == []
    assert screen.second(known(2, 5)) == []


def test_the_next_load_starts_a_new_view() -> None:
    screen = Screen(120)
    screen.start()
    screen.second(known(0, 20))
    line, head, _ = screen.start()
    assert line.startswith("open, 15/s in each lane: 1 s, 20.0/s")
    assert head.endswith(" 0 s of 30 s")
    assert len(screen.second(known(0, 1))) == 7


def test_a_terminal_without_unicode_gets_ascii() -> None:
    screen = Screen(100, out=Ascii())
    screen.start()
    shown = [line for each in seconds(20, slow=2) for line in screen.second(each)]
    assert "#" in shown[-3]
    assert all(line.isascii() for line in [*shown, *screen.stop()])


def test_columns_are_always_separated() -> None:
    screen = Screen(80)
    screen.start()
    crowded = Second(
        second=99_999, done=12_345_678, calls=24_691_356, refused=12_345_678, failed=123_456,
        p50_s=3599.0, p99_s=3600.0, max_s=3600.0,
    )  # fmt: skip
    row = screen.second(crowded)[2]
    words = ["99999", "12.3M", "3,599", "s", "3,600", "s", "3,600", "s", "12.3M", "123k"]
    assert [word for word in row.split() if word[0] not in "█▌"] == words


def test_the_view_is_drawn_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    view = TerminalLiveView()
    view.start(open_load(15), 30)
    view.second(known(0, 20))
    view.stop()
    out, err = capsys.readouterr()
    assert out == ""
    assert "open, 15/s in each lane: 1 s, 20.0/s" in err


@pytest.mark.parametrize("count", [0, 1, 7, 255, 256, 257, 20_000])
def test_a_history_keeps_all_counts_in_bounded_memory(count: int) -> None:
    history = History()
    for number in range(count):
        history.add(Span(1, number, number / 1000, number % 2))
    for most in (1, 10, 200, 10_000):
        spans = history.spans(most)
        assert len(spans) <= most
        assert sum(spans, start=Span()) == history.total
    assert history.total.seconds == count
    assert history.highest == max(0, count - 1)
    assert len(history.spans(count + 1)) <= 256


def test_sparkline() -> None:
    spans = [Span(1, done) for done in (0, 1, 4, 8)]
    assert sparkline(spans, lambda span: span.done, ascii_only=False) == " ▂▅█"
    assert sparkline(spans, lambda span: span.done, ascii_only=True) == " .+#"
    assert sparkline(spans, lambda span: span.refused, ascii_only=False) == "    "
    assert sparkline([], lambda span: span.done, ascii_only=False) == ""
