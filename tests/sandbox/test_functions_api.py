"""ListFunctions, GetFunction and GetFunctionConfiguration, called by boto3."""

from typing import Any
from uuid import UUID

import pytest

from bulkeic.sandbox.state.region_names import REGIONS

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


def listed(aws: Any, **parameters: Any) -> list[dict[str, Any]]:
    pages = aws.get_paginator("list_functions").paginate(**parameters)
    return [function for page in pages for function in page["Functions"]]


def test_functions_come_in_pages(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.populate(120)
    aws = sandbox.client()
    pages = list(aws.get_paginator("list_functions").paginate())
    assert [len(page["Functions"]) for page in pages] == [50, 50, 20]
    names = sorted(f"fn-{number}" for number in range(120))
    assert [function["FunctionName"] for function in listed(aws)] == names
    small = listed(aws, PaginationConfig={"PageSize": 7})
    assert [function["FunctionName"] for function in small] == names
    sandbox.add_function("another")
    assert listed(aws)[0]["FunctionName"] == "another"


def test_the_description_of_a_function(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.add_function("fn")
    (function,) = listed(sandbox.client())
    assert function["FunctionArn"] == f"{ARN}fn"
    assert function["Version"] == "$LATEST"
    assert function["Runtime"] == "python3.13"
    assert function["LastModified"].endswith(".000+0000")
    got = sandbox.client().get_function_configuration(FunctionName="fn")
    assert {key: got[key] for key in function} == function
    assert (got["State"], got["LastUpdateStatus"]) == ("Active", "Successful")
    assert function["SnapStart"] == {"ApplyOn": "None", "OptimizationStatus": "Off"}
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/fn"}
    assert str(UUID(function["RevisionId"])) == function["RevisionId"]


def test_versions_are_listed_on_request(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    for name in ("a", "b"):
        for qualifier in ("$LATEST", "1", "2", "live"):
            sandbox.add_function(name, qualifier)
    wanted = [f"{ARN}{name}:{version}" for name in "ab" for version in ("$LATEST", "1", "2")]
    aws = sandbox.client()
    for parameters in (
        {},
        {"PaginationConfig": {"PageSize": 2}},
        {"PaginationConfig": {"PageSize": 4}},
    ):
        functions = listed(aws, FunctionVersion="ALL", **parameters)
        assert [function["FunctionArn"] for function in functions] == wanted
        assert [function["Version"] for function in functions] == ["$LATEST", "1", "2"] * 2


@pytest.mark.parametrize("name", ["fn", f"{ARN}fn", f"{ACCOUNT}:function:fn"])
@pytest.mark.parametrize(
    ("qualifier", "version"), [("", "$LATEST"), ("1", "1"), ("live", "$LATEST")]
)
def test_a_function_by_name_and_qualifier(
    sandbox: SandboxThread, aws: Any, name: str, qualifier: str, version: str
) -> None:
    sandbox.add_function("fn")
    sandbox.add_function("fn", qualifier or "$LATEST")
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
def test_a_missing_function_is_not_found(
    sandbox: SandboxThread, aws: Any, name: str, operation: str
) -> None:
    sandbox.add_function("fn")
    got = expect_error(getattr(aws, operation), FunctionName=name)
    assert (got.code, got.status) == ("ResourceNotFoundException", 404)
    assert got.body == {"Type": "User", "Message": f"Function not found: {ARN}{name}"}


@pytest.mark.parametrize("operation", ["get_function", "get_function_configuration"])
@pytest.mark.parametrize("name", ["n" * 65, "n" * 100 + ":live", f"{ARN}{'n' * 65}"])
def test_a_name_of_65_letters_is_not_found_either(
    start_sandbox: StartSandbox, name: str, operation: str
) -> None:
    aws = start_sandbox(any_function=True).client(parameter_validation=False)
    got = expect_error(getattr(aws, operation), FunctionName=name)
    assert (got.code, got.status) == ("ResourceNotFoundException", 404)
    assert got.message == f"Function not found: {ARN}{name.removeprefix(ARN)}"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"MaxItems": 0}, "ValidationException"),
        ({"MaxItems": 10_001}, "ValidationException"),
        ({"FunctionVersion": "SOME"}, "ValidationException"),
        ({"Marker": "x"}, "InvalidParameterValueException"),
        ({"Marker": "eA=="}, "InvalidParameterValueException"),
    ],
)
def test_invalid_list_parameters_are_refused(aws: Any, parameters: Any, code: str) -> None:
    got = expect_error(aws.list_functions, **parameters)
    assert (got.code, got.status) == (code, 400)


def test_listing_and_describing_take_quota(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=1e-6, burst=2, any_function=True)
    aws = sandbox.client()
    aws.list_functions()
    aws.get_function_configuration(FunctionName="fn")
    assert expect_error(aws.list_functions).code == "TooManyRequestsException"
    assert sandbox.stats()["by_operation"] == {"GetFunctionConfiguration": 1, "ListFunctions": 2}


def test_other_paths_of_a_function_are_unknown(sandbox: SandboxThread) -> None:
    for method, end in (("GET", "/"), ("GET", "/code"), ("POST", ""), ("DELETE", "")):
        target = f"{method} /2015-03-31/functions/fn{end} HTTP/1.1\r\nConnection: close\r\n\r\n"
        assert sandbox.send_raw(target.encode()).startswith(b"HTTP/1.1 404")
    bare = b"GET /2015-03-31/functions/fn HTTP/1.1\r\nConnection: close\r\n\r\n"
    assert b"MissingAuthenticationToken" in sandbox.send_raw(bare)


def test_a_generated_fleet_spans_accounts_and_regions(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox()
    sandbox.populate(10, accounts=2, regions=3, configured=0.8)
    state = sandbox.admin("GET", "state")[1]
    assert list(state) == [
        f"{account}/{region}"
        for account in ("123456789012", "123456789013")
        for region in sorted(REGIONS[:3])
    ]
    for functions in state.values():
        assert sorted(functions) == [f"fn-{number}" for number in range(10)]
        bare = [name for name, versions in functions.items() if versions["$LATEST"] is None]
        assert bare == ["fn-0", "fn-5"]


def test_a_generated_fleet_keeps_existing_functions(
    start_sandbox: StartSandbox,
) -> None:
    sandbox = start_sandbox()
    sandbox.add_function("fn-1")
    sandbox.client().delete_function_event_invoke_config(FunctionName="fn-1")
    sandbox.populate(2)
    state = sandbox.admin("GET", "state")[1][f"{ACCOUNT}/{REGION}"]
    assert [name for name, versions in state.items() if versions["$LATEST"]] == ["fn-0"]


@pytest.mark.parametrize("wrong", [{"regions": 18}, {"regions": 0}, {"configured": 1.1}])
def test_invalid_fleet_sizes_are_refused(start_sandbox: StartSandbox, wrong: Any) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        start_sandbox().populate(1, **wrong)
