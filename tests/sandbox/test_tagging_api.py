"""Resource Groups Tagging: GetResources, called by boto3."""

from typing import Any

import pytest

from bulkeic.sandbox.behavior.account_options import AccountOptions

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
TAGS: dict[str, dict[str, str]] = {
    "a": {"team": "payments", "stage": "production"},
    "b": {"team": "orders", "stage": "production"},
    "c": {"team": "payments", "stage": ""},
    "d": {"owner": "someone"},
    "e": {},
}


@pytest.fixture(scope="module")
def tagged(sandbox: SandboxThread) -> Any:
    functions = [
        {"account_id": ACCOUNT, "region": REGION, "function_name": name, "facts": {"Tags": tags}}
        for name, tags in TAGS.items()
    ]
    assert sandbox.admin("POST", "hold", functions)[0] == 200
    sandbox.add_function("other", account="210987654321")
    return sandbox.client(service="resourcegroupstaggingapi", parameter_validation=False)


def found(client: Any, **parameters: Any) -> dict[str, dict[str, str]]:
    pages = client.get_paginator("get_resources").paginate(**parameters)
    return {
        resource["ResourceARN"]: {tag["Key"]: tag["Value"] for tag in resource["Tags"]}
        for page in pages
        for resource in page["ResourceTagMappingList"]
    }


def test_only_tagged_functions_are_returned(tagged: Any) -> None:
    wanted = {f"{ARN}{name}": tags for name, tags in TAGS.items() if tags}
    assert found(tagged) == wanted
    assert found(tagged, ResourceTypeFilters=["lambda:function"]) == wanted
    assert found(tagged, ResourceTypeFilters=["s3", "lambda"]) == wanted
    assert found(tagged, ResourceTypeFilters=["s3"]) == {}
    assert tagged.get_resources()["PaginationToken"] == ""


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"team": ["payments"]}, "ac"),
        ({"team": ["payments", "orders"]}, "abc"),
        ({"team": []}, "abc"),
        ({"team": ["payments"], "stage": ["production"]}, "a"),
        ({"team": ["payments"], "stage": []}, "ac"),
        ({"stage": [""]}, "c"),
        ({"team": ["Payments"]}, ""),
        ({"Team": ["payments"]}, ""),
        ({"team": [], "owner": []}, ""),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 100])
def test_filters_are_joined_by_and_values_by_or(
    tagged: Any, filters: dict[str, list[str]], names: str, size: int
) -> None:
    sent = [{"Key": key, "Values": values} for key, values in filters.items()]
    got = found(tagged, TagFilters=sent, PaginationConfig={"PageSize": size})
    assert list(got) == [f"{ARN}{name}" for name in names]


def test_resources_by_arn(tagged: Any) -> None:
    arns = [f"{ARN}{name}" for name in ("a", "e", "gone")]
    resources = tagged.get_resources(ResourceARNList=arns)["ResourceTagMappingList"]
    assert [resource["ResourceARN"] for resource in resources] == [f"{ARN}a"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"ResourcesPerPage": 0}, "InvalidParameterException"),
        ({"ResourcesPerPage": 101}, "InvalidParameterException"),
        ({"PaginationToken": "x"}, "InvalidParameterException"),
        ({"TagFilters": [{"Key": f"k{n}"} for n in range(51)]}, "InvalidParameterException"),
        ({"TagFilters": [{"Key": "k", "Values": ["v"] * 21}]}, "InvalidParameterException"),
        ({"TagFilters": [{"Values": ["v"]}]}, "InvalidParameterException"),
        ({"ResourceARNList": []}, "InvalidParameterException"),
        ({"ResourceARNList": [f"{ARN}a"], "ResourcesPerPage": 5}, "InvalidParameterException"),
        ({"ResourcesPerPage": "many"}, "SerializationException"),
    ],
)
def test_invalid_parameters_are_refused(tagged: Any, parameters: dict[str, Any], code: str) -> None:
    got = expect_error(tagged.get_resources, **parameters)
    assert (got.code, got.status) == (code, 400)


def test_pages_have_a_hundred_resources(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=1)
    sandbox.populate(400, varied=True)
    client = sandbox.client(service="resourcegroupstaggingapi")
    pages = list(client.get_paginator("get_resources").paginate())
    sizes = [len(page["ResourceTagMappingList"]) for page in pages]
    functions = sandbox.admin("GET", "functions")[1]
    assert sum(sizes) == sum(bool(function["Tags"]) for function in functions)
    assert set(sizes[:-1]) == {100}
    stats = sandbox.stats()
    assert stats["by_operation"] == {"GetResources": len(sizes)}
    assert stats["by_lane"] == {}


def test_a_denied_operation_and_a_region_that_is_not_enabled(start_sandbox: StartSandbox) -> None:
    options = AccountOptions(
        enabled_regions={"*": [REGION]}, denied_operations={f"{ACCOUNT}/{REGION}": ["tag:*"]}
    )
    sandbox = start_sandbox(accounts=options)
    service = "resourcegroupstaggingapi"
    got = expect_error(sandbox.client(service=service).get_resources)
    assert (got.code, got.status) == ("AccessDeniedException", 400)
    got = expect_error(sandbox.client(region="eu-west-1", service=service).get_resources)
    assert (got.code, got.status) == ("UnrecognizedClientException", 400)
    other = sandbox.client("210987654321", service=service)
    assert other.get_resources()["ResourceTagMappingList"] == []
