"""The benchmark of discover, with a small organization: what it checks, without seconds."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def discover(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("discover")


@pytest.mark.skipif(not os.environ.get("BULKEIC_ROUNDS"), reason="make chaos does it")
def test_what_discover_lists_is_the_state_of_the_sandbox() -> None:
    command = [sys.executable, str(BENCHMARKS / "discover.py"), "--quick"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    rows = [line.split() for line in ended.stdout.splitlines() if line.endswith("right")]
    assert [row[0] for row in rows] == ["latest", "versions", "aliases", "configured"]
    assert all(int(row[3].replace(",", "")) > 0 for row in rows[2:])


def test_ideal_calls_are_pages_and_a_call_for_each_function(discover: Any) -> None:
    latest, versions, aliases, configured = discover.KINDS
    lane = {f"fn-{number}": {"$LATEST": None, "1": None} for number in range(51)}
    assert latest.ideal_calls(lane) == 2
    assert versions.ideal_calls(lane) == 3
    assert aliases.ideal_calls(lane) == configured.ideal_calls(lane) == 53
    assert latest.ideal_calls({}) == 1


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({}, []),
        ({"is_right": False}, ["the list differs from the state"]),
        ({"calls": 115, "faulty": 9}, ["1.060 x the ideal calls"]),
        ({"calls": 114, "faulty": 9}, []),
        ({"over_quota": 1}, ["1 calls over the quota"]),
        ({"ideal_s": 0.0}, ["2.50 s of 2.00 s"]),
    ],
)
def test_a_goal_is_missed_by_name(
    discover: Any, changes: dict[str, Any], missed: list[str]
) -> None:
    contest = import_module("contest")
    run = contest.Run(0.0, 2.5, 1.0, 100.0, 0, "{}", "")
    fields = {
        "run": run,
        "rows": [],
        "is_right": True,
        "calls": 100,
        "faulty": 0,
        "over_quota": 0,
        "ideal_calls": 100,
        "ideal_s": 1.0,
        "server_cpu_s": 1.0,
    }
    assert discover.Listing(**(fields | changes)).misses() == missed
