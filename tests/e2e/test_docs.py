"""The docs name what is there, and nothing that is not."""

import json
import re
from pathlib import Path
from typing import get_args

import promql_parser
import yaml

from bulkeic.app.watching.event_schema import event_schema
from bulkeic.cli.reference import reference_page
from bulkeic.core.model import Status
from bulkeic.core.outcome_fields import OUTCOME_FIELDS
from bulkeic.core.rollout.run_events import AnyRunEvent, RunEvent
from bulkeic.core.summary import Traffic, summarize
from bulkeic.core.targets.fields import TARGET_FIELDS
from bulkeic.core.telemetry.metric_families import METRICS
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


def test_the_example_fleet_is_what_the_readme_says() -> None:
    rows = (ROOT / "examples/fleet.csv").read_text().splitlines()[1:]
    assert len(rows) == 200
    assert (
        sum("-missing" in row for row in rows) == sum("-unconfigured" in row for row in rows) == 1
    )


def test_the_published_schema_of_events_is_that_of_the_types() -> None:
    published = json.loads((ROOT / "docs/reference/event.schema.json").read_text())
    assert published == event_schema(), "run: make reference"


def test_every_field_of_an_event_and_every_metric_is_in_the_docs() -> None:
    text = (ROOT / "docs/reference/monitoring.md").read_text()
    for kind in get_args(AnyRunEvent):
        own = [name for name in kind.__struct_fields__ if name not in RunEvent.__struct_fields__]
        [row] = re.findall(
            rf"^\| `{kind.__struct_config__.tag}` \|.*\| (.*) \|$", text, re.MULTILINE
        )
        assert row == ", ".join(f"`{name}`" for name in own)
        for name in kind.__struct_fields__:
            assert f"`{name}`" in text
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        assert f"| `{metric.series}` | {metric.kind} | {labels} | {metric.help} |\n" in text


def test_the_alert_rules_in_the_docs_are_valid_and_name_known_metrics() -> None:
    text = (ROOT / "docs/how-to/monitoring.md").read_text()
    [block] = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [group] = yaml.safe_load(block)["groups"]
    assert len(group["rules"]) >= 3
    for rule in group["rules"]:
        promql_parser.parse(rule["expr"])
        used = set(re.findall(r"bulkeic_\w+", rule["expr"]))
        assert used <= {metric.series for metric in METRICS}
        assert used


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
