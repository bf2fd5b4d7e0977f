"""The keywords of a call become the options of a command, checked as its flags are."""

import difflib
import os
import typing
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain
from typing import Any, TypeVar

import msgspec

from bulkeic.app.library.keywords import NOT_IN_LIBRARY
from bulkeic.app.options.access_options import FILE
from bulkeic.core.errors import InputError, UsageError, quoted
from bulkeic.core.options.option_declaration import (
    DeclaredOption,
    build_options,
    command_options,
    declared_arguments,
)

S = TypeVar("S", bound=msgspec.Struct)
_NO_FILES = frozenset({"", "-"})


def given_options(
    kind: type[S],
    command: str,
    keywords: Mapping[str, object],
    source: str | os.PathLike[str] | None = None,
) -> S:
    """The options of a command.

    Args:
        kind: the struct of the options.
        command: its name.
        keywords: by the name of the flag, with underscores; ``None``: not given.
        source: the argument of the command; ``None``: it has none.

    Raises:
        TypeError: there is no such keyword.
        UsageError: a value is invalid.
    """
    declared = {
        option.key: option
        for option in command_options(kind, command)
        if option.key not in NOT_IN_LIBRARY
    }
    values: dict[tuple[str, ...], Any] = {}
    if source is not None:
        [(field, _)] = declared_arguments(kind)
        values[field,] = _file("source", os.fspath(source))
    for name, value in keywords.items():
        option = declared.get(name)
        if option is None:
            raise TypeError(f"unexpected keyword argument {name!r}{_nearest(name, declared)}")
        if value is not None:
            values[option.path] = _valid(name, option, value)
    return build_options(kind, values)


def _nearest(name: str, known: Mapping[str, object]) -> str:
    [*nearest] = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _valid(name: str, option: DeclaredOption, value: object) -> object:
    """A value as the options have it.

    Raises:
        UsageError: it is invalid.
    """
    if option.type is bool:
        if not isinstance(value, bool):
            raise UsageError(f"{name}: {quoted(value)} is invalid; expected True or False")
        return value
    if not (option.flag.is_multiple or option.value_type.adds_up):
        return _one(name, option, value)
    several = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else value
    found = [_one(name, option, each) for each in several]
    if option.value_type.adds_up:
        return tuple(dict.fromkeys(chain.from_iterable(found)))
    return tuple(found)


def _one(name: str, option: DeclaredOption, value: object) -> Any:
    values = option.value_type
    try:
        text = value if isinstance(value, str) else _text(option, value)
        parsed = values.parse(_file(name, text) if values is FILE else text)
    except InputError as problem:
        raise UsageError(f"{name}: {problem.rule}") from None
    # The text of a number may have fewer digits.
    is_number = isinstance(value, int | float) and isinstance(parsed, int | float)
    return type(parsed)(value) if is_number else parsed


def _file(name: str, path: str) -> str:
    """The name of a file.

    Raises:
        UsageError: it is empty, or stands for a stream of the process, which is the program's.
    """
    if path in _NO_FILES or "\0" in path:
        raise UsageError(f"{name}: {quoted(path)} is not a file; expected the name of a file")
    return path


def _text(option: DeclaredOption, value: object) -> str:
    """A value as it is typed.

    Raises:
        InputError: there is no such value.
    """
    if isinstance(value, os.PathLike) and option.value_type is FILE:
        return str(os.fspath(value))
    is_text = str in {option.type, *typing.get_args(option.type)}
    if not (is_text or isinstance(value, bool)):
        with suppress(TypeError, ValueError, AttributeError):
            return str(option.value_type.format(value))
    raise InputError(f"{quoted(value)} is invalid; expected {option.value_type.placeholder}")
