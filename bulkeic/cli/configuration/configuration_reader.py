"""Reads configuration files."""

import re
import tomllib
from pathlib import Path
from typing import Any

from bulkeic.cli.configuration.configuration_sources import ConfigurationSources, home_folder
from bulkeic.core.configuration.configured_options import ConfigurationFile
from bulkeic.core.errors import InputError

_MAX_BYTES = 1_000_000
_match_place = re.compile(
    r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL
).fullmatch


def read_files(sources: ConfigurationSources) -> list[ConfigurationFile]:
    """Reads the configuration files, the strongest first.

    Raises:
        InputError: one cannot be read, or is not TOML.
    """
    if sources.given is not None:
        return [_read(sources.given, is_project=False)]
    files = ((sources.project, True), (sources.user, False))
    return [_read(path, is_project=is_project) for path, is_project in files if path is not None]


def _read(path: str, *, is_project: bool) -> ConfigurationFile:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "invalid name"
        raise InputError(
            f"the configuration file cannot be read: {reason}; use --no-config to ignore it",
            source=path,
        ) from None
    if len(data) > _MAX_BYTES:
        raise InputError("a configuration file has at most 1 MB", source=path)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError("not UTF-8; expected TOML", source=path) from None
    return ConfigurationFile(
        name=path,
        folder=path.rpartition("/")[0] or "/" * path.startswith("/"),
        home=str(home_folder()),
        is_project=is_project,
        text=text,
        document=_parse(text, path),
    )


def _parse(text: str, path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError("tables or lists are nested too deeply", source=path) from None
    except ValueError as error:
        found = _match_place(str(error))
        last = text.rstrip().count("\n") + 1
        rule, line = (found[1], int(found[2] or last)) if found else ("invalid value", 0)
        if "overwrite" in rule:
            rule += (
                " (an option and a table cannot have one name; see profile and sandbox in the docs)"
            )
        raise InputError(f"not TOML: {rule}", line=line, source=path) from None
