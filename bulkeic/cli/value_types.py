"""What a flag's value may be, as types of click."""

import math
import re
from collections.abc import Callable
from typing import Any

import click

from bulkeic.core.errors import InputError

_HEADROOM_MAX = 90
_FUNCTIONS_MAX = 10_000_000
_RATE_MAX = 100_000
_CONCURRENCY_MAX = 10_000
_UNITS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_find_time = re.compile(
    r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e-?[0-9]{1,3})?)\s*(ms|s|m|h)?", re.ASCII | re.IGNORECASE
).fullmatch


class Rate(click.ParamType[Any]):
    """Calls a second.

    Args:
        words: what is allowed beside a number and ``unlimited``.
    """

    name = "calls/s"

    def __init__(self, *words: str) -> None:
        self._words = words

    def convert(self, value: Any, param: Any, ctx: Any) -> float | str:
        """A positive number of calls a second, ``unlimited``, or another word."""
        if value == "unlimited":
            return math.inf
        if value in self._words:
            return str(value)
        try:
            rate = float(value)
        except ValueError:
            rate = math.nan
        if not 0 < rate < math.inf:
            allowed = ", ".join(("a number above 0", *self._words))
            self.fail(f"{value!r} is no rate; allowed: {allowed}, or unlimited", param, ctx)
        return rate


class Rates(click.ParamType[Any]):
    """Several rates, calls a second."""

    name = "rates"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Positive numbers, from a text such as ``5,10,15``."""
        if not isinstance(value, str):
            return tuple(value)
        try:
            rates = tuple(float(each) for each in value.split(","))
        except ValueError:
            rates = (math.nan,)
        if not all(0 < rate <= _RATE_MAX for rate in rates):
            self.fail(
                f"{value!r} are no rates; allowed: numbers above 0 and up to {_RATE_MAX:,}, such "
                "as 10 or 5,10,15",
                param,
                ctx,
            )
        return rates


class Concurrency(click.ParamType[Any]):
    """Several numbers of calls in flight."""

    name = "numbers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Numbers from 1, from a text such as ``1,8,64``."""
        if not isinstance(value, str):
            return tuple(value)
        numbers = [each.strip() for each in value.split(",")]
        if not all(each.isdecimal() and 0 < int(each) <= _CONCURRENCY_MAX for each in numbers):
            self.fail(
                f"{value!r} are no numbers of calls; allowed: 1 to {_CONCURRENCY_MAX:,}, such as "
                "64 or 1,8,64",
                param,
                ctx,
            )
        return tuple(map(int, numbers))


class Percent(click.ParamType[Any]):
    """A part of a limit."""

    name = "percent"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """A part, from a text such as ``10%``."""
        if isinstance(value, float):
            return value
        try:
            percent = float(value.removesuffix("%"))
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= _HEADROOM_MAX:
            self.fail(f"{value!r} is no part; allowed: 0% to {_HEADROOM_MAX}%", param, ctx)
        return percent / 100


class Functions(click.ParamType[Any]):
    """How many functions a lane has."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> int | str:
        """A number of functions, or ``any``."""
        if value == "any":
            return "any"
        if not value.isdecimal() or not 0 < int(value) <= _FUNCTIONS_MAX:
            allowed = f"allowed: 1 to {_FUNCTIONS_MAX}, or any"
            self.fail(f"{value!r} is no number of functions; {allowed}", param, ctx)
        return int(value)


class Parsed(click.ParamType[Any]):
    """What a parser of ``core`` makes of a text.

    Args:
        name: what help calls it.
        parse: makes a value, or raises ``InputError``.
    """

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value that the text stands for."""
        try:
            return self._parse(value) if isinstance(value, str) else value
        except InputError as problem:
            self.fail(problem.rule, param, ctx)


class Finite(click.FloatRange):
    """A number that is one: neither nan nor inf."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The number, in its range."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


class Seconds(Finite):
    """A time, in seconds where no unit is said."""

    name = "seconds"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Seconds, from a text such as ``30``, ``30s``, ``500ms``, ``2m`` or ``1h``."""
        if not isinstance(value, str):
            return super().convert(value, param, ctx)
        found = _find_time(value.strip())
        if found is None:
            self.fail(
                f"{value!r} is no time; allowed: seconds, such as 30, or a number with ms, s, m or "
                "h, such as 500ms",
                param,
                ctx,
            )
        number, unit = found.groups()
        return super().convert(float(number) * _UNITS_S[(unit or "s").lower()], param, ctx)
