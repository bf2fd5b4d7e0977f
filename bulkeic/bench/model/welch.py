"""Quantiles of Student's t distribution, and the interval that Welch makes of them."""

import math
from collections.abc import Sequence

_STEPS = 500
_TINY = 1e-300
_EXACT = 1e-14
_CLOSE = 1e-12


def quantile(probability: float, freedom: float) -> float:
    """The value below which t is with a probability.

    Args:
        probability: from 0.5, and below 1.
        freedom: degrees of freedom, above 0; need not be whole.
    """
    tail = 1 - probability
    value = 0.0
    # The tail is convex, so that Newton's method comes from the left and never goes too far.
    for _ in range(_STEPS):
        step = (_above(value, freedom) - tail) / _density(value, freedom)
        value += step
        if abs(step) <= _CLOSE * value:
            break
    return max(0.0, value)


def half_width(old: Sequence[float], new: Sequence[float], level: float) -> float:
    """How far the difference of two means may be off, after Welch: variances may differ.

    Args:
        old: at least two values, of about a normal distribution.
        new: the same.
        level: the probability with which the difference may be further off, either way.

    Returns:
        Half the width of the interval around the difference, in the unit of the values.
    """
    first, second = variance(old) / len(old), variance(new) / len(new)
    both = first + second
    if both <= 0:
        return 0.0
    # As parts of the whole: squares of tiny variances would be 0.
    parts = (first / both) ** 2 / (len(old) - 1) + (second / both) ** 2 / (len(new) - 1)
    return quantile(1 - level / 2, 1 / parts) * math.sqrt(both)


def mean(values: Sequence[float]) -> float:
    """The mean of at least one value."""
    return math.fsum(values) / len(values)


def variance(values: Sequence[float]) -> float:
    """The variance of whatever at least two values were drawn from."""
    middle = mean(values)
    return math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)


def _density(value: float, freedom: float) -> float:
    power = (freedom + 1) / 2
    front = math.exp(math.lgamma(power) - math.lgamma(freedom / 2))
    shape = math.pow(1 + value * value / freedom, -power)
    return front / math.sqrt(freedom * math.pi) * shape


def _above(value: float, freedom: float) -> float:
    """The probability that t is above a value that is not negative."""
    return _beta(freedom / 2, 0.5, freedom / (freedom + value * value)) / 2


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function."""
    if not 0 < x < 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _not_0(1 - (a + b) * x / (a + 1))
    whole = d
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for factor in (even, odd):
            d = 1 / _not_0(1 + factor * d)
            c = _not_0(1 + factor / c)
            whole *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return whole


def _not_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
