"""Denied roles and operations, Regions that are not enabled, and the endpoints that set them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bulkeic.sandbox import AccountOptions, Faults, SandboxOptions, options_from_json
from bulkeic.sandbox.state.generated_organization import UNITS, generated_organization
from bulkeic.sandbox.state.sandbox_organization import ROOT_ID, unit_id_of

from .sandbox_client import ACCOUNT, REGION, StartSandbox, expect_error

OTHER = f"{int(ACCOUNT) + 1}"


def role(account: str, name: str) -> dict[str, str]:
    return {"RoleArn": f"arn:aws:iam::{account}:role/{name}", "RoleSessionName": "tests"}


def test_denied_roles_and_accounts(start_sandbox: StartSandbox) -> None:
    denied = AccountOptions(
        denied_roles=[OTHER, f"{ACCOUNT}/reader"], organization=generated_organization(3)
    )
    sandbox = start_sandbox(accounts=denied)
    sts = sandbox.client(service="sts")
    suspended = f"{int(ACCOUNT) + 3}"
    for account, name in ((OTHER, "any"), (ACCOUNT, "reader"), (suspended, "any")):
        with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
            sts.assume_role(**role(account, name))
    sts.assume_role(**role(ACCOUNT, "other"))
    assert sandbox.admin("PUT", "accounts", {})[0] == 200
    sts.assume_role(**role(OTHER, "any"))


@pytest.mark.parametrize("place", [f"{ACCOUNT}/{REGION}", ACCOUNT, "*"])
@pytest.mark.parametrize("action", ["lambda:ListFunctions", "lambda:List*", "lambda:*"])
def test_a_denied_operation_takes_quota(
    start_sandbox: StartSandbox, place: str, action: str
) -> None:
    denied = AccountOptions(denied_operations={place: [action]})
    sandbox = start_sandbox(accounts=denied, rate=1e-6, burst=2)
    aws = sandbox.client()
    for _ in range(2):
        got = expect_error(aws.list_functions)
        assert (got.code, got.status) == ("AccessDeniedException", 403)
        assert got.message == (
            f"User: arn:aws:iam::{ACCOUNT}:user/sandbox is not authorized to perform: "
            "lambda:ListFunctions on resource: * because no identity-based policy allows the "
            "lambda:ListFunctions action"
        )
    assert expect_error(aws.list_functions).code == "TooManyRequestsException"


def test_other_lanes_are_not_denied(start_sandbox: StartSandbox) -> None:
    denied = AccountOptions(denied_operations={f"{ACCOUNT}/{REGION}": ["lambda:ListFunctions"]})
    sandbox = start_sandbox(accounts=denied)
    sandbox.add_function("fn")
    sandbox.client(region="eu-west-1").list_functions()
    sandbox.client(OTHER).list_functions()
    sandbox.client().list_aliases(FunctionName="fn")


def test_a_region_that_is_not_enabled(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(accounts=AccountOptions(enabled_regions={ACCOUNT: ["us-east-1"]}))
    sandbox.client().list_functions()
    sandbox.client(OTHER, region="eu-west-1").list_functions()
    got = expect_error(sandbox.client(region="eu-west-1").list_functions)
    assert (got.code, got.status) == ("UnrecognizedClientException", 403)
    assert got.message == "The security token included in the request is invalid."
    sandbox.client(region="eu-west-1", service="sts").get_caller_identity()
    assert f"{ACCOUNT}/eu-west-1" not in sandbox.stats()["by_lane"]


def test_accounts_can_be_read_and_replaced(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    nothing: dict[str, Any] = {
        "organization": None,
        "enabled_regions": {},
        "denied_roles": [],
        "denied_operations": {},
    }
    assert sandbox.admin("GET", "accounts") == (200, nothing)
    assert sandbox.admin("GET", "organization") == (200, {})
    wanted = nothing | {
        "organization": generated_organization(2),
        "enabled_regions": {"*": ["us-east-1"]},
        "denied_roles": [f"{ACCOUNT}/x"],
        "denied_operations": {"*": ["tag:GetResources"]},
    }
    assert sandbox.admin("PUT", "accounts", wanted) == (200, wanted)
    assert sandbox.admin("GET", "accounts") == (200, wanted)
    status, units = sandbox.admin("GET", "organization")
    assert (status, units[""]) == (200, ROOT_ID)
    assert {unit: unit_id_of(unit) for unit in UNITS}.items() <= units.items()


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"unknown": 1},
        {"organization": 1},
        {"organization": {}},
        {"enabled_regions": {ACCOUNT: "us-east-1"}},
        {"enabled_regions": {"x": ["us-east-1"]}},
        {"denied_roles": "all"},
        {"denied_roles": [1]},
        {"denied_roles": ["x"]},
        {"denied_operations": {"x": ["lambda:ListFunctions"]}},
        {"denied_operations": {"*": ["ListFunctions"]}},
        {"denied_operations": {"*": [1]}},
    ],
)
def test_invalid_options_are_refused(start_sandbox: StartSandbox, wrong: Any) -> None:
    sandbox = start_sandbox()
    before = sandbox.admin("GET", "accounts")
    status, answer = sandbox.admin("PUT", "accounts", wrong)
    assert status == 400
    assert answer["error"]
    assert sandbox.admin("GET", "accounts") == before
    with pytest.raises(ValueError, match=r"."):
        options_from_json(wrong, SandboxOptions())


def test_the_example_of_the_docs_is_valid(start_sandbox: StartSandbox) -> None:
    text = (Path(__file__).parents[2] / "docs/reference/sandbox.md").read_text()
    (example,) = re.findall(r"```json\n(\{\n  \"organization\".*?)```", text, re.DOTALL)
    sandbox = start_sandbox()
    assert sandbox.admin("PUT", "accounts", json.loads(example))[0] == 200
    assert sandbox.admin("GET", "organization")[1].keys() == {
        "",
        "infrastructure",
        "workloads",
        "workloads/production",
    }


def test_calls_of_all_services_are_counted(start_sandbox: StartSandbox) -> None:
    options = AccountOptions(organization=generated_organization(1))
    sandbox = start_sandbox(accounts=options)
    sandbox.client(service="organizations").list_accounts()
    sandbox.client(service="account").list_regions()
    sandbox.client(service="resourcegroupstaggingapi").get_resources()
    sandbox.client().list_functions()
    headers = "X-Amz-Target: Other.Thing\r\nConnection: close\r\n\r\n"
    assert b"UnknownOperation" in sandbox.send_raw(f"POST / HTTP/1.1\r\n{headers}".encode())
    live = sandbox.admin("GET", "live")[1]
    operations = ["ListAccounts", "ListRegions", "GetResources", "ListFunctions", "Unknown"]
    assert live["by_operation"] == dict.fromkeys(sorted(operations), 1)
    assert [call["operation"] for call in reversed(live["last_calls"])] == operations
    assert [lane["lane"] for lane in live["lanes"]] == [f"{ACCOUNT}/{REGION}"]


def test_other_services_take_latency(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(faults=Faults(latency_s=0.05))
    sandbox.client(service="account").list_regions()
    (call,) = sandbox.admin("GET", "live")[1]["last_calls"]
    assert call["held_ms"] == 50


def test_a_scenario_sets_them() -> None:
    options = options_from_json(
        {"seed": 1, "denied_roles": [ACCOUNT], "enabled_regions": {"*": [REGION]}},
        SandboxOptions(accounts=AccountOptions(denied_operations={"*": ["tag:*"]})),
    )
    assert options.accounts.denied_roles == [ACCOUNT]
    assert options.accounts.enabled_regions == {"*": [REGION]}
    assert options.accounts.denied_operations == {"*": ["tag:*"]}
