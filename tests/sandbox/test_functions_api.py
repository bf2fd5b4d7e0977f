"""Which functions there are: what ListFunctions, GetFunction and its like tell boto3."""

from collections.abc import Callable
from typing import Any

import pytest

from bulkeic.sandbox.state.generated_fleet import REGIONS

from .sandbox_client import ACCOUNT, REGION, Running, refusal

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


def listed(aws: Any, **asked: Any) -> list[dict[str, Any]]:
    pages = aws.get_paginator("list_functions").paginate(**asked)
    return [function for page in pages for function in page["Functions"]]


def test_functions_come_in_pages(start: Callable[..., Running]) -> None:
    running = start()
    running.populate(120)
    aws = running.client()
    pages = list(aws.get_paginator("list_functions").paginate())
    assert [len(page["Functions"]) for page in pages] == [50, 50, 20]
    names = sorted(f"fn-{number}" for number in range(120))
    assert [one["FunctionName"] for one in listed(aws)] == names
    small = listed(aws, PaginationConfig={"PageSize": 7})
    assert [one["FunctionName"] for one in small] == names
    running.hold("another")
    assert listed(aws)[0]["FunctionName"] == "another"


def test_what_is_told_of_a_function(start: Callable[..., Running]) -> None:
    running = start()
    running.hold("fn")
    (function,) = listed(running.client())
    assert function["FunctionArn"] == f"{ARN}fn"
    assert function["Version"] == "$LATEST"
    assert function["Runtime"] == "python3.13"
    assert function["LastModified"].endswith(".000+0000")
    got = running.client().get_function_configuration(FunctionName="fn")
    assert {key: got[key] for key in function} == function
    assert (got["State"], got["LastUpdateStatus"]) == ("Active", "Successful")


def test_versions_are_told_if_asked_for(start: Callable[..., Running]) -> None:
    running = start()
    for name in ("a", "b"):
        for qualifier in ("$LATEST", "1", "2", "live"):
            running.hold(name, qualifier)
    wanted = [f"{ARN}{name}:{version}" for name in "ab" for version in ("$LATEST", "1", "2")]
    aws = running.client()
    for asked in ({}, {"PaginationConfig": {"PageSize": 2}}, {"PaginationConfig": {"PageSize": 4}}):
        told = listed(aws, FunctionVersion="ALL", **asked)
        assert [one["FunctionArn"] for one in told] == wanted
        assert [one["Version"] for one in told] == ["$LATEST", "1", "2"] * 2


@pytest.mark.parametrize("name", ["fn", f"{ARN}fn", f"{ACCOUNT}:function:fn"])
@pytest.mark.parametrize(
    ("qualifier", "version"), [("", "$LATEST"), ("1", "1"), ("live", "$LATEST")]
)
def test_a_function_by_name_and_qualifier(
    sandbox: Running, aws: Any, name: str, qualifier: str, version: str
) -> None:
    sandbox.hold("fn")
    sandbox.hold("fn", qualifier or "$LATEST")
    more = {"Qualifier": qualifier} if qualifier else {}
    got = aws.get_function_configuration(FunctionName=name, **more)
    suffix = f":{qualifier}" if qualifier else ""
    assert (got["FunctionArn"], got["Version"]) == (f"{ARN}fn{suffix}", version)
    inside = aws.get_function_configuration(FunctionName=f"{name}{suffix}")
    assert inside["FunctionArn"] == got["FunctionArn"]
    whole = aws.get_function(FunctionName=name, **more)
    assert got == whole["Configuration"] | {"ResponseMetadata": got["ResponseMetadata"]}
    assert whole["Code"]["RepositoryType"] == "S3"
    assert whole["Code"]["Location"].endswith(f".{REGION}.amazonaws.com/snapshots/{ACCOUNT}/fn")


@pytest.mark.parametrize("operation", ["get_function", "get_function_configuration"])
@pytest.mark.parametrize("name", ["gone", "fn:gone"])
def test_a_function_that_is_missing(sandbox: Running, aws: Any, name: str, operation: str) -> None:
    sandbox.hold("fn")
    got = refusal(getattr(aws, operation), FunctionName=name)
    assert (got.code, got.status) == ("ResourceNotFoundException", 404)
    assert got.body == {"Type": "User", "Message": f"Function not found: {ARN}{name}"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"MaxItems": 0}, "ValidationException"),
        ({"MaxItems": 10_001}, "ValidationException"),
        ({"FunctionVersion": "SOME"}, "ValidationException"),
        ({"Marker": "x"}, "InvalidParameterValueException"),
        ({"Marker": "eA=="}, "InvalidParameterValueException"),
    ],
)
def test_lists_that_are_refused(aws: Any, asked: Any, code: str) -> None:
    got = refusal(aws.list_functions, **asked)
    assert (got.code, got.status) == (code, 400)


def test_they_take_quota(start: Callable[..., Running]) -> None:
    running = start(rate=1e-6, burst=2, any_function=True)
    aws = running.client()
    aws.list_functions()
    aws.get_function_configuration(FunctionName="fn")
    assert refusal(aws.list_functions).code == "TooManyRequestsException"
    assert running.stats()["by_operation"] == {"GetFunctionConfiguration": 1, "ListFunctions": 2}


def test_a_function_has_no_path_below_it(sandbox: Running) -> None:
    for method, end in (("GET", "/"), ("GET", "/code"), ("POST", ""), ("DELETE", "")):
        target = f"{method} /2015-03-31/functions/fn{end} HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert sandbox.talk(target.encode()).startswith(b"HTTP/1.1 404")
    bare = b"GET /2015-03-31/functions/fn HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert b"MissingAuthenticationToken" in sandbox.talk(bare)


def test_a_fleet_in_accounts_and_regions(start: Callable[..., Running]) -> None:
    running = start()
    running.populate(10, accounts=2, regions=3, configured=0.8)
    state = running.window("GET", "state")[1]
    assert list(state) == [
        f"{account}/{region}"
        for account in ("123456789012", "123456789013")
        for region in sorted(REGIONS[:3])
    ]
    for functions in state.values():
        assert sorted(functions) == [f"fn-{number}" for number in range(10)]
        bare = [name for name, versions in functions.items() if versions["$LATEST"] is None]
        assert bare == ["fn-0", "fn-5"]


def test_a_generated_fleet_leaves_what_is_there(start: Callable[..., Running]) -> None:
    running = start()
    running.hold("fn-1")
    running.client().delete_function_event_invoke_config(FunctionName="fn-1")
    running.populate(2)
    state = running.window("GET", "state")[1][f"{ACCOUNT}/{REGION}"]
    assert [name for name, versions in state.items() if versions["$LATEST"]] == ["fn-0"]


@pytest.mark.parametrize("wrong", [{"regions": 18}, {"regions": 0}, {"configured": 1.1}])
def test_fleets_that_cannot_be(start: Callable[..., Running], wrong: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        start().populate(1, **wrong)
