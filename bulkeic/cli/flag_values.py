"""Flags → the options of a command."""

from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def taken(flags: dict[str, Any], kind: type[S]) -> S:
    """Some of the flags as the type whose fields they are."""
    return kind(**{name: flags.pop(name) for name in kind.__struct_fields__})


def filled(flags: dict[str, Any], kind: type[S], **groups: type[msgspec.Struct]) -> S:
    """The options of a command; those of a group are a type of their own."""
    from bulkeic.app.setup.options import AccessOptions, LogOptions  # noqa: PLC0415 - --help stays quick

    groups |= {"access": AccessOptions, "log": LogOptions}
    given = {name: taken(flags, group) for name, group in groups.items()}
    return msgspec.convert({**flags, **given}, kind)
