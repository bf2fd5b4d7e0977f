"""Scenarios: options read from JSON."""

import re
from typing import Any

import pytest

from bulkeic.sandbox import Faults, SandboxOptions, options_from_json

from .sandbox_client import ACCOUNT, REGION

LANE = f"{ACCOUNT}/{REGION}"


def test_a_scenario_changes_what_it_names() -> None:
    base = SandboxOptions(port=1, seed=3, faults=Faults(error=0.5))
    data = {"rate": "unlimited", "throttle": 0.1, "latency_s": 0.1, "latency_p99_s": 1}
    data |= {"external_ids": {"123456789012/x": "y"}}
    data |= {"lanes": {LANE: {"rate": "unlimited", "burst": 2, "hang": 1, "retry_after_s": None}}}
    data |= {"alarms": {"a": "ALARM@after=5"}, "calendars": {"c": "closed"}}
    data |= {"external_id": "x", "merge_destinations": True, "session_duration_s": 5}
    assert options_from_json(data, base) == SandboxOptions(
        port=1,
        seed=3,
        rate=None,
        external_id="x",
        external_ids={"123456789012/x": "y"},
        alarms={"a": "ALARM@after=5"},
        calendars={"c": "closed"},
        merge_destinations=True,
        session_duration_s=5,
        faults=Faults(error=0.5, throttle=0.1, latency_s=0.1, latency_p99_s=1),
        lanes={LANE: {"rate": None, "burst": 2, "hang": 1, "retry_after_s": None}},
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "not an object"),
        ({"thottle": 1}, "thottle: unknown field; the nearest is throttle"),
        ({"latency": 1}, "latency: unknown field; the nearest is latency_s"),
        ({"port": 1}, "port: unknown field"),
        ({"rate": "fast"}, "rate: 'fast' is not a number or \"unlimited\""),
        ({"rate": True}, "rate: True is not"),
        ({"seed": 1.5}, "seed: 1.5 is not an integer"),
        ({"merge_destinations": 1}, "merge_destinations: 1 is not true or false"),
        ({"external_id": 1}, "external_id: 1 is not a string"),
        ({"external_ids": "x"}, "external_ids: 'x' is not an object of strings"),
        ({"external_ids": {"x": 1}}, "external_ids: {'x': 1} is not an object of strings"),
        ({"external_ids": {"x": "y"}}, "external_ids: 'x' is neither an account nor account/role"),
        ({"lanes": 1}, "lanes: 1 is not an object"),
        ({"lanes": {LANE: 1}}, f"lanes: {LANE}: 1 is not an object"),
        ({"lanes": {"us-east-1": {}}}, "lanes: 'us-east-1' is not account/Region"),
        (
            {"lanes": {LANE: {"hnag": 1}}},
            f"lanes: {LANE}: hnag: unknown field; the nearest is hang",
        ),
        ({"lanes": {LANE: {"hang": 2}}}, f"lanes: {LANE}: hang: 2 is not between 0 and 1"),
        ({"lanes": {LANE: {"hang": "1"}}}, f"lanes: {LANE}: hang: '1' is not a number"),
        ({"lanes": {LANE: {"rate": 0}}}, f"lanes: {LANE}: rate: 0 is not above 0"),
        ({"lanes": {LANE: {"rate": None}}}, f"lanes: {LANE}: rate: None is not a number"),
        ({"lanes": {LANE: {"burst": 0}}}, f"lanes: {LANE}: burst: 0 is not between 1 and"),
        ({"lanes": {LANE: {"latency_p99_s": 1}}}, f"lanes: {LANE}: latency_p99_s: 1 is below"),
        ({"alarms": {"a": 1}}, "alarms: {'a': 1} is not an object of strings"),
        ({"alarms": {"a": "ALRM"}}, "alarms: a: 'ALRM' is invalid; expected OK, ALARM, INS"),
        ({"alarms": {"a": "OK@after=-1"}}, "alarms: a: 'OK@after=-1' is invalid"),
        ({"alarms": {"": "OK"}}, "alarms: '' is not a name of 1 to 255 characters"),
        ({"calendars": {"c": "shut"}}, "calendars: c: 'shut' is invalid; expected open, closed"),
        ({"calendars": {"c d": "open"}}, "calendars: 'c d' is neither a name nor an ARN"),
        ({"hang": 2}, "hang: 2 is not between 0 and 1"),
        ({"hang": "1"}, "hang: '1' is not a number"),
        ({"latency_s": 2, "latency_p99_s": 1}, "latency_p99_s: 1 is below latency_s"),
        ({"latency_p99_s": 1}, "latency_p99_s: 1 is below latency_s, or that is 0"),
    ],
)
def test_an_invalid_scenario_is_refused(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        options_from_json(data, SandboxOptions())
