"""A benchmark to look at while it runs; nothing anywhere else than on a terminal."""

from collections import deque
from typing import NamedTuple, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bulkeic.core.load import Load
from bulkeic.core.measures import Second
from bulkeic.output.numbers import latency

SHOWN_SECONDS = 10
MOST_SPANS = 240
_LABEL_CELLS, _PEAK_CELLS = 12, 10
# What the columns beside the bar take, the gaps between them included.
_BESIDE_BAR = 51
_LEAST_BAR, _MOST_BAR = 3, 40
_WHOLE_FROM = 100
_BLOCKS, _ASCII = "▁▂▃▄▅▆▇█", "_.-:=+*#"


class Watch(Protocol):
    """Shows how a load does."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Begins with a load that takes so many seconds; ``None``: nobody knows."""

    def second(self, second: Second) -> None:
        """Takes note of a second that is over."""

    def stop(self) -> None:
        """Ends."""


class NoWatch:
    """Nobody looks."""

    def start(self, load: Load, total_s: float | None) -> None:
        """Does nothing."""

    def second(self, second: Second) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Does nothing."""


class Span(NamedTuple):
    """One or more seconds in a row.

    Attributes:
        seconds: how many.
        done: requests, of all of them.
        refused: calls, of all of them.
        p99_s: of the worst of them; 0: nothing ended.
    """

    seconds: int
    done: int
    refused: int
    p99_s: float

    def joined(self, other: "Span") -> "Span":
        """Both as one."""
        return Span(
            self.seconds + other.seconds,
            self.done + other.done,
            self.refused + other.refused,
            max(self.p99_s, other.p99_s),
        )


class Past:
    """The whole load in a bounded number of spans: when they are too many, neighbours join."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._each = 1

    def add(self, second: Second) -> None:
        """Takes a second in."""
        span = Span(1, second.done, second.refused, second.p99_s or 0.0)
        if self._spans and self._spans[-1].seconds < self._each:
            self._spans[-1] = self._spans[-1].joined(span)
        else:
            self._spans.append(span)
        if len(self._spans) > MOST_SPANS:
            self._each *= 2
            self._spans = _joined(self._spans, 2)

    def spans(self, most: int) -> list[Span]:
        """At most so many spans that tell of it all."""
        return _joined(self._spans, -(-len(self._spans) // most)) if self._spans else []


def _joined(spans: list[Span], each: int) -> list[Span]:
    found = []
    for start in range(0, len(spans), each):
        first, *others = spans[start : start + each]
        for other in others:
            first = first.joined(other)
        found.append(first)
    return found


class LiveWatch:
    """Draws the last seconds and the whole load, each second anew, and clears it away at the end.

    Args:
        console: where it draws; ``None``: stderr.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._live: Live | None = None

    def start(self, load: Load, total_s: float | None) -> None:
        """Shows that a load begins; one that still is shown ends."""
        self.stop()
        self._title = str(load)
        self._total_s = total_s
        self._elapsed_s = 0
        self._most_done = 0
        self._last: deque[Second] = deque(maxlen=SHOWN_SECONDS)
        self._past = Past()
        self._live = Live(
            self._picture(),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start(refresh=True)

    def second(self, second: Second) -> None:
        """Draws it all with one more second."""
        if self._live is None:
            return
        self._elapsed_s = second.second + 1
        self._most_done = max(self._most_done, second.done)
        self._last.append(second)
        self._past.add(second)
        self._live.update(self._picture(), refresh=True)

    def stop(self) -> None:
        """Clears it away and gives the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _picture(self) -> Group:
        if not self._last:
            return Group(self._head(), Text("nothing measured yet", style="dim"))
        return Group(self._head(), self._seconds(), *self._lines())

    def _head(self) -> Text:
        total = "" if self._total_s is None else f" of {self._total_s:,.0f}"
        head = Text(no_wrap=True, overflow="ellipsis")
        head.append(self._title, style="bold")
        return head.append(f"  {self._elapsed_s:,}{total} s", style="cyan")

    def _seconds(self) -> Table:
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
        table.add_column("s", justify="right", width=4)
        table.add_column("req/s", justify="right", width=6)
        table.add_column("", width=self._bar_cells)
        for name in ("p50", "p99", "max", "refused"):
            table.add_column(name, justify="right", width=7)
        table.add_column("failed", justify="right", width=6)
        for second in self._last:
            table.add_row(
                str(second.second),
                _short(second.done),
                Text(self._bar(second.done), style="blue"),
                *(_latency(each) for each in (second.p50_s, second.p99_s, second.max_s)),
                Text(_short(second.refused), style="yellow" if second.refused else "dim"),
                Text(_short(second.failed), style="bold red" if second.failed else "dim"),
            )
        return table

    @property
    def _bar_cells(self) -> int:
        return min(_MOST_BAR, max(_LEAST_BAR, self._console.width - _BESIDE_BAR))

    def _bar(self, done: int) -> str:
        cells = round(self._bar_cells * done / self._most_done) if self._most_done else 0
        return ("█" if self._blocks else "#") * cells

    @property
    def _blocks(self) -> bool:
        return self._console.encoding.startswith("utf")

    def _lines(self) -> list[Text]:
        spans = self._past.spans(max(1, self._console.width - _LABEL_CELLS - _PEAK_CELLS))
        rates = [span.done / span.seconds for span in spans]
        refused = [span.refused / span.seconds for span in spans]
        latencies = [span.p99_s for span in spans]
        return [
            self._line("requests/s", rates, _short(max(rates)), "blue"),
            self._line("p99", latencies, latency(max(latencies)), "magenta"),
            self._line("refused/s", refused, _short(max(refused)), "yellow"),
        ]

    def _line(self, label: str, values: list[float], peak: str, style: str) -> Text:
        levels = _BLOCKS if self._blocks else _ASCII
        line = Text(f"{label:<{_LABEL_CELLS}}", no_wrap=True, overflow="crop")
        line.append(sparkline(values, levels), style=style)
        return line.append(f" {peak}", style="dim")


def sparkline(values: list[float], levels: str = _BLOCKS) -> str:
    """One character for each value, from 0 to the greatest; only a 0 gets the lowest."""
    greatest = max(values, default=0.0)
    if greatest <= 0:
        return levels[0] * len(values)
    steps = len(levels) - 1
    return "".join(levels[0 if v <= 0 else max(1, round(steps * v / greatest))] for v in values)


def _latency(seconds: float | None) -> str:
    return "" if seconds is None else latency(seconds)


def _short(number: float) -> str:
    """A number in at most six characters."""
    for limit, by, unit in ((99_999.5, 1, ""), (9_999_500, 1000, "k")):
        if number < limit:
            value = number / by
            digits = 0 if value == round(value) or value >= _WHOLE_FROM else 1
            return f"{value:,.{digits}f}{unit}"
    return f"{number / 1e6:,.0f}M"
