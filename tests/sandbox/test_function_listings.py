"""ListFunctions with facts, ListVersionsByFunction, ListAliases and ListTags, called by boto3."""

from typing import Any

import pytest

from bulkeic.sandbox.api.request_context import encode_marker
from bulkeic.sandbox.state.function_facts import CANARY_SECRET

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
FACTS: dict[str, Any] = {
    "Runtime": "nodejs22.x",
    "LastModified": "2025-11-01T10:00:00.000+0000",
    "MemorySize": 512,
    "Tags": {"team": "payments", "empty": ""},
    "Aliases": {"live": "12", "canary": "2"},
}


def described(sandbox: SandboxThread, name: str, facts: Any, *qualifiers: str) -> None:
    function = {"account_id": ACCOUNT, "region": REGION, "function_name": name}
    more = [function | {"qualifier": qualifier} for qualifier in qualifiers]
    assert sandbox.admin("POST", "hold", [function | {"facts": facts}, *more])[0] == 200


def listed(aws: Any, operation: str, key: str, **parameters: Any) -> list[dict[str, Any]]:
    pages = aws.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[key]]


def test_the_facts_of_a_function(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    described(sandbox, "fn", FACTS)
    (function,) = sandbox.client().list_functions()["Functions"]
    assert function["Runtime"] == "nodejs22.x"
    assert function["LastModified"] == "2025-11-01T10:00:00.000+0000"
    assert (function["MemorySize"], function["PackageType"]) == (512, "Zip")
    assert function["Environment"]["Variables"]["DATABASE_PASSWORD"] == CANARY_SECRET


def test_a_container_image_has_no_runtime(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    described(sandbox, "fn", {"Runtime": None})
    (function,) = sandbox.client().list_functions()["Functions"]
    assert function["PackageType"] == "Image"
    assert "Runtime" not in function
    assert "Handler" not in function


@pytest.mark.parametrize("size", [None, 1, 7, 50])
def test_versions_are_in_the_order_of_their_numbers(
    start_sandbox: StartSandbox, size: int | None
) -> None:
    sandbox = start_sandbox()
    numbers = [str(number) for number in range(1, 13)]
    described(sandbox, "a", FACTS, *numbers)
    described(sandbox, "b", {})
    wanted = ["$LATEST", *numbers]
    config = {"PaginationConfig": {"PageSize": size}} if size else {}
    aws = sandbox.client()
    versions = listed(aws, "list_versions_by_function", "Versions", FunctionName="a", **config)
    assert [version["Version"] for version in versions] == wanted
    assert [version["FunctionArn"] for version in versions] == [f"{ARN}a:{each}" for each in wanted]
    entries = listed(aws, "list_functions", "Functions", FunctionVersion="ALL", **config)
    assert [entry["FunctionArn"] for entry in entries] == [
        *(f"{ARN}a:{each}" for each in wanted),
        f"{ARN}b:$LATEST",
    ]


def test_pages_have_fifty_items_at_most(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    for name in ("a", "b"):
        described(sandbox, name, {}, *map(str, range(1, 61)), *(f"x{n}" for n in range(60)))
    aws = sandbox.client()
    pages = list(aws.get_paginator("list_functions").paginate(FunctionVersion="ALL"))
    assert [len(page["Functions"]) for page in pages] == [50, 50, 22]
    first = aws.list_versions_by_function(FunctionName="a", MaxItems=10_000)
    assert len(first["Versions"]) == 50
    rest = aws.list_versions_by_function(FunctionName="a", Marker=first["NextMarker"])
    assert len(rest["Versions"]) == 11
    assert "NextMarker" not in rest
    aliases = list(aws.get_paginator("list_aliases").paginate(FunctionName="a"))
    assert [len(page["Aliases"]) for page in aliases] == [50, 10]


def test_aliases_point_to_versions(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    described(sandbox, "fn", FACTS, "1", "2", "12", "newest")
    aws = sandbox.client()
    aliases = listed(aws, "list_aliases", "Aliases", FunctionName="fn")
    assert {alias["Name"]: alias["FunctionVersion"] for alias in aliases} == {
        "canary": "2",
        "live": "12",
        "newest": "$LATEST",
    }
    assert aliases[0]["AliasArn"] == f"{ARN}fn:canary"
    (live,) = listed(aws, "list_aliases", "Aliases", FunctionName="fn", FunctionVersion="12")
    assert live["Name"] == "live"
    assert listed(aws, "list_aliases", "Aliases", FunctionName=f"{ARN}fn") == aliases
    got = aws.get_function_configuration(FunctionName="fn", Qualifier="live")
    assert (got["Version"], got["FunctionArn"]) == ("12", f"{ARN}fn:live")


def test_tags_of_a_function(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    described(sandbox, "fn", FACTS)
    sandbox.add_function("bare")
    aws = sandbox.client()
    assert aws.list_tags(Resource=f"{ARN}fn")["Tags"] == FACTS["Tags"]
    assert aws.list_tags(Resource=f"{ARN}bare")["Tags"] == {}


@pytest.mark.parametrize(
    ("resource", "code", "status"),
    [
        ("fn", "ValidationException", 400),
        (f"{ARN}gone", "ResourceNotFoundException", 404),
        (f"{ARN}fn:live", "InvalidParameterValueException", 400),
        (ARN.replace("us-east-1", "eu-west-1") + "fn", "ResourceNotFoundException", 404),
        (ARN.replace(ACCOUNT, "210987654321") + "fn", "AccessDeniedException", 403),
        (
            f"arn:aws:lambda:{REGION}:{ACCOUNT}:code-signing-config:csc-0123456789abcdef0",
            "ResourceNotFoundException",
            404,
        ),
    ],
)
def test_tags_of_other_resources_are_refused(
    sandbox: SandboxThread, aws: Any, resource: str, code: str, status: int
) -> None:
    sandbox.add_function("fn")
    got = expect_error(aws.list_tags, Resource=resource)
    assert (got.code, got.status) == (code, status)


@pytest.mark.parametrize("operation", ["list_versions_by_function", "list_aliases"])
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"FunctionName": "gone"}, ("ResourceNotFoundException", 404)),
        ({"FunctionName": "a b"}, ("ValidationException", 400)),
        ({"FunctionName": "fn", "MaxItems": 0}, ("ValidationException", 400)),
        ({"FunctionName": "fn", "MaxItems": 10_001}, ("ValidationException", 400)),
        ({"FunctionName": "fn", "Marker": "x"}, ("InvalidParameterValueException", 400)),
    ],
)
def test_invalid_listings_are_refused(
    sandbox: SandboxThread,
    aws: Any,
    operation: str,
    parameters: dict[str, Any],
    expected: tuple[str, int],
) -> None:
    sandbox.add_function("fn")
    got = expect_error(getattr(aws, operation), **parameters)
    assert (got.code, got.status) == expected


def test_an_invalid_version_of_aliases_is_refused(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("fn")
    got = expect_error(aws.list_aliases, FunctionName="fn", FunctionVersion="live")
    assert got.code == "ValidationException"


@pytest.mark.parametrize("version", ["live", "9" * 5000, "\uff11", "-1"])
def test_a_marker_of_another_listing_is_refused(aws: Any, version: str) -> None:
    got = expect_error(
        aws.list_functions, FunctionVersion="ALL", Marker=encode_marker("fn", version)
    )
    assert (got.code, got.status) == ("InvalidParameterValueException", 400)


LISTINGS: dict[str, dict[str, Any]] = {
    "list_functions": {},
    "list_versions_by_function": {"FunctionName": "fn"},
    "list_aliases": {"FunctionName": "fn"},
    "list_function_event_invoke_configs": {"FunctionName": "fn"},
    "list_tags": {"Resource": f"{ARN}fn"},
}


def test_all_listings_share_the_quota(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=len(LISTINGS))
    sandbox.add_function("fn")
    aws = sandbox.client()
    for operation, parameters in LISTINGS.items():
        getattr(aws, operation)(**parameters)
    for operation, parameters in LISTINGS.items():
        got = expect_error(getattr(aws, operation), **parameters)
        assert (got.code, got.status) == ("TooManyRequestsException", 429)
    stats = sandbox.stats()
    assert set(stats["by_operation"].values()) == {2}
    assert len(stats["by_operation"]) == len(LISTINGS)
    assert stats["by_lane"] == {f"{ACCOUNT}/{REGION}": {"calls": 10, "throttled": 5}}


@pytest.mark.parametrize(("fault", "status"), [("error", 500), ("refuse", 403), ("throttle", 429)])
@pytest.mark.parametrize("operation", LISTINGS)
def test_faults_strike_listings(
    start_sandbox: StartSandbox, operation: str, fault: str, status: int
) -> None:
    sandbox = start_sandbox()
    sandbox.add_function("fn")
    assert sandbox.admin("PUT", "faults", {fault: 1})[0] == 200
    got = expect_error(getattr(sandbox.client(), operation), **LISTINGS[operation])
    assert got.status == status


def test_configurations_of_a_function_come_in_pages(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    qualifiers = [f"x{number}" for number in range(120)]
    described(sandbox, "fn", {}, *qualifiers)
    aws = sandbox.client()
    pages = list(
        aws.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="fn")
    )
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [50, 50, 21]
    found = [
        config["FunctionArn"].rpartition(":")[2]
        for page in pages
        for config in page["FunctionEventInvokeConfigs"]
    ]
    assert found == sorted(["$LATEST", *qualifiers])
