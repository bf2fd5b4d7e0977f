"""Varied fleets: deterministic, described by each service alike, in little memory."""

import io
import json
import sys
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from bulkeic.sandbox import Sandbox
from bulkeic.sandbox.state.generated_facts import RUNTIMES, TEAMS, VARIANTS
from bulkeic.sandbox.state.region_names import REGIONS

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox


def state_text(sandbox: Sandbox) -> str:
    file = io.StringIO()
    sandbox.save_state(file)
    return file.getvalue()


def test_the_same_fleet_each_time_and_after_saving() -> None:
    first, second, loaded = Sandbox(), Sandbox(), Sandbox()
    for sandbox in (first, second):
        sandbox.populate(VARIANTS, accounts=2, regions=2, configured=0.7, varied=True)
    text = state_text(first)
    assert text == state_text(second)
    loaded.load_state(text)
    assert state_text(loaded) == text

    def comparable(sandbox: Sandbox) -> list[dict[str, Any]]:
        functions = sandbox.functions()
        for function in functions:
            for config in function["EventInvokeConfigs"].values():
                del config["LastModified"]
        return functions

    assert comparable(loaded) == comparable(first)


def test_functions_differ() -> None:
    sandbox = Sandbox()
    sandbox.populate(VARIANTS, regions=2, varied=True)
    functions = sandbox.functions()
    assert {function["Runtime"] for function in functions} == set(RUNTIMES)
    assert {function["Tags"].get("team") for function in functions} == set(TEAMS)
    keys = Counter(key for function in functions for key in function["Tags"])
    assert set(keys) == {
        "team",
        "STAGE",
        "terraform",
        "lambda:createdBy",
        "aws:cloudformation:stack-name",
        "aws:cloudformation:logical-id",
    }
    assert {len(function["Versions"]) for function in functions} == {0, 2, 12}
    assert {"live", "canary", "newest"} == {each for one in functions for each in one["Aliases"]}
    configured = {each for one in functions for each in one["EventInvokeConfigs"]}
    assert configured == {"$LATEST", "live", "1"}
    by_lane: dict[str, list[Any]] = {}
    for function in functions:
        by_lane.setdefault(function["Region"], []).append(function["Tags"])
    assert len(by_lane) == 2
    assert by_lane[REGIONS[0]] != by_lane[REGIONS[1]]


def functions_by_listing(sandbox: SandboxThread) -> list[dict[str, Any]]:
    """What Lambda's listings and tags say, in the form of the admin endpoint."""
    aws = sandbox.client()

    def items(operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
        pages = aws.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]

    found = []
    for function in items("list_functions", "Functions"):
        name = function["FunctionName"]
        versions = items("list_versions_by_function", "Versions", FunctionName=name)
        aliases = items("list_aliases", "Aliases", FunctionName=name)
        configs = items(
            "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", FunctionName=name
        )
        found.append(
            {
                "FunctionName": name,
                "Runtime": function.get("Runtime"),
                "LastModified": function["LastModified"],
                "MemorySize": function["MemorySize"],
                "Tags": aws.list_tags(Resource=function["FunctionArn"])["Tags"],
                "Versions": [each["Version"] for each in versions[1:]],
                "Aliases": {each["Name"]: each["FunctionVersion"] for each in aliases},
                "EventInvokeConfigs": {each["FunctionArn"].split(":")[-1] for each in configs},
            }
        )
    return found


def test_listings_agree_with_the_admin_endpoint(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.populate(60, configured=0.5, varied=True)
    known = sandbox.admin("GET", "functions")[1]
    for function in known:
        assert (function.pop("AccountId"), function.pop("Region")) == (ACCOUNT, REGION)
        function["EventInvokeConfigs"] = set(function["EventInvokeConfigs"])
    assert functions_by_listing(sandbox) == known


def test_a_change_of_one_function_does_not_change_others(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.populate(2 * VARIANTS, varied=True)
    before = sandbox.admin("GET", "functions")[1]
    aws = sandbox.client()
    aws.update_function_event_invoke_config(FunctionName="fn-9:live", MaximumRetryAttempts=0)
    sandbox.add_function("fn-9", "13")
    after = sandbox.admin("GET", "functions")[1]
    changed = [new["FunctionName"] for old, new in zip(before, after, strict=True) if old != new]
    assert changed == ["fn-9"]


def test_an_organization_of_the_accounts(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.populate(1, accounts=3, regions=2, organization=True)
    client = sandbox.client(service="organizations")
    accounts = client.list_accounts()["Accounts"]
    assert [account["Status"] for account in accounts] == ["ACTIVE"] * 3 + ["SUSPENDED"]
    regions = sandbox.client(service="account").list_regions(
        RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"]
    )["Regions"]
    assert [region["RegionName"] for region in regions] == list(REGIONS[:2])


def test_functions_share_their_facts() -> None:
    sandbox = Sandbox()
    tracemalloc.start()
    try:
        sandbox.populate(2000, accounts=10, regions=5, varied=True)
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # One entry of a dictionary for each function, and hardly anything else.
    entries = 50 * sys.getsizeof(dict.fromkeys(range(2000)))
    assert size < 1.5 * entries


@pytest.mark.parametrize(
    "facts",
    [
        [],
        {"Unknown": 1},
        {"Runtime": 1},
        {"Runtime": ""},
        {"LastModified": "yesterday"},
        {"LastModified": 1},
        {"LastModified": "0001-01-01T00:00:00.000+1400"},
        {"LastModified": "1969-12-31T23:59:59.000+0000"},
        {"LastModified": "9999-12-31T23:59:59.999999+0000"},
        {"MemorySize": True},
        {"MemorySize": 0},
        {"Tags": {"team": 1}},
        {"Aliases": []},
        {"Aliases": {"7": "1"}},
        {"Aliases": {"live": "newest"}},
    ],
)
def test_invalid_facts_are_refused(start_sandbox: StartSandbox, facts: Any) -> None:
    sandbox = start_sandbox()
    functions = {"fn": {"$LATEST": None, ":facts": facts}}
    status, answer = sandbox.admin("PUT", "state", {f"{ACCOUNT}/{REGION}": functions})
    assert status == 400
    assert f"{ACCOUNT}/{REGION}/fn: :facts: " in answer["error"]
    function = {"account_id": ACCOUNT, "region": REGION, "function_name": "fn", "facts": facts}
    assert sandbox.admin("POST", "hold", [function])[0] == 400
    assert sandbox.admin("GET", "functions") == (200, [])


def test_facts_from_a_program() -> None:
    sandbox = Sandbox()
    sandbox.describe_function(ACCOUNT, REGION, "fn", {"Tags": {"a": "b"}, "Aliases": {"live": "7"}})
    (function,) = sandbox.functions()
    assert (function["Tags"], function["Aliases"]) == ({"a": "b"}, {"live": "7"})
    assert function["Versions"] == ["7"]
    assert json.loads(state_text(sandbox))[f"{ACCOUNT}/{REGION}"]["fn"][":facts"] == {
        "Runtime": "python3.13",
        "MemorySize": 128,
        "Tags": {"a": "b"},
        "Aliases": {"live": "7"},
    }
