"""The keys and variables of every option, as a part of the command reference in Markdown."""

from collections.abc import Iterator

from bulkeic.cli.configuration.command_configuration import Commands
from bulkeic.core.configuration.known_keys import PREFIX, KnownKeys, own_variable
from bulkeic.core.options.option_declaration import Configurable, DeclaredOption

_HEAD = """\
## Configuration keys

The [how-to page](../how-to/configuration.md) says how files, profiles and variables work.

- A key outside the tables of commands holds for the commands in its row.
  In the table of a command, such as `[apply]`, it holds for that command alone.
- A row with `[sandbox]` and the like is another option of the same name: only that table has it.
- The variable of a single command has its name, too, such as `BULKEIC_APPLY_RATE`.
- *own file*: a project file cannot set it.

| key | variable | commands |
|---|---|---|"""


def key_reference(commands: Commands) -> Iterator[str]:
    """The lines of the section.

    Args:
        commands: every command, with what returns its options.
    """
    keys = KnownKeys(commands)
    rows: dict[tuple[str, str, bool], list[str]] = {}
    for command in commands:
        for key, option in keys.of(command).items():
            where = option.flag.configurable
            if where is not Configurable.NOWHERE:
                row = key, _scope(keys, command, option), where is Configurable.BY_USER
                rows.setdefault(row, []).append(command)
    yield from _HEAD.split("\n")
    for (key, scope, is_own), holders in sorted(rows.items()):
        option = keys.of(holders[0])[key]
        shown = f"`{key}` in `[{scope}]`" if scope else f"`{key}`"
        variable = own_variable(holders[0], option) if scope else f"{PREFIX}{key.upper()}"
        note = " (*own file*)" if is_own else ""
        yield f"| {shown}{note} | `{variable}` | {', '.join(holders)} |"
    yield ""


def _scope(keys: KnownKeys, command: str, option: DeclaredOption) -> str:
    """The table that must have an option; empty: it may be outside of tables."""
    return "" if keys.is_general(option) else command.replace(" ", ".")
