"""Shows the progress of a load on a terminal, second by second."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from bulkeic.bench.model.measurements import Second
from bulkeic.bench.model.workload import Load
from bulkeic.bench.report.sparkline import History, Span, sparkline
from bulkeic.output.formatting import figures, latency, short

_ROWS = 10
_OTHER_LINES = 9
_ROW_WIDTH, _NARROW = 58, 58
_MIN_BAR = 8
_SPARK_NAME, _SPARK_TEXT = 8, 26
_LAST_SPARK = 12
_NAME, _QUIET = Style(bold=True), Style(dim=True)
_RATE, _SLOW = Style(color="cyan"), Style(color="magenta")
_REFUSED, _FAILED = Style(color="yellow"), Style(color="red")
_LONG_S, _MINUTE_S, _HOUR_S = 100, 60, 3600
_HEIGHTS: dict[str, Callable[[Span], float]] = {
    "rate": lambda span: span.rate,
    "p99": lambda span: span.worst_s,
    "refused": lambda span: span.refused / span.seconds,
}


class LiveView(Protocol):
    """Shows the progress of a load."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Starts to show a load.

        Args:
            load: the load.
            total_s: seconds that will be measured; ``None``: unknown.
        """

    def second(self, second: Second) -> None:
        """Shows a second that is over."""

    def stop(self) -> None:
        """Ends the view of the load."""


class NoLiveView:
    """Shows nothing."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Does nothing."""

    def second(self, second: Second) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


class TerminalLiveView:
    """Shows the last seconds as rows and the whole load as sparklines.

    ``second`` draws it, without a thread. One line remains at the end.

    Args:
        console: where to draw; ``None``: stderr.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live: Live | None = None

    def start(self, load: Load, total_s: float | None) -> None:
        """Starts to show a load."""
        self.stop()
        self._view = _View(load, total_s)
        self._live = Live(
            self._view,
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start(refresh=True)

    def second(self, second: Second) -> None:
        """Shows one more second."""
        if self._live is not None:
            self._view.add(second)
            self._live.refresh()

    def stop(self) -> None:
        """Replaces the view by one line."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
            self._console.print(self._view.last_line(self._console.options))


