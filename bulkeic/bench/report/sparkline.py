"""What went on over a long time, in little memory and as wide as there is room.

Seconds are kept one by one until there are too many; then every two become one, and from then on
as many are taken together before they are kept.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

_MOST = 256
_BLOCKS = "▁▂▃▄▅▆▇█"
_ASCII = "_.-=+*%#"


class Span(NamedTuple):
    """Some seconds together.

    Attributes:
        done: requests.
        worst_s: the longest p99 of a second; 0: no request ended.
        refused: calls.
    """

    seconds: int = 0
    done: int = 0
    worst_s: float = 0.0
    refused: int = 0

    def __add__(self, other: object) -> "Span":
        """Both together."""
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
    """All seconds of a load, however many there are.

    Attributes:
        total: all of them together.
        highest: the most requests of a second.
    """

    def __init__(self) -> None:
        self.total = Span()
        self.highest = 0
        self._spans: list[Span] = []
        self._open = Span()
        self._each = 1

    def add(self, second: Span) -> None:
        """Takes one second in."""
        self.total += second
        self.highest = max(self.highest, second.done)
        self._open += second
        if self._open.seconds < self._each:
            return
        self._spans.append(self._open)
        self._open = Span()
        if len(self._spans) >= _MOST:
            self._spans = _pairs(self._spans)
            self._each *= 2

    def spans(self, most: int) -> list[Span]:
        """All seconds in their order, as at most so many spans of about the same length."""
        spans = [*self._spans, *([self._open] if self._open.seconds else [])]
        count = min(most, len(spans))
        ends = [at * len(spans) // count for at in range(count + 1)] if count > 0 else [0]
        return [sum(spans[begin:end], start=Span()) for begin, end in pairwise(ends)]


def spark(spans: Sequence[Span], height: Callable[[Span], float], *, ascii_only: bool) -> str:
    """A character for each span, the higher the more; a blank where there is nothing."""
    heights = [height(span) for span in spans]
    highest = max(heights, default=0.0)
    steps = _ASCII if ascii_only else _BLOCKS
    return "".join(
        steps[min(len(steps) - 1, int(each / highest * len(steps)))] if each > 0 else " "
        for each in heights
    )


def _pairs(spans: Sequence[Span]) -> list[Span]:
    return [sum(spans[at : at + 2], start=Span()) for at in range(0, len(spans), 2)]
