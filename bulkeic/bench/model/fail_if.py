"""Conditions on a comparison, such as ``p99 > 1.2x``."""

import difflib
import math
import re

import msgspec

from bulkeic.bench.model.comparison import ComparisonRow, Metric
from bulkeic.core.errors import InputError, quoted

_GRAMMAR = re.compile(r"\s*([^\s<>]+)\s*([<>])\s*([0-9]+(?:\.[0-9]+)?)\s*x\s*", re.ASCII)
_ALLOWED = "METRIC > NUMBERx or METRIC < NUMBERx, such as 'p99 > 1.2x'"


class FailCondition(msgspec.Struct, frozen=True):
    """A ratio that a metric must not have.

    Attributes:
        above: whether it holds for more than ``ratio``; else, for less.
        ratio: new / old.
    """

    metric: Metric
    above: bool
    ratio: float

    def __str__(self) -> str:
        return f"{self.metric} {'>' if self.above else '<'} {self.ratio:g}x"

    def holds(self, row: ComparisonRow) -> bool:
        """Whether a row is of this metric, across the bound, and different beyond the noise."""
        if row.metric is not self.metric or row.ratio is None or not row.beyond_noise:
            return False
        return row.ratio > self.ratio if self.above else row.ratio < self.ratio


def parse_condition(text: str) -> FailCondition:
    """A condition from a text such as ``p99 > 1.2x``.

    Raises:
        InputError: it is none; tells what is allowed, and the nearest metric.
    """
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise InputError(f"{quoted(text)} is no condition; allowed: {_ALLOWED}")
    name, sign, number = match.groups()
    if name not in set(Metric):
        near = difflib.get_close_matches(name.lower(), list(Metric), n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"{quoted(name)} is no metric; allowed: {', '.join(Metric)}{hint}")
    ratio = float(number)
    if not 0 < ratio < math.inf:
        raise InputError(f"{quoted(number)} is no ratio; allowed: a number above 0, such as 1.2")
    return FailCondition(Metric(name), sign == ">", ratio)
