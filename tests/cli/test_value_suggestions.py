"""What the value of an option or an argument can become."""

import subprocess
import sys
from pathlib import Path

import pytest

from bulkeic.app.options.command_options import ApplyOptions
from bulkeic.aws.identity.configured_profiles import configured_profiles
from bulkeic.aws.inventory.region_names_file import described_regions
from bulkeic.cli.completion.value_suggestions import suggested_values
from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import command_options
from bulkeic.core.options.option_values import ValueType

CONFIG = """\
# [profile commented]
[default]
region = eu-west-1
[profile dev]
[ profile  spaced ]
[profile "my prod"]
[profile 'single']
[sso-session dots]
[services s3]
[profiles]
[profile broken
"""


def suggested(known: KnownValues, incomplete: str) -> list[str]:
    return [item.value for item in suggested_values(ValueType("X", known=known), incomplete)]


def test_every_kind_of_known_value_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for known in KnownValues:
        assert all(value.startswith("r") for value in suggested(known, "r"))
    assert suggested(KnownValues.DOC_PAGES, "rollo") == ["rollout"]
    assert suggested(KnownValues.RUN_FILES, "~/r") == ["~/r"]


def test_profiles_are_the_sections_that_the_sdk_takes_for_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text(CONFIG)
    credentials.write_text("[default]\n[ci]\naws_access_key_id = x\n[broken")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    assert configured_profiles() == ["ci", "default", "dev", "my prod", "single", "spaced"]

    config.write_bytes(b"[profile \xff]\n")
    assert configured_profiles() == ["ci", "default", "\N{REPLACEMENT CHARACTER}"]


def test_regions_are_those_that_the_sdk_knows() -> None:
    code = "from botocore.session import Session as S; s = S(); print(*["
    code += (
        "r for p in s.get_available_partitions() for r in s.get_available_regions('lambda', p)])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    names = [name for name, _ in described_regions()]
    assert set(found.split()) <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("incomplete", "values"),
    [
        ("af-", ["af-south-1"]),
        ("!af-", ["!af-south-1"]),
        ("eu-*,af-", ["eu-*,af-south-1"]),
        ("eu-*,!af-", ["eu-*,!af-south-1"]),
        ("xx", []),
    ],
)
def test_the_last_region_of_a_list_is_completed(incomplete: str, values: list[str]) -> None:
    assert suggested(KnownValues.REGIONS, incomplete) == values


def test_every_option_of_a_file_a_profile_or_a_region_is_known() -> None:
    known = {
        option.flag.name: option.value_type.known
        for option in command_options(ApplyOptions, "apply")
        if not option.is_switch
    }
    assert known["--profile"] is KnownValues.PROFILES
    assert known["--region"] is known["--select-region"] is KnownValues.REGIONS
    assert known["--results"] is known["--accounts"] is known["--run"] is KnownValues.FILES
