"""The JSON report: its schema is documented, and every report follows it."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.change.reconcile import Action
from bulkeic.core.report.report_document import SCHEMA_VERSION, ReportDocument
from bulkeic.core.report.timeline import Timeline, TimelineStep
from bulkeic.core.summary import ActionCount
from bulkeic.output.report.report_json import report_json, report_schema
from tests.core.example_run_reports import EAST, WEST, run_report

REFERENCE = Path(__file__).parents[2] / "docs/reference"


def check(text: bytes) -> Any:
    """The report, after a strict check of its types and of its fields."""
    decoded = json.loads(text)
    document = msgspec.convert(decoded, ReportDocument, strict=True)
    assert msgspec.to_builtins(document) == decoded
    return decoded


def test_the_published_schema_is_that_of_the_types() -> None:
    published = json.loads((REFERENCE / "report.schema.json").read_text())
    assert published == report_schema(), "run: make reference"


def test_every_field_is_in_the_docs() -> None:
    text = (REFERENCE / "report.md").read_text()
    documented = set(re.findall(r"`(\w+)`", text))
    assert f"version {SCHEMA_VERSION}" in text
    for definition in report_schema()["$defs"].values():
        names = {*definition.get("properties", ()), *definition.get("enum", ())}
        assert names <= documented, names - documented


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_text_can_be_in_a_report(text: str) -> None:
    printed = report_json(run_report(text))
    assert printed.endswith(b"\n")
    assert printed[:-1].decode().isprintable()
    found = check(printed)
    assert (found["source"], found["stopped"], found["flags"]) == (text, text, {"--where": text})


def test_counts_by_lane_account_and_region() -> None:
    found = check(report_json(run_report("E")))
    east, west = found["lanes"]
    assert (east["account_id"], east["region"], east["lanes"]) == (EAST.account_id, EAST.region, 1)
    assert (east["targets"], east["pending"], east["throttles"]) == (10, 1, 3)
    assert (east["statuses"]["updated"], east["statuses"]["failed"]) == (7, 2)
    assert (east["errors"], west["errors"]) == ({"E": 2}, {"E": 1})
    assert (east["first_at"], west["first_at"]) == ("2026-11-26T08:00:00.000Z", None)
    assert [each["account_id"] for each in found["accounts"]] == [EAST.account_id, WEST.account_id]
    assert [each["region"] for each in found["regions"]] == [EAST.region, WEST.region]
    assert [each["code"] for each in found["errors"]] == ["E", "InvalidRow"]
    assert found["errors"][0]["example"]["function_name"] == "E"
    assert found["timeline"] is None


def test_a_plan_and_a_timeline() -> None:
    plain = run_report()
    summary = replace(plain.summary, needs=[ActionCount(EAST, Action.CHANGE, 3)])
    timeline = Timeline(60, (TimelineStep(1_700_000_040, 5, 7, 1, 2),))
    found = check(report_json(replace(plain, summary=summary, timeline=timeline)))
    assert (found["plan"]["change"], found["plan"]["create"]) == (3, 0)
    step = {"at": "2023-11-14T22:14:00.000Z", "targets": 5, "attempts": 7}
    assert found["timeline"] == {"step_s": 60, "steps": [step | {"throttles": 1, "failed": 2}]}


@pytest.mark.parametrize("change", [{"schema_version": "1"}, {"targets": None}, {"state": "x"}])
def test_the_check_sees_a_wrong_type(change: dict[str, Any]) -> None:
    decoded = json.loads(report_json(run_report())) | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(decoded, ReportDocument, strict=True)
