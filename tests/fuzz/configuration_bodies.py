"""Reads configuration files of any bytes."""

import tempfile
from pathlib import Path

from bulkeic.cli.commands import cli
from bulkeic.cli.configuration.command_configuration import Configuration, configuration_note
from bulkeic.cli.configuration.configuration_sources import ConfigurationSources
from bulkeic.cli.option_command import every_command
from bulkeic.core.configuration.configured_options import check_document
from bulkeic.core.errors import InputError, printable

CONFIGURATIONS = (
    b"""\
rate = 5
timeout = "20s"
name = ["orders-*"]
no_progress = true
[apply]
waves = "1,10%"
[profile.prod]
concurrency = 5
[profile.prod.apply]
max_failures = "1%"
""",
    b"""\
config_profile = "a"
"burst" = 1.5
[profile.a]
until = 2026-11-27T18:00:00Z
[bench.compare]
repeat = 2
[sandbox]
functions = 'any'
latency = 0.5
""",
    b"report.json = true\nworkers = \"tls://h:1\"\nsession_tag = [\"a=b\", '''c=\nd''']\nui = true",
)
_OPTIONS = {each.declaration.name: each.own_options for each in every_command(cli)}
_PATH = Path(tempfile.mkdtemp(prefix="bulkeic-fuzz-")) / "bulkeic.toml"


def read_configuration(data: bytes) -> None:
    """Reads a file as the user's and as a project's, for each of its profiles."""
    _PATH.write_bytes(data)
    for kind in ("given", "project"):
        _read(ConfigurationSources(variables={}, **{kind: str(_PATH)}), data)


def _read(sources: ConfigurationSources, data: bytes) -> None:
    try:
        configuration = Configuration(sources, _OPTIONS)
        for command in ("apply", "sandbox"):
            note = configuration_note(configuration.options_of(command, {}))
            assert printable(note).isprintable()
        check_document(configuration.files[0], configuration.keys)
    except InputError as problem:
        _check(problem, data)


def _check(problem: InputError, data: bytes) -> None:
    assert str(problem).isprintable()
    assert problem.source == str(_PATH)
    assert problem.rule
    assert 0 <= problem.line <= data.count(b"\n") + 1
