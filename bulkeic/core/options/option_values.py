"""Types of option values: each reads a value from text, and writes it as text again.

The command line uses them; they know nothing of it. An invalid text raises ``InputError`` with what
was given and what is expected.
"""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.known_values import KnownValues

_UNITS_S = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_match_duration = re.compile(
    r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e-?[0-9]{1,3})?)\s*(ms|s|m|h)?", re.ASCII | re.IGNORECASE
).fullmatch


class ValueType:
    """Any text.

    Args:
        placeholder: stands for the value in help, for example ``FILE``.
        noun: what a value is, with its article, for error messages.
        expected: which values are valid; empty: any.
        known: what shell completion offers besides ``choices``.

    Attributes:
        adds_up: whether a value is a tuple, to which a flag that is given again adds.
    """

    adds_up = False

    def __init__(
        self,
        placeholder: str,
        noun: str = "a text",
        expected: str = "",
        known: KnownValues | None = None,
    ) -> None:
        self.placeholder = placeholder
        self.noun = noun
        self.expected = expected
        self.known = known

    @property
    def limits(self) -> str:
        """The range of valid values; empty: not limited, or said by the help text."""
        return ""

    @property
    def choices(self) -> Sequence[str]:
        """Every valid text, where they can be listed."""
        return ()

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            InputError: the text is invalid.
        """
        return text

    def format(self, value: Any) -> str:
        """The text that ``parse`` reads as this value."""
        return str(value)

    def describe(self, value: Any) -> str:
        """A value for people, with its unit."""
        return self.format(value)

    def invalid(self, text: str) -> InputError:
        """The error for a text of another type."""
        return InputError(f"{quoted(text)} is not {self.noun}; expected {self.expected}")


class FileName(ValueType):
    """The name of a file. In a configuration file it is relative to the folder of that file."""

    def parse(self, text: str) -> str:
        """See ``ValueType``."""
        if "\0" in text:
            raise InputError(f"{quoted(text)} is not the name of a file")
        return text


class ParsedText(ValueType):
    """A value that a function reads.

    Args:
        placeholder: see ``ValueType``.
        parse: returns the value, or raises ``InputError``.
        write: the opposite of ``parse``.
        adds_up: see ``ValueType``.
        known: see ``ValueType``.
    """

    def __init__(
        self,
        placeholder: str,
        parse: Callable[[str], Any],
        write: Callable[[Any], str] = str,
        *,
        adds_up: bool = False,
        known: KnownValues | None = None,
    ) -> None:
        super().__init__(placeholder, known=known)
        self.adds_up = adds_up
        self._parse = parse
        self._write = write

    def parse(self, text: str) -> Any:
        """See ``ValueType``."""
        return self._parse(text)

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return self._write(value)


class OneOf(ValueType):
    """One of a few words.

    Args:
        words: the valid texts.
        convert: makes the value of a valid text.
    """

    def __init__(self, words: Sequence[str], convert: Callable[[str], Any] = str) -> None:
        super().__init__("|".join(words), expected=_any_of(words))
        self._words = tuple(words)
        self._convert = convert

    @property
    def choices(self) -> Sequence[str]:
        """See ``ValueType``."""
        return self._words

    def parse(self, text: str) -> Any:
        """See ``ValueType``."""
        if text not in self._words:
            raise InputError(f"{quoted(text)} is invalid; expected {self.expected}")
        return self._convert(text)


def _any_of(words: Sequence[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"one of {', '.join(words)}"  # noqa: PLR2004


class Number(ValueType):
    """A finite number.

    Args:
        minimum: the smallest valid number.
        maximum: the largest one; ``None``: not limited.
        is_above: whether ``minimum`` itself is invalid.
        placeholder: see ``ValueType``.
        noun: see ``ValueType``.
    """

    unit = ""

    def __init__(
        self,
        minimum: float,
        maximum: float | None = None,
        *,
        is_above: bool = False,
        placeholder: str = "N",
        noun: str = "a number",
    ) -> None:
        self._minimum = minimum
        self._maximum = maximum
        self._is_above = is_above
        super().__init__(placeholder, noun, self._range())

    @property
    def limits(self) -> str:
        """See ``ValueType``."""
        return "" if self._maximum is None else self._range()

    def parse(self, text: str) -> Any:
        """See ``ValueType``."""
        number = self._read(text)
        is_large_enough = number > self._minimum if self._is_above else number >= self._minimum
        if not is_large_enough or (self._maximum is not None and number > self._maximum):
            raise InputError(f"{quoted(text)} is out of range; expected {self._range()}")
        return number

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return f"{value:g}"

    def _read(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.invalid(text)
        return number

    def _range(self) -> str:
        low = f"{self._minimum:g}{self.unit}"
        high = "" if self._maximum is None else f"{self._maximum:.12g}{self.unit}"
        if self._is_above:
            return f"more than {low}{high and f' and up to {high}'}"
        return f"{low} to {high}" if high else f"{low} or more"


class Integer(Number):
    """An integer; takes the arguments of ``Number``."""

    def __init__(
        self,
        minimum: float = -math.inf,
        maximum: float | None = None,
        *,
        placeholder: str = "N",
        noun: str = "an integer",
    ) -> None:
        super().__init__(minimum, maximum, placeholder=placeholder, noun=noun)

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return str(value)

    def _read(self, text: str) -> int:
        try:
            return int(text)
        except ValueError:
            raise self.invalid(text) from None

    def _range(self) -> str:
        return "an integer" if math.isinf(self._minimum) else super()._range()


class Duration(Number):
    """A time in seconds, written with or without a unit; takes the arguments of ``Number``."""

    unit = "s"

    def __init__(
        self, minimum: float = 0, maximum: float | None = None, *, is_above: bool = False
    ) -> None:
        super().__init__(
            minimum, maximum, is_above=is_above, placeholder="DURATION", noun="a duration"
        )

    @property
    def limits(self) -> str:
        """See ``ValueType``; the limit only catches mistakes, so help does not show it."""
        return ""

    def describe(self, value: Any) -> str:
        """See ``ValueType``."""
        return f"{value:g}s"

    def _read(self, text: str) -> float:
        found = _match_duration(text.strip())
        if found is None:
            raise InputError(
                f"{quoted(text)} is not a duration; expected seconds, for example 30, or a number "
                "with ms, s, m or h, for example 500ms"
            )
        number, unit = found.groups()
        return float(number) * _UNITS_S[(unit or "s").lower()]


class Percentage(ValueType):
    """A part of a whole, 0 to 1, written as a percentage.

    Args:
        maximum: the largest valid percentage.
    """

    def __init__(self, maximum: float) -> None:
        super().__init__("PERCENT", "a percentage", f"0% to {maximum:g}%")
        self._maximum = maximum

    @property
    def limits(self) -> str:
        """See ``ValueType``."""
        return self.expected

    def parse(self, text: str) -> float:
        """See ``ValueType``."""
        try:
            percent = float(text.removesuffix("%"))
        except ValueError:
            percent = math.nan
        if not 0 <= percent <= self._maximum:
            raise self.invalid(text)
        return percent / 100

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return f"{value * 100:g}%"


class HexDigest(ValueType):
    """A digest in lower-case hexadecimal digits.

    Args:
        digits: number of them.
    """

    def __init__(self, digits: int) -> None:
        super().__init__("DIGEST", "a digest", f"{digits} hexadecimal digits")
        self._match = re.compile(rf"[0-9a-f]{{{digits}}}", re.ASCII).fullmatch

    def parse(self, text: str) -> str:
        """See ``ValueType``."""
        if not self._match(text):
            raise self.invalid(text)
        return text


class CallRate(ValueType):
    """Calls per second: a number, ``unlimited``, or another word.

    Args:
        words: the other valid words, which are their own values.
    """

    def __init__(self, *words: str) -> None:
        expected = ", ".join(("a number above 0", *words))
        comma = "," if words else ""
        super().__init__("CALLS/S", "a rate", f"{expected}{comma} or unlimited")
        self._words = words

    def parse(self, text: str) -> float | str:
        """See ``ValueType``; ``unlimited`` is infinity."""
        if text == "unlimited":
            return math.inf
        if text in self._words:
            return text
        try:
            rate = float(text)
        except ValueError:
            rate = math.nan
        if not 0 < rate < math.inf:
            raise self.invalid(text)
        return rate

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        if isinstance(value, str):
            return value
        return "unlimited" if math.isinf(value) else f"{value:g}"


class NumberOrWord(ValueType):
    """An integer, or one word that is its own value.

    Args:
        number: the valid integers.
        word: the word.
    """

    def __init__(self, number: Integer, word: str) -> None:
        super().__init__(
            f"{number.placeholder}|{word}", number.noun, f"{number.expected}, or {word}"
        )
        self._number = number
        self._word = word

    def parse(self, text: str) -> int | str:
        """See ``ValueType``."""
        if text == self._word:
            return text
        try:
            number: int = self._number.parse(text)
        except InputError:
            raise self.invalid(text) from None
        return number


class ListOf(ValueType):
    """Several values with commas between them, as a tuple.

    Args:
        item: the type of each value.
        example: a valid text.
    """

    def __init__(self, item: ValueType, example: str) -> None:
        placeholder = f"{item.placeholder}[,{item.placeholder}…]"
        super().__init__(placeholder, item.noun, item.expected)
        self._item = item
        self._example = example

    def parse(self, text: str) -> tuple[Any, ...]:
        """See ``ValueType``."""
        try:
            return tuple(self._item.parse(part.strip()) for part in text.split(","))
        except InputError as problem:
            raise InputError(f"{problem.rule}, for example {self._example}") from None

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return ",".join(map(self._item.format, value))
