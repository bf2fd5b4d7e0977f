"""Where options can be given besides the command line, and by which names."""

from collections.abc import Iterator

from bulkeic.cli.configuration.configuration_flags import ConfigurationFlags
from bulkeic.core.configuration.configured_value import plain_value, toml_value, variable_value
from bulkeic.core.configuration.known_keys import OWN_VARIABLES, KnownKeys
from bulkeic.core.errors import InputError
from bulkeic.core.options.option_declaration import Configurable, DeclaredOption, declared_options

from .test_commands import COMMANDS

KEYS = KnownKeys(
    {name: each.own_options for name, each in COMMANDS.items() if each.is_configurable}
)


def every_option() -> Iterator[tuple[str, DeclaredOption]]:
    for command in KEYS.commands:
        for option in KEYS.of(command).values():
            yield command, option


def flags(where: Configurable) -> set[str]:
    return {option.flag.name for _, option in every_option() if option.flag.configurable is where}


def test_no_configuration_confirms_or_forces() -> None:
    assert flags(Configurable.NOWHERE) == {
        "--accept-loss", "--allow-empty", "--expect", "--force", "--overwrite", "--retry-failed",
        "--yes",
    }  # fmt: skip


def test_no_project_file_runs_programs_redirects_credentials_or_replaces_files() -> None:
    assert flags(Configurable.BY_USER) == {
        # They run a command of the shell.
        "--gate", "--notify",
        # They say who gets requests with the session token, or who runs code here (Dask).
        "--endpoint-url", "--insecure", "--tls-ca-file", "--tls-cert", "--tls-key",
        # They replace a file.
        "--html", "--metrics", "--results", "--save-state",
    }  # fmt: skip
    free = {name for name, each in every_option() if each.flag.name in {"--html", "--results"}
            and each.flag.configurable is Configurable.ANYWHERE}  # fmt: skip
    assert free == {"apply", "verify", "rollback", "report"}  # theirs must not exist


def test_a_variable_means_one_option_of_a_command() -> None:
    for command in KEYS.commands:
        general = {f"BULKEIC_{key.upper()}" for key in KEYS.of(command)}
        own = {
            f"BULKEIC_{command.replace(' ', '_').upper()}_{key.upper()}" for key in KEYS.of(command)
        }
        assert not own & (general | OWN_VARIABLES), command
        others = {
            each for other in KEYS.commands if other != command for each in KEYS.variables(other)
        }
        assert not own & others, command
        assert own <= KEYS.variables(command).keys()


def test_a_key_has_one_meaning_outside_the_tables_of_commands() -> None:
    held = {
        key: {name for name, each in every_option() if each.key == key and KEYS.is_general(each)}
        for key in ("rate", "name", "duration", "where", "sandbox")
    }
    paced = {"discover", "plan", "apply", "verify", "rollback"}
    assert held["rate"] == paced
    assert held["sandbox"] == paced - {"discover"} | {"bench"}
    assert held["where"] == {"apply", "plan"}
    assert "bench" not in held["duration"]
    assert "worker" not in held["name"]


def test_what_requires_or_excludes_others_names_options() -> None:
    names = {option.flag.name for _, option in every_option()}
    for _, option in every_option():
        assert {*option.flag.requires, *option.flag.excludes} <= names


def test_an_option_has_the_same_value_in_a_file_as_on_the_command_line() -> None:
    for command, option in every_option():
        if option.is_switch:
            continue
        text = _EXAMPLES.get(option.value_type.placeholder) or _example(option)
        is_list = option.flag.is_multiple or option.value_type.adds_up
        parsed = option.value_type.parse(text)
        expected = (parsed,) if option.flag.is_multiple else parsed

        assert variable_value(option, f'"{text}"' if is_list else text) == expected, command
        plain = plain_value(option, expected)
        raw = [plain] if option.value_type.adds_up else plain
        assert toml_value(option, raw) == expected, (command, option.key)


def _example(option: DeclaredOption) -> str:
    if option.value_type.choices:
        return option.value_type.choices[-1]
    for text in _TEXTS:
        try:
            option.value_type.parse(text)
        except InputError:
            continue
        return text
    raise AssertionError(option.flag.name)


_EXAMPLES = {"DURATION": "1s", "N|ADDRESS": "tls://host:8786"}
_TEXTS = (
    "2", "60", "900", "123456789012", "some-text", "none", "a=b", "5%", "p99 > 1.2x", "latest",
    "1,100%", "0" * 64, "ou-abcd-12345678", "us-east-1", "2026-01-31T12:00:00Z",
    "arn:aws:ssm:us-east-1:123456789012:document/calendar",
)  # fmt: skip


def test_the_flags_of_configuration_are_flags_alone() -> None:
    options = {each.key for each in COMMANDS["apply"].declared()} - {*KEYS.of("apply")}
    assert options == {"config", "config_profile", "no_config"}
    assert all(each.flag.configurable is Configurable.NOWHERE for each in
               declared_options(ConfigurationFlags))  # fmt: skip
