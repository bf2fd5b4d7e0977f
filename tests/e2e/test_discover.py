"""What discover finds in one account: it equals the state of the sandbox, at one call a page."""

import json
from collections.abc import Callable

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .discover_helpers import (
    LATEST,
    calls_by_operation,
    discover,
    found_keys,
    found_rows,
    scenario,
    there_is,
)

Start = Callable[..., Server]


@pytest.fixture
def varied(sandbox: Start) -> Server:
    """An account with 120 functions of many kinds in one Region."""
    return sandbox("--functions", 120, "--varied", "--configured", 0.5, "--rate", "unlimited")


def test_every_function_of_every_enabled_region_is_found_at_one_call_a_page(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox("--functions", 120, "--regions", 3, "--organization", "--rate", "unlimited")

    result = discover(bulkeic, server)

    assert result.code == 0, result.err
    assert found_keys(result.out) == there_is(server)
    assert calls_by_operation(server) == {"ListRegions": 1, "ListFunctions": 9}
    assert list((bulkeic.folder / "bulkeic-runs").iterdir()) == []


def test_named_regions_are_not_asked_for(bulkeic: Bulkeic, varied: Server) -> None:
    result = discover(bulkeic, varied, "--regions", f"{REGION},eu-west-1")

    assert result.code == 0, result.err
    assert found_keys(result.out) == there_is(varied)
    assert calls_by_operation(varied) == {"ListFunctions": 4}


def test_a_glob_of_regions_chooses_from_those_that_are_enabled(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox("--functions", 2, "--regions", 4, "--organization", "--rate", "unlimited")

    result = discover(bulkeic, server, "--regions", "us-east-*,!us-east-2,ap-east-1")

    assert result.code == 1, result.err
    assert {key[1] for key in found_keys(result.out)} == {"us-east-1"}
    (line,) = (line for line in result.lines if line.startswith("not read"))
    assert "in ap-east-1: RegionNotEnabled: the Region is not enabled" in line


@pytest.mark.parametrize(
    ("kind", "calls"),
    [
        ("latest", {"ListFunctions": 3}),
        ("aliases", {"ListFunctions": 3, "ListAliases": 120}),
        ("configured", {"ListFunctions": 3, "ListFunctionEventInvokeConfigs": 120}),
        ("latest,aliases", {"ListFunctions": 3, "ListAliases": 120}),
    ],
)
def test_qualifiers_become_targets(
    bulkeic: Bulkeic, varied: Server, kind: str, calls: dict[str, int]
) -> None:
    result = discover(bulkeic, varied, "--regions", REGION, "--qualifiers", kind)

    assert result.code == 0, result.err
    wanted = {
        "latest": lambda _: [LATEST],
        "aliases": lambda each: each["Aliases"],
        "configured": lambda each: each["EventInvokeConfigs"],
        "latest,aliases": lambda each: [LATEST, *each["Aliases"]],
    }[kind]
    assert sorted(found_keys(result.out)) == there_is(varied, wanted)
    assert calls_by_operation(varied) == calls


def test_published_versions_come_with_the_pages_of_functions(
    bulkeic: Bulkeic, varied: Server
) -> None:
    result = discover(bulkeic, varied, "--regions", REGION, "--qualifiers", "versions")

    assert result.code == 0, result.err
    wanted = there_is(varied, lambda each: each["Versions"])
    assert sorted(found_keys(result.out)) == wanted
    assert wanted
    calls = calls_by_operation(varied)
    assert calls.keys() == {"ListFunctions"}
    entries = 120 + len(wanted)
    assert calls["ListFunctions"] == -(-entries // 50)


def test_current_settings_are_columns_that_plan_ignores(bulkeic: Bulkeic, varied: Server) -> None:
    result = discover(
        bulkeic, varied, "--regions", REGION, "--with-config", "--out", "targets.csv"
    )  # fmt: skip
    plan = bulkeic(
        "plan", "targets.csv", "--run", "plan.db", "--endpoint-url", varied.url, "--rate",
        "unlimited", "--maximum-retry-attempts", 1, "--create-missing",
    )  # fmt: skip

    assert result.code == plan.code == 0, result.err + plan.err
    configs = {
        each["FunctionName"]: each["EventInvokeConfigs"].get(LATEST)
        for each in varied.window("functions")
    }
    rows = found_rows((bulkeic.folder / "targets.csv").read_text())
    for row in rows:
        config = configs[row["FunctionName"]] or {}
        retries = config.get("MaximumRetryAttempts", "")
        assert row["CurrentMaximumRetryAttempts"] == str(retries)
    assert len(rows) == 120
    assert "120 targets" in plan.err


def test_names_runtimes_and_expressions_select(bulkeic: Bulkeic, varied: Server) -> None:
    flags = ("--regions", REGION, "--qualifiers", "configured", "--name", "fn-1*", "--name",
             "!fn-11*", "--runtime", "python3.*")  # fmt: skip
    result = discover(bulkeic, varied, *flags)

    def is_wanted(each: dict[str, str]) -> bool:
        name, runtime = each["FunctionName"], each.get("Runtime") or ""
        return (
            name.startswith("fn-1")
            and not name.startswith("fn-11")
            and runtime.startswith("python3.")
        )

    wanted = there_is(varied, lambda each: each["EventInvokeConfigs"], is_wanted)
    assert result.code == 0, result.err
    assert found_keys(result.out) == wanted
    assert wanted
    asked = len(there_is(varied, which=is_wanted))
    assert varied.calls("ListFunctionEventInvokeConfigs") == asked


def test_an_expression_sees_the_function_and_its_configuration(
    bulkeic: Bulkeic, varied: Server
) -> None:
    result = discover(
        bulkeic, varied, "--regions", REGION, "--where",
        "EventInvokeConfig == null && MemorySize > `128` && Tags.team == 'payments'",
    )  # fmt: skip

    wanted = there_is(
        varied,
        which=lambda each: (
            LATEST not in each["EventInvokeConfigs"]
            and each["MemorySize"] > 128
            and each["Tags"].get("team") == "payments"
        ),
    )
    assert result.code == 0, result.err
    assert found_keys(result.out) == wanted
    assert wanted


def test_tags_are_asked_for_before_pages(bulkeic: Bulkeic, varied: Server) -> None:
    result = discover(bulkeic, varied, "--regions", f"{REGION},eu-west-1", "--tag", "team=payments")

    wanted = there_is(varied, which=lambda each: each["Tags"].get("team") == "payments")
    assert result.code == 0, result.err
    assert found_keys(result.out) == wanted
    assert wanted
    # No function of the second Region has the tag, so its functions are not listed.
    assert calls_by_operation(varied) == {"GetResources": 2, "ListFunctions": 3}


def test_managers_are_known_by_tags(bulkeic: Bulkeic, varied: Server) -> None:
    found: list[str] = []
    for manager in ("none", "terraform", "cloudformation", "sam", "serverless"):
        result = discover(bulkeic, varied, "--regions", REGION, "--managed-by", manager)
        assert result.code == 0, result.err
        names = {key[2] for key in found_keys(result.out)}
        assert names, manager
        found += names
    assert len(found) == len(set(found)) == 120


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_the_ending_chooses_the_format(bulkeic: Bulkeic, varied: Server, ending: str) -> None:
    out = f"targets.{ending}"

    result = discover(
        bulkeic, varied, "--regions", REGION, "--out", out, "--output", "json", "--run", "found.db"
    )

    assert result.code == 0, result.err
    text = (bulkeic.folder / out).read_text()
    rows = json.loads(text) if ending == "json" else [json.loads(x) for x in text.splitlines()]
    assert [(row["AccountId"], row["FunctionName"]) for row in rows] == [
        (key[0], key[2]) for key in there_is(varied)
    ]
    summary = result.summary
    assert (summary["functions"], summary["targets"], summary["calls"]) == (120, 120, 3)
    assert summary["run"] == "found.db"
    assert summary["found"] == [
        {"account_id": ACCOUNT, "region": REGION, "functions": 120, "targets": 120}
    ]


def test_faults_of_all_kinds_leave_no_gap(bulkeic: Bulkeic, sandbox: Start) -> None:
    faults = ("error", "throttle", "cut_before", "cut_after", "truncated", "garbage")
    server = sandbox(
        "--functions", 300, "--varied", "--seed", 5,
        "--scenario", scenario(bulkeic, **dict.fromkeys(faults, 0.05)),
    )  # fmt: skip

    result = discover(bulkeic, server, "--regions", REGION, "--qualifiers", "latest,aliases")

    assert result.code == 0, result.err
    wanted = there_is(server, lambda each: [LATEST, *each["Aliases"]])
    assert sorted(found_keys(result.out)) == wanted
