"""Invalid configuration files: each problem names its place, the rule and the way out."""

from pathlib import Path

import pytest

from bulkeic.cli.configuration.command_configuration import Configuration
from bulkeic.cli.configuration.configuration_sources import ConfigurationSources
from bulkeic.core.configuration.configured_options import check_document
from bulkeic.core.errors import InputError

from .test_commands import COMMANDS

OPTIONS = {name: each.own_options for name, each in COMMANDS.items() if each.is_configurable}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("rate = 5\nmax_target = 1",
         ":2: max_target: unknown key; did you mean max_targets? It"),
        ("[applyy]\nrate = 5", ":1: applyy: unknown table; did you mean [apply]"),
        ("\n[prof.x]\nrate = 5", ":2: prof: unknown table; did you mean [profile.NAME]?"),
        ("\nbench.compar = {}", ":2: bench.compar: unknown table; did you mean [bench.compare]?"),
        ("\napply = { forc = true }", ":2: apply.forc: unknown key; did you mean format?"),
        ("yes = true", ":1: yes: this confirms or forces something in one case"),
        ("gate = 'true'", ":1: gate: a project file cannot set this"),
        ("[profile.x]\n[profile.x.apply]\nendpoint_url = 'http://127.0.0.1:1'\n",
         ":3: profile.x.apply.endpoint_url: a project file cannot set this"),
        ("rate = 0", ":1: rate: '0' is not a rate; expected a number above 0"),
        ("rate = true", ":1: rate: expected a text in quotes, not true or false"),
        ("concurrency = '5'",
         ":1: concurrency: expected a number without quotes, such as concurrency = 5"),
        ("sandbox = 'yes'", ":1: sandbox: expected true or false, not a text"),
        ("name = 'fn'", ':1: name: expected a list, such as name = ["…"], not a text'),
        ("role_arn = 5", ":1: role_arn: expected a text in quotes, not a number"),
        ("rate = 1\nrate = 2", ":2: not TOML: Cannot overwrite a value"),
        ("rate = ", ":1: not TOML: Invalid value"),
        ("a = " + "[" * 3000, ": tables or lists are nested too deeply"),
        ("timeout = 0x" + "f" * 9000, ":1: timeout: the number is too large"),
        ("rate = { a = 1 }", ":1: rate: unknown table"),
        ('results = "a\\u0000b"', ":1: results: 'a\\x00b' is not the name of a file"),
        ("apply = 1", ":1: apply: expected the table [apply]"),
        ("config_profile = 'x'",
         ":1: config_profile: unknown configuration profile 'x'; no"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "bulkeic.toml"
    path.write_text(text)
    profile = "x" if "profile.x" in text else None
    sources = ConfigurationSources(project=str(path), variables={}, profile=profile)

    with pytest.raises(InputError) as raised:
        read_options(sources)

    assert str(raised.value).startswith(f"{path}{problem}")


def read_options(sources: ConfigurationSources) -> None:
    configuration = Configuration(sources, OPTIONS)
    for command in ("apply", "bench"):
        configuration.options_of(command, {})


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"rate = 5 # \xff", ": not UTF-8; expected TOML"),
        (b"#" * 1_000_001, ": a configuration file has at most 1 MB"),
    ],
)
def test_a_file_that_is_no_text_is_one_line(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "bulkeic.toml"
    path.write_bytes(data)
    with pytest.raises(InputError) as raised:
        Configuration(ConfigurationSources(given=str(path), variables={}), OPTIONS)
    assert str(raised.value) == f"{path}{problem}"


def test_the_home_folder_is_known_without_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    path = tmp_path / "bulkeic.toml"
    path.write_text('accounts = "~/accounts.csv"\n')
    configuration = Configuration(ConfigurationSources(given=str(path), variables={}), OPTIONS)

    found = configuration.options_of("apply", {})["accounts"].value

    assert found == str(Path.home() / "accounts.csv")


def test_the_file_in_the_docs_is_valid(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/configuration.md").read_text()
    path = tmp_path / "bulkeic.toml"
    path.write_text(page.partition("```toml\n")[2].partition("```")[0])

    sources = ConfigurationSources(project=str(path), variables={}, profile="prod")
    configuration = Configuration(sources, OPTIONS)

    check_document(configuration.files[0], configuration.keys)
    assert {*configuration.options_of("apply", {})} == {
        "role_arn", "max_targets", "max_failures", "region", "rate", "waves", "bake",
    }  # fmt: skip
