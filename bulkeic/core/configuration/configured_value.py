"""Values of options as a configuration file or a variable gives them.

====================================  ===================================================
an option                             is given in TOML by
====================================  ===================================================
without a value                       true or false
that can be repeated                  a list; each item as below
of a number                           a number
of a duration, a time, a rate         a text, a number, or a time of TOML
of something else that is no text     a text, or a number
of a text                             a text
whose flag needs no value             also true: what holds for the flag alone
====================================  ===================================================

A variable has the text that the flag takes. A repeated option has a list there with commas, quoted
as in CSV.
"""

import csv
import datetime as dt
from collections.abc import Callable
from itertools import chain
from typing import Any

from bulkeic.core.configuration.toml_words import kind_of
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.option_declaration import DeclaredOption
from bulkeic.core.options.option_values import Duration, FileName, Number

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_TIMES = (dt.datetime, dt.date, dt.time)


def toml_value(option: DeclaredOption, raw: Any, located: Callable[[str], str] = str) -> Any:
    """The value of an option that a configuration file gives.

    Args:
        option: its declaration.
        raw: as parsed.
        located: turns the name of a file in the configuration file into a path.

    Raises:
        InputError: it is invalid.
    """
    if option.is_switch:
        if not isinstance(raw, bool):
            raise InputError(f"expected true or false, not {kind_of(raw)}")
        return raw != option.flag.name.startswith("--no-")
    if not (option.flag.is_multiple or option.value_type.adds_up):
        return _one(option, raw, located)
    if not isinstance(raw, list):
        raise InputError(f'expected a list, such as {option.key} = ["…"], not {kind_of(raw)}')
    return _joined(option, [_one(option, item, located) for item in raw])


def variable_value(option: DeclaredOption, text: str) -> Any:
    """The value of an option that a variable gives.

    Raises:
        InputError: it is invalid.
    """
    if option.is_switch:
        word = text.lower()
        if word not in _TRUE | _FALSE:
            raise InputError(f"expected true or false, not {quoted(text)}")
        return (word in _TRUE) != option.flag.name.startswith("--no-")
    parse = option.value_type.parse
    if not (option.flag.is_multiple or option.value_type.adds_up):
        return parse(text)
    try:
        items = next(csv.reader([text], skipinitialspace=True, strict=True), [])
    except csv.Error:
        raise InputError('expected values with commas between them, such as a,"b,c"') from None
    return _joined(option, [parse(item) for item in items])


def value_words(option: DeclaredOption, value: Any) -> list[str]:
    """A value as texts that people read; none for no value."""
    if option.is_switch:
        return [] if value is None else [str(plain_value(option, value)).lower()]
    if value is None:
        return []
    return [option.value_type.format(each) for each in _items(option, value)]


def plain_value(option: DeclaredOption, value: Any) -> Any:
    """A value of the types that JSON and TOML have."""
    if value is None:
        return None
    if option.is_switch:
        return bool(value) != option.flag.name.startswith("--no-")
    if isinstance(option.value_type, Number) and isinstance(value, int | float):
        return value
    words = value_words(option, value)
    return words if option.flag.is_multiple else words[0]


def _items(option: DeclaredOption, value: Any) -> list[Any]:
    return list(value) if option.flag.is_multiple else [value]


def _joined(option: DeclaredOption, values: list[Any]) -> tuple[Any, ...]:
    if option.value_type.adds_up:
        return tuple(dict.fromkeys(chain.from_iterable(values)))
    return tuple(values)


def _one(option: DeclaredOption, raw: Any, located: Callable[[str], str]) -> Any:
    values = option.value_type
    if isinstance(raw, str):
        if isinstance(values, FileName):
            return located(values.parse(raw))
        value = values.parse(raw)
        if isinstance(values, Number) and not isinstance(values, Duration):
            raise InputError(f"expected a number without quotes, such as {option.key} = {raw}")
        return value
    if raw is True and option.flag.bare is not None:
        return values.parse(option.flag.bare)
    value = None if isinstance(raw, bool) else _of_number_or_time(values, raw)
    if value is None or isinstance(value, str):
        raise InputError(f"expected {_expected(option)}, not {kind_of(raw)}")
    return value


def _of_number_or_time(values: Any, raw: Any) -> Any:
    """The value of a number or a time; ``None``: it is neither."""
    if isinstance(raw, int | float):
        try:
            return values.parse(str(raw))
        except InputError:
            raise
        except ValueError:  # a hexadecimal number with thousands of digits
            raise InputError("the number is too large") from None
    return values.parse(raw.isoformat()) if isinstance(raw, _TIMES) else None


def _expected(option: DeclaredOption) -> str:
    """What an option takes, in words."""
    values = option.value_type
    if isinstance(values, Duration):
        return 'a duration in quotes, such as "30s"'
    return "a number" if isinstance(values, Number) else "a text in quotes"
