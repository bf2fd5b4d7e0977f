"""``bulkeic config show``: every configured option, and where it comes from."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any

import click
import msgspec

from bulkeic.cli.configuration.command_configuration import Configuration
from bulkeic.cli.configuration.configuration_flags import ConfigurationFlags
from bulkeic.cli.configuration.configuration_sources import (
    ConfigurationSources,
    find_sources,
    user_file,
)
from bulkeic.cli.option_command import every_command
from bulkeic.core.configuration.configured_options import (
    ConfigurationFile,
    ConfiguredOption,
    check_document,
)
from bulkeic.core.configuration.configured_value import plain_value
from bulkeic.core.errors import UsageError, printable, quoted
from bulkeic.core.options.option_declaration import Argument, DeclaredOption, Flag, OptionGroup
from bulkeic.core.texts.redaction import HIDDEN, redact
from bulkeic.output.tables import Table, lines

_UNCUT = 100_000


class ConfigShowOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``config show``."""

    command: Annotated[str, Argument(
        "COMMAND", "Show every option of this command.", required=False)] = ""  # fmt: skip
    json: Annotated[bool, Flag(
        "--json", "Print JSON on stdout, instead of text.", OptionGroup.OUTPUT
    )] = False  # fmt: skip
    configuration: ConfigurationFlags = ConfigurationFlags()


class ShownOption(msgspec.Struct, frozen=True):
    """An option with its value.

    Attributes:
        command: that has it.
        option: its declaration.
        configured: what gives it; ``None``: the default holds.
    """

    command: str
    option: DeclaredOption
    configured: ConfiguredOption | None

    @property
    def value(self) -> Any:
        """Its value, as JSON has it; a secret is hidden."""
        default = self.option.default
        value = plain_value(
            self.option, default if self.configured is None else self.configured.value
        )
        if value is not None and self.option.flag.is_secret:
            return HIDDEN
        if isinstance(value, list):
            return [redact(each) for each in value]
        return redact(value) if isinstance(value, str) else value

    @property
    def text(self) -> str:
        """Its value, for people; a secret is hidden."""
        default = self.option.default_text() if self.configured is None else ""
        value = self.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return default or self.option.value_type.describe(value)
        return default or _text(value)

    @property
    def origin(self) -> str:
        """Where its value comes from, for people."""
        return "default" if self.configured is None else str(self.configured.origin)

    @property
    def document(self) -> dict[str, Any]:
        """It as JSON."""
        origin: dict[str, Any] = {"kind": "default"}
        if self.configured is not None:
            found = self.configured.origin
            origin = {"kind": found.kind, "name": found.name}
            origin |= {"line": found.line} if found.line else {}
            origin |= {"profile": found.profile} if found.profile else {}
        return {
            "command": self.command,
            "option": self.option.key,
            "value": self.value,
            "origin": origin,
        }


def show(options: ConfigShowOptions) -> None:
    """Prints the configuration.

    Raises:
        InputError: it is invalid.
        UsageError: there is no such command.
    """
    sources = find_sources(options.configuration, os.environ)
    commands = {
        each.declaration.name: each.own_options
        for each in every_command(click.get_current_context().find_root().command)
    }
    configuration = Configuration(sources, commands)
    shown = _shown(options.command, configuration, commands)
    for note in configuration.notes():
        click.echo(printable(note), err=True)
    if options.json:
        click.echo(json.dumps(_document(shown, configuration, sources), indent=2))
        return
    for line in [*_source_lines(configuration, sources), *_table_lines(options.command, shown)]:
        click.echo(printable(line))


def _shown(
    command: str, configuration: Configuration, commands: Iterable[str]
) -> list[ShownOption]:
    """Every option of a command, or the configured ones of every command.

    Raises:
        InputError: the configuration is invalid.
        UsageError: there is no such command.
    """
    keys = configuration.keys
    if not command:
        for file in configuration.files:
            check_document(file, keys)
        return [
            ShownOption(name, each.option, each)
            for name in commands
            for each in configuration.options_of(name, {}).values()
        ]
    if command not in commands:
        raise UsageError(f"unknown command {quoted(command)}; expected {_any_of(commands)}")
    found = configuration.options_of(command, {})
    return [
        ShownOption(command, option, found.get(key)) for key, option in keys.of(command).items()
    ]


def _document(
    shown: Iterable[ShownOption], configuration: Configuration, sources: ConfigurationSources
) -> dict[str, Any]:
    """The configuration as JSON."""
    return {
        "files": [
            {"kind": _kind(file, sources), "name": file.name} for file in configuration.files
        ],
        "profile": configuration.profile,
        "options": [each.document for each in shown],
    }


def _source_lines(configuration: Configuration, sources: ConfigurationSources) -> Iterator[str]:
    """The files that were read, and the profile."""
    for file in configuration.files:
        yield f"{_kind(file, sources)}: {file.name}"
    if not configuration.files:
        yield f"no configuration file: neither bulkeic.toml nor {user_file(os.environ)}"
    if configuration.profile is not None:
        yield f"profile: {configuration.profile}"


def _kind(file: ConfigurationFile, sources: ConfigurationSources) -> str:
    if sources.given is not None:
        return "file of --config"
    return "project file" if file.is_project else "user file"


def _table_lines(command: str, shown: Sequence[ShownOption]) -> list[str]:
    """The options as a table; those with one value for several commands are one row."""
    if command:
        head = ["option", "value", "from"]
        rows = [[each.option.key, each.text, each.origin] for each in shown]
    else:
        head = ["option", "value", "from", "commands"]
        names: dict[tuple[str, str, str], list[str]] = {}
        for each in shown:
            names.setdefault((each.option.key, each.text, each.origin), []).append(each.command)
        rows = [[*row, ", ".join(commands)] for row, commands in sorted(names.items())]
    if not rows:
        return ["nothing is configured"]
    return lines(Table("", head, rows, keys=len(head)), _UNCUT)


def _text(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _any_of(words: Iterable[str]) -> str:
    return f"one of {', '.join(words)}"
