"""The history of a load in little memory, drawn as sparklines.

Seconds are stored one by one. When there are too many, each two are merged into one span, and from
then on new spans cover as many seconds.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

_MAX_SPANS = 256
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*%#"


class Span(NamedTuple):
    """Consecutive seconds.

    Attributes:
        seconds: number of seconds.
        done: requests that ended.
        worst_s: highest p99 of a second; 0: no request ended.
        refused: calls that were throttled.
    """

    seconds: int = 0
    done: int = 0
    worst_s: float = 0.0
    refused: int = 0

    def __add__(self, other: object) -> "Span":
        """Merges two spans."""
        if not isinstance(other, Span):
            return NotImplemented
        return Span(
            self.seconds + other.seconds,
            self.done + other.done,
            max(self.worst_s, other.worst_s),
            self.refused + other.refused,
        )

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.seconds if self.seconds else 0.0


class History:
    """All seconds of a load, in bounded memory.

    Attributes:
        total: all seconds as one span.
        highest: maximum requests of a second.
    """

    def __init__(self) -> None:
        self.total = Span()
        self.highest = 0
        self._spans: list[Span] = []
        self._open = Span()
        self._span_seconds = 1

    def add(self, second: Span) -> None:
        """Adds one second."""
        self.total += second
        self.highest = max(self.highest, second.done)
        self._open += second
        if self._open.seconds < self._span_seconds:
            return
        self._spans.append(self._open)
        self._open = Span()
        if len(self._spans) >= _MAX_SPANS:
            self._spans = _merge_pairs(self._spans)
            self._span_seconds *= 2

    def spans(self, max_spans: int) -> list[Span]:
        """All seconds in order, as at most ``max_spans`` spans of about the same length."""
        spans = [*self._spans, *([self._open] if self._open.seconds else [])]
        count = min(max_spans, len(spans))
        ends = [at * len(spans) // count for at in range(count + 1)] if count > 0 else [0]
        return [sum(spans[begin:end], start=Span()) for begin, end in pairwise(ends)]


def sparkline(spans: Sequence[Span], height: Callable[[Span], float], *, ascii_only: bool) -> str:
    """Draws a character for each span, by its height; a space for a height of 0."""
    heights = [height(span) for span in spans]
    highest = max(heights, default=0.0)
    steps = _ASCII if ascii_only else _BLOCKS
    return "".join(
        steps[min(len(steps) - 1, int(each / highest * len(steps)))] if each > 0 else " "
        for each in heights
    )


def _merge_pairs(spans: Sequence[Span]) -> list[Span]:
    return [sum(spans[at : at + 2], start=Span()) for at in range(0, len(spans), 2)]
