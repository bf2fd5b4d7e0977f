"""A command whose flags and arguments are the declared options of a struct."""

import gc
import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import click
import msgspec
from click.shell_completion import CompletionItem

from bulkeic.cli.command_declaration import CommandDeclaration
from bulkeic.cli.configuration.configuration_flags import ConfigurationFlags
from bulkeic.cli.ending_signals import interrupt_on_signals
from bulkeic.core.errors import InputError, printable
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.options.option_declaration import (
    Argument,
    DeclaredOption,
    OptionGroup,
    build_options,
    command_options,
    command_words_field,
    declared_arguments,
    declared_options,
)
from bulkeic.core.options.option_values import Duration, ValueType

CONFIGURATION_FIELD = "configuration"
"""The field of a command's options that gets the flags of configuration, if there is one."""
DURATION_NOTE = "A DURATION is seconds, or a number with ms, s, m or h: 30, 500ms, 2m."
_OPTION_COLUMN_MAX = 32


class OptionType(click.ParamType[Any]):
    """A click type that reads values with a ``ValueType``."""

    name = "value"

    def __init__(self, values: ValueType) -> None:
        self.values = values

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value that the text stands for."""
        try:
            return self.values.parse(value)
        except InputError as problem:
            self.fail(problem.rule, param, ctx)

    def shell_complete(self, _ctx: Any, _param: Any, incomplete: str) -> list[CompletionItem]:
        """The known values that begin with what was typed."""
        from bulkeic.cli.completion.value_suggestions import suggested_values  # noqa: PLC0415

        return suggested_values(self.values, incomplete)


class OptionCommand(click.Command):
    """A command made from its declaration. Its options are imported when they are needed.

    Args:
        declaration: of the command.

    Attributes:
        is_configurable: whether configuration files and variables give its options.
    """

    is_configurable = True

    def __init__(self, declaration: CommandDeclaration) -> None:
        self.declaration = declaration
        super().__init__(
            declaration.name.rpartition(" ")[2],
            help=f"{declaration.summary}\n\n{declaration.description}".rstrip(),
            short_help=declaration.summary,
        )

    def options_type(self) -> type[msgspec.Struct]:
        """The struct that declares the options."""
        kind: type[msgspec.Struct] = load(self.declaration.options)
        return kind

    def declared(self) -> list[DeclaredOption]:
        """The declared options, and those that choose the configuration."""
        return [*self.own_options(), *declared_options(ConfigurationFlags)]

    def own_options(self) -> list[DeclaredOption]:
        """The declared options of this command's struct."""
        options = command_options(self.options_type(), self.declaration.name)
        return [option for option in options if option.path[0] != CONFIGURATION_FIELD]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the words of the command line."""
        return super().parse_args(ctx, with_bare_values(args, self.declared()))

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The arguments and options of click."""
        if not self.params:
            arguments = declared_arguments(self.options_type())
            self.params = [
                *(_click_argument(name, argument) for name, argument in arguments),
                *map(_click_option, self.declared()),
            ]
        return super().get_params(ctx)

    def invoke(self, ctx: click.Context) -> int:
        """Runs the command.

        Returns:
            The exit code.
        """
        run, options = load(self.declaration.run), self.given_options(ctx)
        interrupt_on_signals()
        gc.freeze()  # else each full collection of the command would visit all of its modules
        with self._workers(options) as more:
            code: int | None = run(options, **more)
        return ExitCode.OK if code is None else code

    @contextmanager
    def _workers(self, options: Any) -> Iterator[dict[str, Any]]:
        """The workers that the options ask for, as an argument of the command's function."""
        workers = self.declaration.workers
        if workers is None or options.pace.workers is None:
            yield {}
            return
        with load(workers)(options) as open_engines:
            yield {"open_engines": open_engines}

    def given_options(self, ctx: click.Context) -> Any:
        """The options as given on the command line, or else by the configuration."""
        kind = self.options_type()
        declared = {option.key: option for option in self.own_options()}
        choices = {option.key: option for option in declared_options(ConfigurationFlags)}
        chosen: dict[tuple[str, ...], Any] = {}
        given: dict[tuple[str, ...], Any] = {}
        for name, value in ctx.params.items():
            if value in (None, ()):
                continue
            if name in choices:
                chosen[choices[name].path] = value
                continue
            option = declared.get(name)
            path = (name,) if option is None else option.path
            adds_up = option is not None and option.value_type.adds_up
            given[path] = tuple(dict.fromkeys(chain.from_iterable(value))) if adds_up else value
        flags = build_options(ConfigurationFlags, chosen)
        if CONFIGURATION_FIELD in kind.__struct_fields__:
            given[CONFIGURATION_FIELD,] = flags
        if self.is_configurable:
            given |= self._configured(ctx, flags, declared)
        words_field = command_words_field(kind)
        if words_field is not None:
            given[words_field,] = sys.argv[1:]
        return build_options(kind, given)

    def _configured(
        self, ctx: click.Context, flags: ConfigurationFlags, declared: Mapping[str, DeclaredOption]
    ) -> dict[tuple[str, ...], Any]:
        """What the configuration gives, by the path of its field; prints where it is from."""
        from bulkeic.cli.configuration.configuration_sources import find_sources  # noqa: PLC0415 - help needs none

        sources = find_sources(flags, os.environ)
        if sources.are_none:
            return {}
        from bulkeic.cli.configuration.command_configuration import (  # noqa: PLC0415 - only if there is one
            Configuration,
            configuration_note,
            for_resumption,
        )

        commands = {
            each.declaration.name: each.own_options
            for each in every_command(ctx.find_root().command)
        }
        configuration = Configuration(sources, commands)
        given = {
            key: option for key, option in declared.items() if ctx.params[key] not in (None, ())
        }
        found = configuration.options_of(self.declaration.name, given)
        found = for_resumption(found, ctx.params, self.declaration.resumes)
        notes = [configuration_note(found)] * bool(found)
        for note in [*configuration.notes(), *notes]:
            click.echo(printable(note), err=True)
        values = {each.option.path: each.value for each in found.values()}
        fields = self.options_type().__struct_fields__
        if "configured" in fields:
            values["configured",] = frozenset(each.option.flag.name for each in found.values())
        if "kept_defaults" in fields:
            flagged = [(option, ctx.params[key]) for key, option in given.items()]
            every = flagged + [(each.option, each.value) for each in found.values()]
            values["kept_defaults",] = frozenset(
                option.flag.name for option, value in every if value == option.default
            )
        return values

    def format_options(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the arguments and the options, group by group."""
        arguments = declared_arguments(self.options_type())
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(each.placeholder, each.help) for _, each in arguments])
        declared = self.declared()
        for group in OptionGroup:
            rows = [
                (option_usage(option), option_notes(option))
                for option in declared
                if option.flag.group is group
            ]
            if rows:
                with formatter.section(group.value):
                    formatter.write_dl(rows, col_max=_OPTION_COLUMN_MAX)
        if any(isinstance(option.value_type, Duration) for option in declared):
            formatter.write_paragraph()
            formatter.write_text(DURATION_NOTE)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the examples, and which page says more."""
        with formatter.section("Examples"):
            for text, command in self.declaration.examples:
                formatter.write_text(f"# {text}")
                formatter.write(f"{'':>{formatter.current_indent}}{command}\n")
        if self.declaration.page:
            formatter.write_paragraph()
            formatter.write_text(f"bulkeic docs {self.declaration.page} says more.")


def every_command(root: click.Command) -> Iterator[OptionCommand]:
    """The commands below a command that have a configuration, in the order of help."""
    found = [root]
    while found:
        command = found.pop(0)
        if isinstance(command, click.Group):
            found = [*command.commands.values(), *found]
        elif isinstance(command, OptionCommand) and command.is_configurable:
            yield command


def with_bare_values(words: Sequence[str], options: Sequence[DeclaredOption]) -> list[str]:
    """Gives flags that need no value the value that holds without one.

    =====================  ===================================
    after such a flag is   it gets
    =====================  ===================================
    a valid value          that value
    anything else          its ``bare`` value; the word stays
    nothing                its ``bare`` value
    =====================  ===================================

    Args:
        words: of the command line; those after ``--`` are no flags.
        options: of the command.
    """
    by_name = {name: each for each in options for name in (each.flag.name, *each.flag.aliases)}
    found: list[str] = []
    left = list(words)
    while left:
        word = left.pop(0)
        option = by_name.get(word)
        if word == "--":
            return [*found, word, *left]
        if option is None or option.is_switch:
            found.append(word)
        elif option.flag.bare is None or (left and _is_value(option, left[0])):
            found += [word, *left[:1]]
            left = left[1:]
        else:
            found.append(f"{word}={option.flag.bare}")
    return found


def _is_value(option: DeclaredOption, word: str) -> bool:
    """Whether a word is meant as the value: it is valid, or a number that is out of range."""
    if word.isdecimal():
        return True
    try:
        option.value_type.parse(word)
    except InputError:
        return False
    return True


def load(path: str) -> Any:
    """The object at ``package.module:name``; its module is imported."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def argument_usage(argument: Argument) -> str:
    """An argument as the usage line shows it."""
    return argument.placeholder if argument.required else f"[{argument.placeholder}]"


def option_usage(option: DeclaredOption) -> str:
    """An option as help shows it: its names with its placeholder."""
    flag = option.flag
    names = ", ".join((flag.name, *flag.aliases))
    names = f"{names} / {flag.opposite}" if flag.opposite else names
    return names if option.is_switch else f"{names} {option.placeholder}"


def option_notes(option: DeclaredOption) -> str:
    """The help text of an option, with its default and its range."""
    flag = option.flag
    default, limits = option.default_text(), option.limits
    notes = [f"default: {default}"] * bool(default) + [limits] * bool(limits)
    return f"{flag.help}  [{'; '.join(notes)}]" if notes else flag.help


def _click_argument(name: str, argument: Argument) -> click.Argument:
    return click.Argument(
        [name],
        type=OptionType(argument.values or ValueType(argument.placeholder)),
        metavar=argument_usage(argument),
        required=argument.required,
    )


def _click_option(option: DeclaredOption) -> click.Option:
    flag = option.flag
    names = [flag.name, *flag.aliases, option.key]
    if flag.opposite:
        switch = f"{flag.name}/{flag.opposite}"
        return click.Option([switch, option.key], default=None, help=flag.help)
    if option.is_switch:
        return click.Option(
            names,
            is_flag=True,
            flag_value=not flag.name.startswith("--no-"),
            default=None,
            help=flag.help,
        )
    values = option.value_type
    return click.Option(
        names,
        type=OptionType(values),
        metavar=values.placeholder,
        multiple=flag.is_multiple or values.adds_up,
        help=flag.help,
    )
