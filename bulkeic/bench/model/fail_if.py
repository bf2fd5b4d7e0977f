"""Conditions of ``--fail-if``, for example ``p99 > 1.2x``."""

import difflib
import math
import re

import msgspec

from bulkeic.bench.model.comparison import ComparisonRow, Metric
from bulkeic.core.errors import InputError, quoted

_GRAMMAR = re.compile(r"\s*([^\s<>]+)\s*([<>])\s*([0-9]+(?:\.[0-9]+)?)\s*x\s*", re.ASCII)
_EXPECTED = "METRIC > NUMBERx or METRIC < NUMBERx, for example 'p99 > 1.2x'"


class FailCondition(msgspec.Struct, frozen=True):
    """Fails a comparison whose metric is above or below a ratio.

    Attributes:
        above: whether a larger ratio fails; otherwise a smaller one does.
        ratio: new / old.
    """

    metric: Metric
    above: bool
    ratio: float

    def __str__(self) -> str:
        return f"{self.metric} {'>' if self.above else '<'} {self.ratio:g}x"

    def holds(self, row: ComparisonRow) -> bool:
        """Whether the row is of this metric, beyond the ratio, and different beyond the noise."""
        if row.metric is not self.metric or row.ratio is None or not row.beyond_noise:
            return False
        return row.ratio > self.ratio if self.above else row.ratio < self.ratio


def parse_condition(text: str) -> FailCondition:
    """Parses a condition, for example ``p99 > 1.2x``.

    Raises:
        InputError: the text is not a condition; the error names the nearest metric.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InputError(f"{quoted(text)} is not a condition; expected {_EXPECTED}")
    name, sign, number = match.groups()
    if name not in set(Metric):
        near = difflib.get_close_matches(name.lower(), list(Metric), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(
            f"{quoted(name)} is not a metric; expected one of {', '.join(Metric)}{hint}"
        )
    ratio = float(number)
    if not 0 < ratio < math.inf:
        raise InputError(
            f"{quoted(number)} is not a ratio; expected a number above 0, for example 1.2"
        )
    return FailCondition(Metric(name), sign == ">", ratio)
