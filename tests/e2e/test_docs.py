"""The docs name what is there, and nothing that is not."""

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

import bulkeic as library
from bulkeic.cli.commands import cli
from bulkeic.cli.flags import FAULTS
from bulkeic.core.fields import TARGET_FIELDS
from bulkeic.core.model import Status
from bulkeic.core.outcome_fields import OUTCOME_FIELDS
from bulkeic.core.summary import Traffic, summarize
from bulkeic.sandbox import Faults
from bulkeic.sandbox.behavior.scenario import FIELDS as FIELDS_OF_A_SCENARIO
from bulkeic.sandbox.state.generated_fleet import REGIONS

ROOT = Path(__file__).parents[2]
COMMANDS = (ROOT / "docs/commands.md").read_text()
SECTIONS = dict(
    re.findall(r"^## `bulkeic (\w+).*?`\n(.*?)(?=^## |\Z)", COMMANDS, re.MULTILINE | re.DOTALL)
)


def test_every_command_is_in_the_docs_and_no_other() -> None:
    assert set(SECTIONS) == set(cli.commands)


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_flag_is_in_the_docs_and_no_other(name: str) -> None:
    command = cli.commands[name]
    every = list(command.commands.values()) if isinstance(command, click.Group) else [command]
    params = [param for each in every for param in each.params]
    options = [each for each in params if isinstance(each, click.Option)]
    flags = {flag for option in options for flag in option.opts if flag != "--help"}
    told = set(re.findall(r"`(--[a-z0-9-]+)(?: FILE)?`", SECTIONS[name]))

    assert {flag for flag in told if flag not in flags and flag != "--version"} <= (
        {"--help", "--sandbox"} if name == "sandbox" else set()
    )
    assert flags - told == set()


def test_every_outcome_and_summary_field_is_in_the_docs() -> None:
    text = (ROOT / "docs/outcomes.md").read_text()
    summary = summarize((), run="", targets=0, lanes={}, traffic=Traffic()).to_json()
    for name in (*OUTCOME_FIELDS, *summary, *Status):
        assert f"`{name}`" in text


def test_every_field_of_a_targets_file_is_in_the_docs() -> None:
    text = (ROOT / "docs/targets.md").read_text()
    for name in TARGET_FIELDS.names:
        assert f"`{name}`" in text


def test_every_public_name_is_in_the_docs_and_can_be_imported() -> None:
    text = (ROOT / "docs/library.md").read_text()
    assert len(library.__all__) <= 12
    for name in library.__all__:
        assert f"`{name}`" in text
        assert getattr(library, name).__doc__


def test_every_fault_of_the_sandbox_is_a_flag() -> None:
    probabilities = {field.name for field in fields(Faults) if not field.name.endswith("_s")}
    assert set(FAULTS) == probabilities


def test_the_links_of_the_docs_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_example_fleet_is_what_the_readme_says() -> None:
    rows = (ROOT / "examples/fleet.csv").read_text().splitlines()[1:]
    assert len(rows) == 200
    assert (
        sum("-missing" in row for row in rows) == sum("-unconfigured" in row for row in rows) == 1
    )


def test_every_field_of_a_scenario_is_in_the_docs() -> None:
    text = (ROOT / "docs/sandbox.md").read_text()
    for name in FIELDS_OF_A_SCENARIO:
        assert f"`{name}`" in text


def test_the_regions_of_generated_fleets_are_in_the_docs() -> None:
    assert ", ".join(REGIONS) in (ROOT / "docs/sandbox.md").read_text()


def test_the_tests_that_the_security_policy_names_are_there() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name).exists(), name
