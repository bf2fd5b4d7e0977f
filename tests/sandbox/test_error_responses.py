"""Every recorded error of AWS, as boto3 receives it: code, status, body keys, header, message."""

# ruff: noqa: E501 - a row of the table is a line

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bulkeic.sandbox.protocol.aws_errors import ErrorKind

from .sandbox_client import ACCOUNT, REGION, SandboxThread, expect_error

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
OTHER = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:fn"
NAME_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
DESTINATION_PATTERN = (
    r"$|kafka://([^.]([a-zA-Z0-9\-_.]{0,248}))|arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:"
    r"((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)"
)
UPDATE, PUT = "update_function_event_invoke_config", "put_function_event_invoke_config"
GET, DELETE = "get_function_event_invoke_config", "delete_function_event_invoke_config"
LIST = "list_function_event_invoke_configs"
BOTH = (UPDATE, PUT)
ALL = (UPDATE, PUT, GET, DELETE, LIST)
RETRIES = {"MaximumRetryAttempts": 1}


@dataclass(frozen=True)
class Row:
    operations: tuple[str, ...]
    name: str
    code: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)


def failure(destination: str) -> dict[str, Any]:
    return {"DestinationConfig": {"OnFailure": {"Destination": destination}}}


def success(destination: str) -> dict[str, Any]:
    return {"DestinationConfig": {"OnSuccess": {"Destination": destination}}}


def broken(value: object, member: str, rule: str) -> str:
    return (
        f"1 validation error detected: Value '{value}' at '{member}' "
        f"failed to satisfy constraint: Member must {rule}"
    )


MISSING, INVALID, MALFORMED = (
    "ResourceNotFoundException",
    "InvalidParameterValueException",
    "ValidationException",
)
NO_FUNCTION = "The function doesn't exist."
NOTHING = "You must specify at least one of error handling or destination setting."
DIFFERENT = "The derived qualifier from the function name does not match the specified qualifier."
SELF = "You can't specify the function as a destination for itself."


def unconfigured(qualified: str) -> str:
    return f"The function {ARN}{qualified} doesn't have an EventInvokeConfig"


def refused(on_success: str, on_failure: str) -> str:
    return (
        f"The provided destination config DestinationConfig(onSuccess={on_success}, "
        f"onFailure={on_failure}) is invalid."
    )


FIFO, BUCKET, ROLE = f"{QUEUE}.fifo", "arn:aws:s3:::bucket", f"arn:aws:iam::{ACCOUNT}:role/x"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/x"
LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:x:1"

