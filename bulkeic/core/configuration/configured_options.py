"""Which value each option of a command has, and where it comes from.

The first of these that gives an option wins:

1. the command line
2. a variable of the command, such as ``BULKEIC_APPLY_RATE``
3. a variable of every command, such as ``BULKEIC_RATE``
4. the project file, then 5. the user's file; in each:
   a. ``[profile.NAME.apply]``
   b. ``[profile.NAME]``
   c. ``[apply]``
   d. the keys before all tables
6. the default
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from bulkeic.core.configuration.configured_value import toml_value, variable_value
from bulkeic.core.configuration.key_lines import find_line
from bulkeic.core.configuration.known_keys import (
    PROFILE_KEY,
    PROFILE_TABLE,
    KnownKeys,
    check_place,
    check_variable,
)
from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.option_declaration import Configurable, DeclaredOption


class ConfigurationFile(msgspec.Struct, frozen=True):
    """A configuration file that was read.

    Attributes:
        name: as messages show it.
        folder: names of files are relative to it; empty: the working folder.
        home: the folder that ``~`` stands for.
        is_project: whether it is a project file.
        text: of the file.
        document: its tables.
    """

    name: str
    folder: str
    home: str
    is_project: bool
    text: str
    document: dict[str, Any]

    @property
    def profiles(self) -> dict[str, Any]:
        """The tables of profiles, by name."""
        found = self.document.get(PROFILE_TABLE)
        return found if isinstance(found, dict) else {}

    def table(self, path: Sequence[str]) -> dict[str, Any]:
        """The table at a path; empty: there is none."""
        found: Any = self.document
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def path_of(self, name: str) -> str:
        """The path of a file that this one names."""
        if name.startswith("~/"):
            return f"{self.home}{name[1:]}"
        is_anywhere = not self.folder or name == "-" or name.startswith("/")
        return name if is_anywhere else f"{self.folder}/{name}"

    def located(self, problem: InputError, path: Sequence[str]) -> InputError:
        """A problem with its file, its line and its key."""
        line = find_line(self.text, path)
        return InputError(problem.rule, field=".".join(path), line=line, source=self.name)


class ValueOrigin(msgspec.Struct, frozen=True):
    """Where a value comes from.

    Attributes:
        kind: ``file`` or ``variable``.
        name: of the file or the variable.
        line: in the file; 0: it is not known.
        profile: the profile whose table has it; empty: none.
    """

    kind: Literal["file", "variable"]
    name: str
    line: int = 0
    profile: str = ""

    def __str__(self) -> str:
        place = f"{self.name}:{self.line}" if self.line else self.name
        return f"{place} (profile {self.profile})" if self.profile else place


class ConfiguredOption(msgspec.Struct, frozen=True):
    """An option that a configuration gives."""

    option: DeclaredOption
    value: Any
    origin: ValueOrigin


def configured_options(
    command: str,
    keys: KnownKeys,
    *,
    variables: Mapping[str, str],
    files: Iterable[ConfigurationFile],
    profile: str | None,
) -> dict[str, ConfiguredOption]:
    """The options of a command that variables and files give, by key.

    Args:
        command: its name.
        keys: of every command.
        variables: of the environment.
        files: the strongest first.
        profile: that was chosen.

    Raises:
        InputError: a key is unknown, or a value is invalid.
    """
    found: dict[str, ConfiguredOption] = {}
    for file in reversed(list(files)):
        for path in _tables(command, profile):
            _put_over(found, _of_table(file, path, command, keys))
    for name, option in keys.variables(command).items():
        if variables.get(name):
            _put_over(found, [_of_variable(name, option, variables[name])])
    return found


def in_effect(
    found: Mapping[str, ConfiguredOption], given: Mapping[str, DeclaredOption], keys: Iterable[str]
) -> dict[str, ConfiguredOption]:
    """The configured options that have an effect beside the flags of the command line.

    ===============================================  ========
    a configured option                              holds
    ===============================================  ========
    is on the command line, too                      no
    is excluded by a flag of the command line        no
    requires others of the command, of which none    no
    holds
    else                                             yes
    ===============================================  ========

    Args:
        found: the configured options, by key.
        given: the options of the command line, by key.
        keys: of the command's options.
    """
    excluded = {name for option in given.values() for name in option.flag.excludes}
    left = {
        key: each
        for key, each in found.items()
        if key not in given and each.option.flag.name not in excluded
    }
    holding = given.keys() | {key for key, each in left.items() if each.value not in (False, ())}
    known = set(keys)
    return {
        key: each
        for key, each in left.items()
        if not (needed := _key_set(each.option.flag.requires) & known) or needed & holding
    }


def chosen_profile(name: str | None, files: Sequence[ConfigurationFile]) -> str | None:
    """The profile that holds: the given one, or the one that a file names.

    Args:
        name: of the command line or a variable; ``None``: not given.
        files: the strongest first.

    Raises:
        InputError: no file has it.
    """
    problem = InputError("")
    for file in files if name is None else ():
        value = file.document.get(PROFILE_KEY)
        if value is not None and not isinstance(value, str):
            raise file.located(InputError("expected the name of a profile"), [PROFILE_KEY])
        if value is not None:
            name, problem = value, file.located(problem, [PROFILE_KEY])
            break
    if name is None or any(name in file.profiles for file in files):
        return name
    raise InputError(
        _unknown_profile(name, files), field=problem.field, line=problem.line, source=problem.source
    )


def check_document(file: ConfigurationFile, keys: KnownKeys) -> None:
    """Checks every table of a file.

    Raises:
        InputError: a key is unknown, or a value is invalid.
    """
    for command in keys.commands:
        for profile in (None, *file.profiles):
            for path in _tables(command, profile):
                _of_table(file, path, command, keys)


def _unknown_profile(name: str, files: Sequence[ConfigurationFile]) -> str:
    import difflib  # noqa: PLC0415 - only for an error

    known = sorted({each for file in files for each in file.profiles})
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        hint = f"known are {', '.join(known)}"
    else:
        hint = f"no configuration file has a table [{PROFILE_TABLE}.{name}]"
    return f"unknown configuration profile {quoted(name)}; {hint}"


def _tables(command: str, profile: str | None) -> list[tuple[str, ...]]:
    """The paths of the tables that hold for a command, the strongest last."""
    own = tuple(command.split())
    plain: list[tuple[str, ...]] = [(), own]
    in_profile = () if profile is None else (PROFILE_TABLE, profile)
    return [*plain, in_profile, (*in_profile, *own)] if in_profile else plain


def _put_over(found: dict[str, ConfiguredOption], stronger: Iterable[ConfiguredOption]) -> None:
    """Replaces values by stronger ones, and removes those that these exclude."""
    stronger = list(stronger)
    for key in [key for each in stronger for key in _key_set(each.option.flag.excludes)]:
        found.pop(key, None)
    found.update({each.option.key: each for each in stronger})


def _key_set(flags: Iterable[str]) -> set[str]:
    return {flag.removeprefix("--").replace("-", "_") for flag in flags}


def _of_variable(name: str, option: DeclaredOption, text: str) -> ConfiguredOption:
    try:
        check_variable(option)
        return ConfiguredOption(option, variable_value(option, text), ValueOrigin("variable", name))
    except InputError as problem:
        raise InputError(problem.rule, field=name) from None


def _of_table(
    file: ConfigurationFile, path: tuple[str, ...], command: str, keys: KnownKeys
) -> list[ConfiguredOption]:
    """The options of a command that a table gives."""
    found = []
    for key, raw in file.table(path).items():
        here = (*path, key)
        try:
            option = _option(here, raw, command if _is_own(path, command) else None, keys)
            if option is None:
                continue
            check_place(option, is_project=file.is_project)
            ours = keys.of(command).get(key)
            if ours is None or not _holds_for(ours, option, file):
                continue
            value = toml_value(ours, raw, file.path_of)
        except InputError as problem:
            raise file.located(problem, here) from None
        profile = path[1] if path[:1] == (PROFILE_TABLE,) else ""
        origin = ValueOrigin("file", file.name, find_line(file.text, here), profile)
        found.append(ConfiguredOption(ours, value, origin))
    return found


def _holds_for(ours: DeclaredOption, option: DeclaredOption, file: ConfigurationFile) -> bool:
    """Whether what a key outside the tables of commands means is an option of a command.

    Args:
        ours: the option of the command that has the key.
        option: what the key means.
        file: that has the key; a project file gives no option that only the user can give.
    """
    is_refused = file.is_project and ours.flag.configurable is Configurable.BY_USER
    return ours.flag.group is option.flag.group and (ours == option or not is_refused)


def _is_own(path: tuple[str, ...], command: str) -> bool:
    """Whether a table is of a command, in a profile or not."""
    in_profile = path[:1] == (PROFILE_TABLE,)
    return (path[2:] if in_profile else path) == tuple(command.split())


def _option(
    path: tuple[str, ...], raw: Any, command: str | None, keys: KnownKeys
) -> DeclaredOption | None:
    """The option that a key means; ``None``: it is a table, or names the profile.

    Raises:
        InputError: the key is unknown.
    """
    key = path[-1]
    if isinstance(raw, dict):
        _check_table(path, command, keys, raw)
        return None
    if command is None and len(path) == 1 and key == PROFILE_KEY:
        return None
    option = keys.find(key) if command is None else keys.of(command).get(key)
    if option is None:
        if command is None and key in keys.commands:
            raise InputError(f"expected the table [{'.'.join(path)}]")
        raise keys.unknown(key, command)
    return option


def _check_table(
    path: tuple[str, ...], command: str | None, keys: KnownKeys, raw: dict[str, Any]
) -> None:
    """Checks that a table is of a command or a profile.

    Raises:
        InputError: it is not.
    """
    key = path[-1]
    if command is not None:
        if f"{command} {key}" not in keys.commands:
            raise keys.unknown_table(key)
    elif path == (PROFILE_TABLE,):
        if not all(isinstance(each, dict) for each in raw.values()):
            raise InputError("expected tables, such as [profile.prod]")
    elif key not in {name.split()[0] for name in keys.commands}:
        raise keys.unknown_table(key)
