"""Where configuration comes from: files, variables, and the flags that choose between them.

=====================  ==========================================================================
file                   is
=====================  ==========================================================================
of ``--config``        the only one that is read
project file           ``bulkeic.toml`` of the working folder, or else of the nearest folder above
                       that has one, up to the root of the repository or the home folder
the user's file        ``bulkeic/bulkeic.toml`` in ``$XDG_CONFIG_HOME``, or else in ``~/.config``
=====================  ==========================================================================

Where the working folder is neither in a repository nor below the home folder, no folder above it
is searched: others can write to ``/tmp``, for example.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bulkeic.cli.configuration.configuration_flags import ConfigurationFlags
from bulkeic.core.errors import InputError, UsageError, quoted

PREFIX = "BULKEIC_"
_NAME = "bulkeic.toml"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True}
_SWITCH |= {"0": False, "false": False, "no": False, "off": False, "": False}


class ConfigurationSources(msgspec.Struct, frozen=True, kw_only=True):
    """The files and variables that give configuration, before they are read.

    Attributes:
        given: the file that the user named.
        project: the project file.
        user: the user's file.
        variables: of the environment, by name.
        profile: that the user chose.
    """

    given: str | None = None
    project: str | None = None
    user: str | None = None
    variables: Mapping[str, str]
    profile: str | None = None

    @property
    def are_none(self) -> bool:
        """Whether there is no configuration."""
        files = (self.given, self.project, self.user)
        return not self.variables and self.profile is None and files == (None, None, None)


def find_sources(flags: ConfigurationFlags, environment: Mapping[str, str]) -> ConfigurationSources:
    """Finds the configuration of a command.

    Args:
        flags: of the command line.
        environment: the variables of the process.

    Raises:
        InputError: a variable is invalid.
        UsageError: flags contradict each other, or a project file belongs to someone else.
    """
    variables = {name: text for name, text in environment.items() if name.startswith(PREFIX)}
    if not flags.reads_files and (flags.config is not None or flags.config_profile is not None):
        other = "--config-profile" if flags.config is None else "--config"
        raise UsageError(f"--no-config reads no file; omit it, or omit {other}")
    given = flags.config or variables.get("BULKEIC_CONFIG") or None
    profile = flags.config_profile or variables.get("BULKEIC_CONFIG_PROFILE") or None
    if not flags.reads_files or (flags.config is None and _reads_none(variables)):
        return ConfigurationSources(variables=variables, profile=flags.config_profile)
    if given is not None:
        return ConfigurationSources(given=given, variables=variables, profile=profile)
    user = user_file(environment)
    project = None if _is_user_file(user) else _project_file()
    return ConfigurationSources(
        project=project,
        user=str(user) if _is_file(user) else None,
        variables=variables,
        profile=profile,
    )


def user_file(environment: Mapping[str, str]) -> Path:
    """The user's configuration file, which need not exist."""
    folder = environment.get("XDG_CONFIG_HOME", "")
    if not folder.startswith("/"):  # others are invalid, says the XDG Base Directory Specification
        return home_folder() / ".config" / "bulkeic" / _NAME
    return Path(folder, "bulkeic", _NAME)


def home_folder() -> Path:
    """The user's home folder, also where ``HOME`` is not set."""
    try:
        return Path.home()
    except RuntimeError:  # the user has none
        return Path("/")


def _reads_none(variables: Mapping[str, str]) -> bool:
    text = variables.get("BULKEIC_NO_CONFIG", "")
    found = _SWITCH.get(text.lower())
    if found is None:
        rule = f"expected true or false, not {quoted(text)}"
        raise InputError(rule, field="BULKEIC_NO_CONFIG")
    return found


def _is_user_file(user: Path) -> bool:
    """Whether the file in the working folder is the user's own."""
    try:
        return user.samefile(_NAME)
    except OSError:
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its folder cannot be searched
        return False


def _project_file() -> str | None:
    try:
        here = Path.cwd()
    except OSError:  # the folder was deleted
        return None
    if _is_file(Path(_NAME)):
        return _NAME
    for folder in _folders_above(here):
        path = folder / _NAME
        if _is_file(path):
            _check_owner(path)
            return os.path.relpath(path, here)
    return None


def _folders_above(here: Path) -> list[Path]:
    """The folders above a folder, up to the root of its repository or the home folder."""
    home, found = os.path.realpath(home_folder()), []
    for folder in (here, *here.parents):
        found.append(folder)
        if str(folder) == home or os.path.lexists(folder / ".git"):
            return found[1:]
    return []  # neither in a repository nor below the home folder


def _check_owner(path: Path) -> None:
    if path.stat().st_uid not in {os.getuid(), 0}:
        raise UsageError(
            f"configuration file {quoted(str(path))} belongs to another user; "
            "give it with --config, or use --no-config"
        )