ROWS = [
    # The function, the version or alias, the configuration
    Row((UPDATE, PUT, LIST), "gone", MISSING, NO_FUNCTION, RETRIES),
    Row((UPDATE, PUT, LIST), "fn:gone", MISSING, NO_FUNCTION, RETRIES),
    Row(BOTH, "fn", MISSING, NO_FUNCTION, RETRIES | {"Qualifier": "gone"}),
    Row((UPDATE, GET, DELETE), "bare-unconfigured", MISSING, unconfigured("bare-unconfigured:$LATEST"), RETRIES),
    Row((UPDATE, GET, DELETE), "bare-unconfigured:live", MISSING, unconfigured("bare-unconfigured:live"), RETRIES),
    Row((GET, DELETE), "gone", MISSING, unconfigured("gone:$LATEST")),
    Row((GET, DELETE), "fn:gone", MISSING, unconfigured("fn:gone")),
    Row((GET, DELETE), "fn", MISSING, unconfigured("fn:7"), {"Qualifier": "7"}),
    # What is sent
    Row(BOTH, "fn", INVALID, NOTHING),
    Row(BOTH, "gone", INVALID, NOTHING),
    Row((UPDATE, PUT, GET, DELETE), "fn:live", INVALID, DIFFERENT, RETRIES | {"Qualifier": "1"}),
    # Where it lies
    Row(ALL, OTHER, MISSING, f"Functions from 'eu-west-1' are not reachable in this region ('{REGION}')", RETRIES),
    # Destinations
    Row(BOTH, "fn", INVALID, f"The destination ARN {ARN}gone is invalid.", failure(ARN + "gone")),
    Row(BOTH, "fn", INVALID, f"The destination ARN {ARN}to:gone is invalid.", success(ARN + "to:gone")),
    Row(BOTH, "fn", INVALID, f"The destination ARN {LAYER} is invalid.", success(LAYER)),
    Row(BOTH, "fn", INVALID, SELF, failure(ARN + "fn")),
    Row(BOTH, "fn:live", INVALID, SELF, success(ARN + "fn:live")),
    Row(BOTH, "fn", INVALID, refused(f"OnSuccess(destination={ROLE})", "null"), success(ROLE)),
    Row(BOTH, "fn", INVALID, refused("null", f"OnFailure(destination={ROLE})"), failure(ROLE)),
    Row(BOTH, "fn", INVALID, refused("null", f"OnFailure(destination={FIFO})"), failure(FIFO)),
    Row(BOTH, "fn", INVALID, refused("null", f"OnFailure(destination={RULE})"), failure(RULE)),
    Row(BOTH, "fn", INVALID, refused(f"OnSuccess(destination={BUCKET})", "null"), success(BUCKET)),
    Row(BOTH, "fn", INVALID, refused("null", "OnFailure(destination=kafka://x)"), failure("kafka://x")),
    # Constraints
    Row(BOTH, "fn", MALFORMED, broken("queue", "destinationConfig.onFailure.destination", f"satisfy regular expression pattern: {DESTINATION_PATTERN}"), failure("queue")),
    Row(BOTH, "fn", MALFORMED, broken("q", "destinationConfig.onSuccess.destination", f"satisfy regular expression pattern: {DESTINATION_PATTERN}"), success("q")),
    Row(BOTH, "fn", MALFORMED, broken(QUEUE + "q" * 350, "destinationConfig.onFailure.destination", "have length less than or equal to 350"), failure(QUEUE + "q" * 350)),
    Row(BOTH, "fn", MALFORMED, broken(5, "maximumRetryAttempts", "have value less than or equal to 2"), {"MaximumRetryAttempts": 5}),
    Row(BOTH, "fn", MALFORMED, broken(-1, "maximumRetryAttempts", "have value greater than or equal to 0"), {"MaximumRetryAttempts": -1}),
    Row(BOTH, "fn", MALFORMED, broken(59, "maximumEventAgeInSeconds", "have value greater than or equal to 60"), {"MaximumEventAgeInSeconds": 59}),
    Row(BOTH, "fn", MALFORMED, broken(21601, "maximumEventAgeInSeconds", "have value less than or equal to 21600"), {"MaximumEventAgeInSeconds": 21601}),
    Row(ALL, "f n", MALFORMED, broken("f n", "functionName", f"satisfy regular expression pattern: {NAME_PATTERN}"), RETRIES),
    Row(ALL, "f/n", MALFORMED, broken("f/n", "functionName", f"satisfy regular expression pattern: {NAME_PATTERN}"), RETRIES),
    Row(ALL, "n" * 65, MALFORMED, broken("n" * 65, "functionName", "have length less than or equal to 64"), RETRIES),
    Row(ALL, "n" * 257, MALFORMED, broken("n" * 257, "functionName", "have length less than or equal to 256"), RETRIES),
    Row((UPDATE, PUT, GET, DELETE), "fn", MALFORMED, broken("a b", "qualifier", f"satisfy regular expression pattern: {QUALIFIER_PATTERN}"), RETRIES | {"Qualifier": "a b"}),
    Row((UPDATE, PUT, GET, DELETE), "fn", MALFORMED, broken("q" * 129, "qualifier", "have length less than or equal to 128"), RETRIES | {"Qualifier": "q" * 129}),
    Row((LIST,), "fn", MALFORMED, broken(51, "maxItems", "have value less than or equal to 50"), {"MaxItems": 51}),
    Row((LIST,), "fn", MALFORMED, broken(0, "maxItems", "have value greater than or equal to 1"), {"MaxItems": 0}),
    # Unrecorded
    Row((LIST,), "fn", INVALID, "The pagination marker is invalid.", {"Marker": "x"}),
]  # fmt: skip
STATUS = {MISSING: 404, INVALID: 400, MALFORMED: 400}
KEYS = {MISSING: ["Type", "Message"], INVALID: ["Type", "message"], MALFORMED: ["message"]}


@pytest.fixture(scope="module", autouse=True)
def functions(sandbox: SandboxThread) -> None:
    for name in ("fn:$LATEST", "fn:live", "to:$LATEST", "bare-unconfigured:live"):
        sandbox.add_function(*name.split(":"))


CASES = [(operation, row) for row in ROWS for operation in row.operations]


