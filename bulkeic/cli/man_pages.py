"""The manual pages, made of the declared options: ``python -m bulkeic.cli.man_pages FOLDER``.

They are in roff, with the macros of man(7) that groff and mandoc know.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from bulkeic.cli.commands import GETTING_STARTED, cli
from bulkeic.cli.option_command import (
    DURATION_NOTE,
    OptionCommand,
    argument_usage,
    option_notes,
    option_usage,
)
from bulkeic.core.exit_codes import MEANINGS
from bulkeic.core.options.option_declaration import DeclaredOption, OptionGroup, declared_arguments
from bulkeic.core.options.option_values import Duration
from bulkeic.version import __version__

_ESCAPES = str.maketrans(
    {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
)
_foreign = re.compile(r"[^\x00-\x7f]")


def man_pages() -> dict[str, str]:
    """Every page by its file name, for example ``bulkeic-apply.1``."""
    commands = list(_commands(cli))
    pages = {_file_name("bulkeic"): _lines_text(_root_page(commands))}
    for command in commands:
        pages[_file_name(_page_name(command))] = _lines_text(_command_page(command))
    return pages


def roff(text: str) -> str:
    """A text as roff, so that it is shown as it is, on one line."""
    line = " ".join(text.split()).translate(_ESCAPES)
    line = _foreign.sub(lambda found: f"\\[u{ord(found[0]):04X}]", line)
    return f"\\&{line}" if line.startswith(".") else line


def _commands(group: click.Group) -> Iterator[OptionCommand]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from _commands(command)
        elif isinstance(command, OptionCommand):
            yield command


def _root_page(commands: list[OptionCommand]) -> Iterator[str]:
    yield from _heading("bulkeic", "bulk updates of AWS Lambda's event-invoke configurations")
    yield from (".B bulkeic", ".I COMMAND", "[OPTIONS]")
    yield from (".SH DESCRIPTION", roff(cli.help or ""))
    yield ".SH COMMANDS"
    for command in commands:
        yield from _item(f"\\fB{roff(command.declaration.name)}\\fR", command.declaration.summary)
    yield ".SH GETTING STARTED"
    yield from _examples(
        (lines[0].removeprefix("# "), "\n".join(lines[1:])) for lines in GETTING_STARTED
    )
    yield ".SH EXIT STATUS"
    yield "The page of a command says where its exit codes differ."
    for code, meaning in MEANINGS.items():
        yield from _item(str(code.value), meaning)
    yield ".SH SEE ALSO"
    yield ",\n".join(f".BR {roff(_page_name(command))} (1)" for command in commands)


def _command_page(command: OptionCommand) -> Iterator[str]:
    declaration = command.declaration
    yield from _heading(_page_name(command), declaration.summary.removesuffix("."))
    arguments = [argument for _, argument in declared_arguments(command.options_type())]
    yield f".B {roff(f'bulkeic {declaration.name}')}"
    yield " ".join(["[OPTIONS]", *(roff(argument_usage(argument)) for argument in arguments)])
    yield from (".SH DESCRIPTION", roff(declaration.summary))
    for paragraph in filter(None, declaration.description.split("\n\n")):
        yield from (".PP", roff(paragraph))
    if arguments:
        yield ".SH ARGUMENTS"
        for argument in arguments:
            yield from _item(f"\\fI{roff(argument.placeholder)}\\fR", argument.help)
    yield from _options(command.declared())
    yield ".SH EXAMPLES"
    yield from _examples(declaration.examples)
    yield from (".SH SEE ALSO", ".BR bulkeic (1)")
    if declaration.page:
        yield from (".PP", roff(f"bulkeic docs {declaration.page} says more."))


def _options(options: list[DeclaredOption]) -> Iterator[str]:
    if options:
        yield ".SH OPTIONS"
    if any(isinstance(option.value_type, Duration) for option in options):
        yield roff(DURATION_NOTE)
    for group in OptionGroup:
        chosen = [option for option in options if option.flag.group is group]
        if chosen:
            yield f".SS {roff(group.value)}"
        for option in chosen:
            yield from _item(f"\\fB{roff(option_usage(option))}\\fR", option_notes(option))


def _heading(name: str, summary: str) -> Iterator[str]:
    yield f'.TH {roff(name.upper())} 1 "" "bulkeic {roff(__version__)}" "bulkeic"'
    yield from (".SH NAME", f"{roff(name)} \\- {roff(summary)}", ".SH SYNOPSIS")


def _item(term: str, text: str) -> Iterator[str]:
    yield from (".TP", term, roff(text))


def _examples(examples: Iterable[tuple[str, str]]) -> Iterator[str]:
    for number, (text, command) in enumerate(examples):
        yield from [".PP"] * bool(number)  # a section begins with a paragraph anyway
        yield from (roff(text), ".PP", ".RS 4", ".EX")
        yield from map(roff, command.splitlines())
        yield from (".EE", ".RE")


def _page_name(command: OptionCommand) -> str:
    return f"bulkeic-{command.declaration.name.replace(' ', '-')}"


def _file_name(page: str) -> str:
    return f"{page}.1"


def _lines_text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Writes every page to a folder, which is created."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in man_pages().items():
        (folder / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
