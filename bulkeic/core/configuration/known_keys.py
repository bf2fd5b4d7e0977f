"""The keys and variables of a configuration, from the declared options of every command.

A key has one meaning outside the tables of commands: that of ``apply``, or else of the first
command that has it. It holds for every command whose option is of the same group. ``rate`` is the
pace of a run, for example; ``sandbox`` has a quota of that name, in ``[sandbox]``.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.option_declaration import Configurable, DeclaredOption

PREFIX = "BULKEIC_"
PROFILE_TABLE = "profile"
PROFILE_KEY = "config_profile"
"""Names the profile that holds, in a configuration file."""
OWN_VARIABLES = frozenset({"BULKEIC_CONFIG", "BULKEIC_CONFIG_PROFILE", "BULKEIC_NO_CONFIG"})
"""Variables that choose the configuration."""
_FIRST = "apply"
_NEAR_VARIABLE = 0.8


class KnownKeys:
    """The keys of each command. The options of a command are loaded when they are needed.

    Args:
        commands: by name; returns the options of the command.
    """

    def __init__(self, commands: Mapping[str, Callable[[], Sequence[DeclaredOption]]]) -> None:
        self._commands = dict(sorted(commands.items(), key=lambda each: each[0] != _FIRST))
        self._options: dict[str, dict[str, DeclaredOption]] = {}

    @property
    def commands(self) -> Iterable[str]:
        """The names of the commands, ``apply`` first."""
        return self._commands

    def of(self, command: str) -> dict[str, DeclaredOption]:
        """The options of a command, by key."""
        if command not in self._options:
            self._options[command] = {each.key: each for each in self._commands[command]()}
        return self._options[command]

    def find(self, key: str) -> DeclaredOption | None:
        """The option that a key means outside the tables of commands."""
        return next((self.of(name)[key] for name in self._commands if key in self.of(name)), None)

    def holders(self, key: str) -> list[str]:
        """The commands that have a key, with whatever meaning."""
        return [name for name in self._commands if key in self.of(name)]

    def is_general(self, option: DeclaredOption) -> bool:
        """Whether an option is what its key means outside the tables of commands."""
        found = self.find(option.key)
        return found is not None and found.flag.group is option.flag.group

    def variables(self, command: str) -> dict[str, DeclaredOption]:
        """The variables of a command; those of this command alone come last."""
        options = self.of(command).values()
        general = {f"{PREFIX}{each.key.upper()}": each for each in options if self.is_general(each)}
        return general | {own_variable(command, each): each for each in options}

    def unknown(self, key: str, command: str | None) -> InputError:
        """The error for a key that is unknown.

        Args:
            key: as the file has it.
            command: whose table it is in; ``None``: it is in no table of a command.
        """
        others = self.holders(key) if command is not None else []
        if others:
            return InputError(f"{command} has no such option; it is one of {', '.join(others)}")
        names = [command] if command is not None else list(self._commands)
        known = {
            key: None
            for name in names
            for key, option in self.of(name).items()
            if option.flag.configurable is not Configurable.NOWHERE
        }
        if command is None:
            known |= dict.fromkeys([PROFILE_KEY, *self._commands])
        near = difflib.get_close_matches(key.lower().replace("-", "_"), known, n=1, cutoff=0.4)
        if not near:
            return InputError("unknown key; bulkeic config show COMMAND lists the keys")
        holders = ", ".join(self.holders(near[0])) if command is None else ""
        of = f" It is an option of {holders}." if holders else ""
        return InputError(f"unknown key; did you mean {near[0]}?{of}")

    def unknown_table(self, name: str) -> InputError:
        """The error for a table that is neither of a command nor of a profile."""
        tables = {each: f"[{each.replace(' ', '.')}]" for each in self._commands}
        tables[PROFILE_TABLE] = f"[{PROFILE_TABLE}.NAME]"
        near = difflib.get_close_matches(name, tables, n=1)
        hint = f"did you mean {tables[near[0]]}?" if near else "expected a command, or profile.NAME"
        return InputError(f"unknown table; {hint}")

    def unknown_variables(self, names: Iterable[str]) -> list[str]:
        """Notes on variables that look like one of bulkeic's with a typing error."""
        left = [name for name in names if name not in OWN_VARIABLES]
        for command in self._commands:
            left = [name for name in left if name not in self.variables(command)] if left else []
        if not left:
            return []
        names = [each for command in self._commands for each in self.variables(command)]
        known = {name.removeprefix(PREFIX): name for name in (*OWN_VARIABLES, *names)}
        notes = []
        for name in left:
            bare = name.removeprefix(PREFIX)
            near = difflib.get_close_matches(bare, known, n=1, cutoff=_NEAR_VARIABLE)
            if near:
                found = known[near[0]]
                notes.append(f"variable {quoted(name)} is unknown; did you mean {found}?")
        return notes


def own_variable(command: str, option: DeclaredOption) -> str:
    """The variable of an option that holds for one command alone."""
    return f"{PREFIX}{command.replace(' ', '_').upper()}_{option.key.upper()}"


def check_place(option: DeclaredOption, *, is_project: bool) -> None:
    """Checks that an option can be given in a configuration file.

    Args:
        option: its declaration.
        is_project: whether it is a project file.

    Raises:
        InputError: it cannot; the text names the way out.
    """
    flag = option.flag
    if flag.configurable is Configurable.NOWHERE:
        raise _only_on_command_line(option)
    if is_project and flag.configurable is Configurable.BY_USER:
        raise InputError(
            "a project file cannot set this, because it could run programs, send credentials "
            f"elsewhere or replace files; use {flag.name}, {PREFIX}{option.key.upper()} or your "
            "own configuration file"
        )


def check_variable(option: DeclaredOption) -> None:
    """Checks that a variable can give an option.

    Raises:
        InputError: it cannot; the text names the way out.
    """
    if option.flag.configurable is Configurable.NOWHERE:
        raise _only_on_command_line(option)


def _only_on_command_line(option: DeclaredOption) -> InputError:
    return InputError(
        "this confirms or forces something in one case, so no configuration can set it; "
        f"use {option.flag.name} on the command line"
    )