@pytest.mark.parametrize(
    ("operation", "row"),
    CASES,
    ids=[f"{op[:6]}-{row.name[:12]}-{row.code[:8]}" for op, row in CASES],
)
def test_error_response(sandbox: SandboxThread, aws: Any, operation: str, row: Row) -> None:
    before = sandbox.admin("GET", "state")
    settings = (
        row.more
        if operation in BOTH
        else {
            key: value
            for key, value in row.more.items()
            if key in (("MaxItems", "Marker") if operation == LIST else ("Qualifier",))
        }
    )
    got = expect_error(getattr(aws, operation), FunctionName=row.name, **settings)
    assert (got.code, got.status) == (row.code, STATUS[row.code])
    assert got.message == row.message
    assert list(got.body) == KEYS[row.code]
    assert got.body.get("Type", "User") == "User"
    assert got.headers["x-amzn-errortype"] == row.code
    assert got.headers["x-amzn-requestid"]
    assert got.headers["content-type"] == "application/json"
    assert sandbox.admin("GET", "state") == before


def test_all_violations_are_listed(aws: Any) -> None:
    got = expect_error(
        aws.update_function_event_invoke_config,
        FunctionName="fn",
        Qualifier="a b",
        MaximumRetryAttempts=3,
        MaximumEventAgeInSeconds=1,
    )
    assert got.message is not None
    assert got.message.startswith("3 validation errors detected: Value 'a b' at 'qualifier'")
    assert got.message.count("; Value '") == 2


def test_an_arn_of_another_account_is_denied(aws: Any) -> None:
    theirs = f"arn:aws:lambda:{REGION}:999999999999:function:fn"
    got = expect_error(aws.get_function_event_invoke_config, FunctionName=theirs)
    assert (got.code, got.status, list(got.body)) == ("AccessDeniedException", 403, ["Message"])
    assert f"resource: {theirs}:$LATEST" in got.body["Message"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"MaximumRetryAttempts": "1"}, "STRING_VALUE can not be converted to an Integer"),
        ({"MaximumRetryAttempts": True}, "BOOLEAN_VALUE can not be converted to an Integer"),
        ({"MaximumRetryAttempts": 1.5}, "NUMBER_VALUE can not be converted to an Integer"),
        ({"DestinationConfig": []}, "START_ARRAY can not be converted to an object"),
        (
            {"DestinationConfig": {"OnFailure": "x"}},
            "STRING_VALUE can not be converted to an object",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": {}}}},
            "START_OBJECT can not be converted to a String",
        ),
    ],
)
def test_values_of_wrong_types_are_refused(sandbox: SandboxThread, sent: Any, message: str) -> None:
    status, headers, body = sandbox.update("fn", sent)
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert body == {"message": message}


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"MaximumRetryAttempts":NaN}', b"[" * 100_000])
def test_bodies_that_are_not_json_are_refused(sandbox: SandboxThread, body: bytes) -> None:
    status, headers, answer = sandbox.update("fn", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "InvalidRequestContentException")
    assert list(answer) == ["Type", "message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2019-09-25/functions/../event-invoke-config"),
        ("GET", "/2019-09-25/functions/%2E%2E/event-invoke-config"),
        ("PATCH", "/2019-09-25/functions/fn/event-invoke-config"),
        ("POST", "/2019-09-25/functions/fn/event-invoke-config/list"),
        ("GET", "/2019-09-25/functions/"),
        ("GET", "/nothing"),
    ],
)
def test_unknown_operations_are_refused(sandbox: SandboxThread, method: str, path: str) -> None:
    answer = sandbox.send_raw(f"{method} {path} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"x-amzn-ErrorType: UnknownOperationException\r\n" in answer


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("X-Nothing: 1", "MissingAuthenticationTokenException"),
        ("Authorization: Basic eDp5", "IncompleteSignatureException"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=x", "IncompleteSignatureException"),
        (
            "Authorization: AWS4-HMAC-SHA256 Credential=A/20251123/us-east-1/s3/aws4_request",
            "InvalidSignatureException",
        ),
    ],
)
def test_missing_or_malformed_credentials_are_refused(
    sandbox: SandboxThread, header: str, code: str
) -> None:
    path = "/2019-09-25/functions/fn/event-invoke-config"
    answer = sandbox.send_raw(
        f"GET {path} HTTP/1.1\r\n{header}\r\nConnection: close\r\n\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert f"x-amzn-ErrorType: {code}\r\n".encode() in answer
    assert b'{"message":"' in answer


def test_the_docs_list_the_codes_of_all_guesses() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/sandbox.md").read_text()
    section = page.partition("## Where it can only guess")[2]
    listed = {
        code
        for line in section.splitlines()
        if line.startswith("| ") and not line.startswith("| code")
        for code in line.split("|")[1].replace(",", " ").split()
    }
    assert listed == {kind.value.code for kind in ErrorKind if not kind.value.is_recorded}
