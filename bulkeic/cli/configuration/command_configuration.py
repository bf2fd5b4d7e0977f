"""The configuration of one command: the options that it gives, and its warnings."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bulkeic.cli.configuration.configuration_reader import read_files
from bulkeic.cli.configuration.configuration_sources import ConfigurationSources
from bulkeic.core.configuration.configured_options import (
    ConfigurationFile,
    ConfiguredOption,
    chosen_profile,
    configured_options,
    in_effect,
)
from bulkeic.core.configuration.known_keys import KnownKeys
from bulkeic.core.options.option_declaration import DeclaredOption, Repeat

Commands = Mapping[str, Callable[[], Sequence[DeclaredOption]]]


class Configuration:
    """Files and variables that were read.

    Args:
        sources: where they are.
        commands: every command, with what returns its options.

    Attributes:
        keys: of every command.
        files: the strongest first.
        profile: that holds.

    Raises:
        InputError: a file is invalid, or no file has the profile.
    """

    def __init__(self, sources: ConfigurationSources, commands: Commands) -> None:
        self.keys = KnownKeys(commands)
        self.files: list[ConfigurationFile] = read_files(sources)
        self.profile = chosen_profile(sources.profile, self.files)
        self._variables = sources.variables

    def options_of(
        self, command: str, given: Mapping[str, DeclaredOption]
    ) -> dict[str, ConfiguredOption]:
        """The configured options that have an effect, by key.

        Args:
            command: its name.
            given: the options of the command line, by key.

        Raises:
            InputError: a key is unknown, or a value is invalid.
        """
        found = configured_options(
            command, self.keys, variables=self._variables, files=self.files, profile=self.profile
        )
        return in_effect(found, given, self.keys.of(command))

    def notes(self) -> list[str]:
        """The warnings about variables."""
        return self.keys.unknown_variables(self._variables)


def for_resumption(
    found: Mapping[str, ConfiguredOption], given: Mapping[str, Any], name: str | None
) -> dict[str, ConfiguredOption]:
    """The configured options, without those that the resumed file stores.

    Args:
        found: by key.
        given: the arguments and options of the command line.
        name: of the argument or option that names the file; ``None``: the command has none.
    """
    file = given.get(name or "")
    if file is None and name is not None and name in found:
        file = found[name].value
    if not isinstance(file, str) or not _is_database(Path(file)):
        return dict(found)
    return {
        key: each for key, each in found.items() if each.option.flag.repeat is not Repeat.STORED
    }


def configuration_note(found: Mapping[str, ConfiguredOption]) -> str:
    """The one line that says which options a configuration gives."""
    by_place = sorted((f"{each.origin.name}{_profile(each)}", key) for key, each in found.items())
    parts = [
        f"{', '.join(key for _, key in pairs)} from {place}"
        for place, pairs in groupby(by_place, key=lambda pair: pair[0])
    ]
    return f"configuration: {'; '.join(parts)}"


def _profile(configured: ConfiguredOption) -> str:
    profile = configured.origin.profile
    return f" (profile {profile})" if profile else ""


def _is_database(path: Path) -> bool:
    from bulkeic.store.sqlite.file_checks import is_run_file  # noqa: PLC0415 - few configurations need it

    return is_run_file(path)