class _View:
    """The progress of one load.

    It writes segments, because rich's own tables take twenty times as long, and drawing delays the
    requests that are measured.
    """

    def __init__(self, load: Load, total_s: float | None) -> None:
        self._load = load
        self._total_s = total_s
        self._last: deque[Second] = deque(maxlen=_ROWS)
        self._history = History()
        self._failed = 0

    def add(self, second: Second) -> None:
        self._last.append(second)
        self._failed += second.failed
        self._history.add(Span(1, second.done, second.p99_s or 0.0, second.refused))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._progress(options)
        yield Segment.line()
        if not self._last:
            yield Segment(self._waiting_text(), _QUIET)
            yield Segment.line()
            return
        yield from self._rows(options, max(1, min(_ROWS, console.height - _OTHER_LINES)))
        yield Segment.line()
        yield from self._sparklines(options)

    def last_line(self, options: ConsoleOptions) -> Text:
        total = self._history.total
        text = (
            f"{self._load}: {_time(total.seconds)}, {figures(total.rate)}/s, "
            f"worst p99 of a second {latency(total.worst_s or None)}"
            f"{_trouble(total.refused, self._failed)}"
        )
        line = Text(text)
        if options.max_width >= len(text) + _LAST_SPARK + 1:
            spans = self._history.spans(_LAST_SPARK)
            line.append(f" {_sparkline(spans, 'rate', options)}", style=_RATE)
        return line

    def _waiting_text(self) -> str:
        warmup_s = self._load.warmup_s
        return f"warming up for {warmup_s:g} s" if warmup_s else "waiting for the first second"

    def _progress(self, options: ConsoleOptions) -> Iterator[Segment]:
        """The load, a progress bar if its duration is known and it fits, and the time."""
        elapsed_s = self._history.total.seconds
        time = _time(elapsed_s)
        if self._total_s is not None:
            time = f"{time} of {_time(self._total_s)}"
        space = options.max_width - len(time) - 1
        name = str(self._load)[: max(0, space)]
        yield Segment(name, _NAME)
        space -= len(name) + 1
        if self._total_s is None or space < _MIN_BAR:
            yield Segment(" " * (options.max_width - len(name) - len(time)))
        else:
            share = min(1.0, elapsed_s / self._total_s) if self._total_s else 1.0
            done = round(space * share)
            character = "=" if options.ascii_only else "━"
            yield Segment(f" {character * done}", _RATE)
            yield Segment(f"{'-' if options.ascii_only else '─'}" * (space - done), _QUIET)
            yield Segment(" ")
        yield Segment(time)

    def _rows(self, options: ConsoleOptions, count: int) -> Iterator[Segment]:
        narrow = options.max_width < _NARROW
        bar = max(0, options.max_width - _ROW_WIDTH)
        bar = bar if bar >= _MIN_BAR else 0
        max_head = "" if narrow else f"{'max':>9}"
        failed_head = "" if narrow else f"{'failed':>8}"
        head = f"{'p50':>9}{'p99':>9}{max_head}{'refused':>9}{failed_head}"
        yield Segment(f"second{'per s':>8}{' ' * bar}{head}", _QUIET)
        yield Segment.line()
        highest = max(1, self._history.highest)
        for each in list(self._last)[-count:]:
            yield Segment(f"{each.second:>6}", _QUIET)
            yield Segment(f"{short(each.done):>8}")
            if bar:
                drawn = _bar((bar - 1) * each.done / highest, options)
                yield Segment(f" {drawn:<{bar - 1}}", _RATE)
            times = (each.p50_s, each.p99_s, *(() if narrow else (each.max_s,)))
            yield Segment("".join(f"{latency(time):>9}" for time in times))
            yield Segment(f"{short(each.refused):>9}", _REFUSED if each.refused else _QUIET)
            if not narrow:
                yield Segment(f"{short(each.failed):>8}", _FAILED if each.failed else _QUIET)
            yield Segment.line()

    def _sparklines(self, options: ConsoleOptions) -> Iterator[Segment]:
        total = self._history.total
        width = max(1, options.max_width - _SPARK_NAME - _SPARK_TEXT)
        spans = self._history.spans(width)
        drawn = (
            ("rate", _RATE, f"{figures(total.rate)}/s, most {self._history.highest:,}"),
            ("p99", _SLOW, f"worst {latency(total.worst_s or None)}"),
            ("refused", _REFUSED, f"{total.refused:,} in all"),
        )
        for name, style, text in drawn:
            yield Segment(f"{name:<{_SPARK_NAME}}")
            yield Segment(f"{_sparkline(spans, name, options):<{width}}", style)
            yield Segment(f"  {text}", _QUIET)
            yield Segment.line()


def _sparkline(spans: list[Span], name: str, options: ConsoleOptions) -> str:
    return sparkline(spans, _HEIGHTS[name], ascii_only=options.ascii_only)


def _bar(length: float, options: ConsoleOptions) -> str:
    """A bar, precise to an eighth of a character."""
    whole = int(length)
    if options.ascii_only:
        return "#" * whole
    return "█" * whole + " ▏▎▍▌▋▊▉"[int((length - whole) * 8)].strip()


def _time(seconds: float) -> str:
    whole = round(seconds)
    if whole < _LONG_S:
        return f"{whole} s"
    hours, rest = divmod(whole, _HOUR_S)
    minutes, rest = divmod(rest, _MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _trouble(refused: int, failed: int) -> str:
    counts = ((refused, "refused"), (failed, "failed"))
    return "".join(f", {count:,} {word}" for count, word in counts if count)
