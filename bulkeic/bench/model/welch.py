"""Welch's interval for the difference of two means.

It assumes independent values that are about normally distributed; the variances may differ. The
standard library has no Student's t distribution, so its quantiles are computed here.
"""

import math
from collections.abc import Sequence
from statistics import variance

_MAX_STEPS = 500
_TINY = 1e-300
_FRACTION_PRECISION = 1e-14
_QUANTILE_PRECISION = 1e-12


def welch_half_width(old: Sequence[float], new: Sequence[float], level: float) -> float:
    """How far the difference of two means may be off.

    Args:
        old: at least two values.
        new: at least two values.
        level: probability that the true difference lies outside the interval, on either side.

    Returns:
        Half the width of the interval around the difference, in the unit of the values.
    """
    old_part, new_part = variance(old) / len(old), variance(new) / len(new)
    total = old_part + new_part
    if total <= 0:
        return 0.0
    # Shares of the total, because squares of tiny variances would underflow to 0.
    shares = (old_part / total) ** 2 / (len(old) - 1) + (new_part / total) ** 2 / (len(new) - 1)
    return student_t_quantile(1 - level / 2, 1 / shares) * math.sqrt(total)


def student_t_quantile(probability: float, freedom: float) -> float:
    """The value that Student's t does not exceed with a given probability.

    Args:
        probability: from 0.5 to less than 1.
        freedom: degrees of freedom, above 0; may be fractional.
    """
    tail = 1 - probability
    value = 0.0
    # The tail is convex, so Newton's method approaches from the left and never overshoots.
    for _ in range(_MAX_STEPS):
        step = (_tail_probability(value, freedom) - tail) / _density(value, freedom)
        value += step
        if abs(step) <= _QUANTILE_PRECISION * value:
            break
    return max(0.0, value)


def _density(value: float, freedom: float) -> float:
    power = (freedom + 1) / 2
    scale = math.exp(math.lgamma(power) - math.lgamma(freedom / 2))
    shape = math.pow(1 + value * value / freedom, -power)
    return scale / math.sqrt(freedom * math.pi) * shape


def _tail_probability(value: float, freedom: float) -> float:
    """The probability that t exceeds a value of at least 0."""
    return _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + value * value)) / 2


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function."""
    if not 0 < x < 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _continued_fraction(a, b, x) / a
    return 1 - front * _continued_fraction(b, a, 1 - x) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    c, d = 1.0, 1 / _nonzero(1 - (a + b) * x / (a + 1))
    fraction = d
    for step in range(1, _MAX_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for factor in (even, odd):
            d = 1 / _nonzero(1 + factor * d)
            c = _nonzero(1 + factor / c)
            fraction *= c * d
        if abs(c * d - 1) < _FRACTION_PRECISION:
            break
    return fraction


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
