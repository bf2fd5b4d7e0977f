"""Every command as declared: its options, its help, its examples."""

import inspect
import math
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields

import click
import msgspec
import pytest
from click.testing import CliRunner

from bulkeic.app.options.access_options import AccessOptions
from bulkeic.app.options.command_options import ApplyOptions, RollbackOptions
from bulkeic.app.options.pace_options import PaceOptions
from bulkeic.app.options.sandbox_flags import SandboxFlags
from bulkeic.app.run_files.next_commands import flags_of, next_command, resume_command
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.cli.commands import cli
from bulkeic.cli.option_command import OptionCommand, OptionType, load
from bulkeic.core.errors import InputError
from bulkeic.core.model import Settings
from bulkeic.core.options.option_declaration import OptionGroup
from bulkeic.core.rollout.waves import parse_waves
from bulkeic.sandbox import Faults, SandboxOptions


def every_command(group: click.Group = cli) -> Iterator[OptionCommand]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from every_command(command)
        elif isinstance(command, OptionCommand):
            yield command


def parsed(*words: str) -> msgspec.Struct:
    """The options that a command line gives."""
    name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
    declared = COMMANDS[name]
    rest = list(words[len(name.split()) :])
    options: msgspec.Struct = declared.given_options(declared.make_context(name, rest))
    return options


COMMANDS = {command.declaration.name: command for command in every_command()}


def quoted(*words: str, width: int = 80) -> str:
    result = CliRunner().invoke(cli, words, terminal_width=width)
    return result.output


@pytest.fixture(params=COMMANDS)
def command(request: pytest.FixtureRequest) -> OptionCommand:
    return COMMANDS[request.param]


def test_a_command_runs_what_takes_its_options(command: OptionCommand) -> None:
    parameter, *others = inspect.signature(load(command.declaration.run)).parameters.values()
    assert [other.name for other in others] == ["open_engines"] * (
        command.declaration.workers is not None
    )
    assert parameter.annotation is command.options_type()
    assert issubclass(command.options_type(), msgspec.Struct)


def test_an_option_has_one_name_and_a_default_that_can_be_typed(command: OptionCommand) -> None:
    options = command.declared()
    assert len({option.key for option in options}) == len(options)
    for option in options:
        assert option.flag.name.startswith("--")
        assert option.flag.help.endswith(".")
        if not option.is_switch and option.default not in (None, ()):
            values = option.value_type
            assert values.parse(values.format(option.default)) == option.default, option.flag.name


def test_a_number_has_a_unit_and_limits(command: OptionCommand) -> None:
    for option in command.declared():
        values = option.value_type
        if option.type in (int, float) and not option.is_switch:
            assert values.placeholder != "TEXT", option.flag.name
            with pytest.raises(InputError, match="expected"):
                values.parse("x")


def test_help_shows_each_option_in_its_group(command: OptionCommand) -> None:
    text = quoted(*command.declaration.name.split(), "--help")
    headings = [group.value for group in OptionGroup if f"\n{group.value}:\n" in text]
    assert [text.index(f"\n{heading}:\n") for heading in headings] == sorted(
        text.index(f"\n{heading}:\n") for heading in headings
    )
    assert set(headings) == {option.flag.group.value for option in command.declared()}
    for option in command.declared():
        _, _, section = text.partition(f"\n{option.flag.group.value}:\n")
        assert f"\n  {option.flag.name}" in f"\n{section}".partition("\n\n")[0]


@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_the_terminal(command: OptionCommand, width: int) -> None:
    lines = quoted(*command.declaration.name.split(), "--help", width=width).splitlines()
    examples = lines.index("Examples:")
    assert max(map(len, lines[:examples])) <= width
    assert max(map(len, lines[examples:])) <= 90


def test_each_example_of_a_command_can_be_typed(command: OptionCommand) -> None:
    assert len(command.declaration.examples) >= 2
    for text, line in command.declaration.examples:
        assert text.endswith(":")
        called = re.sub(r'^eval "\$\((.+)\)"$', r"\1", line)
        program, *words = shlex.split(re.sub(r" > [\w.~/]+$", "", called))
        assert program == "bulkeic"
        assert isinstance(parsed(*words), msgspec.Struct)


def test_bulkeic_alone_says_what_to_type_first() -> None:
    text = quoted()
    assert "Getting started:" in text
    assert "bulkeic apply targets.csv --sandbox" in text
    for name in cli.commands:
        assert f"\n  {name} " in text


def test_an_option_that_is_not_given_has_the_default_of_its_field() -> None:
    assert parsed("apply", "t.csv") == ApplyOptions(source="t.csv")
    assert parsed("rollback", "run.db") == RollbackOptions(source="run.db")


