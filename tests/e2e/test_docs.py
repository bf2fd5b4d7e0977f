"""The docs name what is there, and nothing that is not."""

import re
from pathlib import Path

import bulkeic as library
from bulkeic.cli.reference import reference_page
from bulkeic.core.fields import TARGET_FIELDS
from bulkeic.core.model import Status
from bulkeic.core.outcome_fields import OUTCOME_FIELDS
from bulkeic.core.summary import Traffic, summarize
from bulkeic.sandbox.behavior.scenario import FIELDS as FIELDS_OF_A_SCENARIO
from bulkeic.sandbox.state.region_names import REGIONS

ROOT = Path(__file__).parents[2]


def test_the_command_reference_is_up_to_date() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text()
    assert text == reference_page(), "run: make reference"


def test_every_outcome_and_summary_field_is_in_the_docs() -> None:
    text = (ROOT / "docs/reference/outcomes.md").read_text()
    summary = summarize((), run="", targets=0, lanes={}, traffic=Traffic()).to_json()
    for name in (*OUTCOME_FIELDS, *summary, *Status):
        assert f"`{name}`" in text


def test_every_field_of_a_targets_file_is_in_the_docs() -> None:
    text = (ROOT / "docs/reference/targets.md").read_text()
    for name in TARGET_FIELDS.names:
        assert f"`{name}`" in text


def test_every_public_name_is_in_the_docs_and_can_be_imported() -> None:
    text = (ROOT / "docs/reference/library.md").read_text()
    assert len(library.__all__) <= 12
    for name in library.__all__:
        assert f"`{name}`" in text
        assert getattr(library, name).__doc__


def test_the_example_fleet_is_what_the_readme_says() -> None:
    rows = (ROOT / "examples/fleet.csv").read_text().splitlines()[1:]
    assert len(rows) == 200
    assert (
        sum("-missing" in row for row in rows) == sum("-unconfigured" in row for row in rows) == 1
    )


def test_every_field_of_a_scenario_is_in_the_docs() -> None:
    text = (ROOT / "docs/reference/sandbox.md").read_text()
    for name in FIELDS_OF_A_SCENARIO:
        assert f"`{name}`" in text


def test_the_regions_of_generated_fleets_are_in_the_docs() -> None:
    text = (ROOT / "docs/reference/sandbox.md").read_text()
    assert ", ".join(REGIONS) in " ".join(text.split())


def test_the_tests_that_the_security_policy_names_are_there() -> None:
    named = set(re.findall(r"`(tests/[^`]+)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) >= 6
    for name in named:
        assert (ROOT / name).exists(), name