def test_options_reach_their_fields() -> None:
    options = parsed(
        "apply", "t.csv", "--maximum-retry-attempts", "0", "--region", "eu-west-1", "--rate",
        "unlimited", "--no-progress", "--timeout", "500ms", "--waves", "1,100%", "--yes",
    )  # fmt: skip

    assert options == ApplyOptions(
        source="t.csv",
        settings=Settings(maximum_retry_attempts=0),
        access=AccessOptions(region="eu-west-1"),
        pace=PaceOptions(rate=math.inf, timeout_s=0.5),
        progress=False,
        waves=parse_waves("1,100%"),
        yes=True,
    )


def test_bench_has_defaults_of_its_own_and_the_words_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["bulkeic", "bench", "--rates", "5,10"])

    options = parsed("bench", "--rates", "5,10", "--role-duration", "900")

    assert isinstance(options, BenchOptions)
    assert options.words == ["bench", "--rates", "5,10"]
    assert options.load.rates == (5.0, 10.0)
    assert options.access.duration_s == 900
    assert options.log.log_level == "error"


GIVEN = [
    "--profile", "p", "--region", "eu-west-1", "--role-arn", "arn:aws:iam::{account}:role/r",
    "--external-id", "some id", "--role-session-name", "me", "--accounts", "a.csv", "--duration",
    "900", "--endpoint-url", "http://127.0.0.1:1", "--rate", "auto", "--headroom", "12.5%",
    "--burst", "3", "--concurrency", "5", "--max-attempts", "2", "--timeout", "1.5",
    "--give-up-after", "30", "--max-denied", "0", "--output", "json", "--log-format", "json",
    "--log-level", "debug", "--no-progress", "--results", "r.csv", "--max-failures", "5%",
    "--force", "--yes", "--wave-pause", "0", "--waves", "1,10%,100%", "--wave-by", "region",
]  # fmt: skip
STORED = [
    "--maximum-retry-attempts", "1", "--maximum-event-age-in-seconds", "60", "--on-success", "none",
    "--on-failure", "none", "--replace-destinations", "--create-missing", "--where", "a",
    "--format", "csv", "--skip-invalid", "--run", "run.db", "--before-image",
]  # fmt: skip


def test_the_command_that_resumes_a_run_gives_the_same_options() -> None:
    options = parsed("apply", "t.csv", *GIVEN, *STORED, "--max-targets", "9")
    assert isinstance(options, ApplyOptions)

    program, *words = shlex.split(resume_command("my run.db", flags_of(options), has_waves=False))

    assert program == "bulkeic"
    assert parsed(*words) == parsed("apply", "my run.db", *GIVEN)


def test_the_command_that_resumes_a_run_with_waves_leaves_them_out() -> None:
    options = parsed("apply", "t.csv", *GIVEN)
    assert isinstance(options, ApplyOptions)

    words = shlex.split(resume_command("run.db", flags_of(options), has_waves=True))

    assert parsed(*words[1:]) == parsed("apply", "run.db", *GIVEN[: GIVEN.index("--waves")])


def test_another_command_for_a_run_repeats_neither_consent_nor_what_it_does_not_have() -> None:
    options = parsed("apply", "t.csv", *GIVEN, *STORED)
    assert isinstance(options, ApplyOptions)

    for name in ("plan", "apply", "verify", "rollback"):
        words = shlex.split(next_command(name, "run.db", flags_of(options)))
        assert words[:3] == ["bulkeic", name, "run.db"]
        assert parsed(*words[1:]) == parsed(name, "run.db", *GIVEN[: GIVEN.index("--results")])


def test_an_option_with_several_values_is_repeated() -> None:
    words = ["export", "run.db", "--status", "failed", "--status", "invalid"]
    options = parsed(*words)

    (status,) = [each for each in COMMANDS["export"].declared() if each.key == "status"]

    assert status.words(options) == words[2:]


def test_a_run_file_stores_what_was_chosen_when_it_was_made() -> None:
    options = parsed("apply", "run.db", *GIVEN, *STORED)
    assert isinstance(options, ApplyOptions)
    assert set(options.stored_by_run()) == {word for word in STORED if word.startswith("--")}


def test_faults_of_the_sandbox_are_options() -> None:
    names = {field.name for field in fields(Faults)}
    assert names <= set(SandboxFlags.__struct_fields__)
    given = set(SandboxFlags.__struct_fields__) - {"fleet", "scenario"}
    assert given <= names | {field.name for field in fields(SandboxOptions)}


def test_choices_are_completed() -> None:
    (option,) = [each for each in COMMANDS["apply"].declared() if each.key == "log_level"]
    found = OptionType(option.value_type).shell_complete(None, None, "w")
    assert [item.value for item in found] == ["warning"]
