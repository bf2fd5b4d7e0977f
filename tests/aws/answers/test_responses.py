"""A response is read as the SDK's own client reads it."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bulkeic.core.listing import LISTS
from bulkeic.core.model import Answer, Failure, Operation, Success, rfc3339
from bulkeic.core.texts.server_text import is_code, shown_text
from tests.aws.both_clients import KEYS, BothClients, make_job, make_listing
from tests.aws.recording_server import CannedResponse

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
REQUEST_ID = ("x-amzn-RequestId", "4b1f6a0e-0000-4000-8000-000000000000")
CONFIG = {
    "LastModified": 1761991200.123,
    "FunctionArn": ARN,
    "MaximumRetryAttempts": 1,
    "MaximumEventAgeInSeconds": 3600,
    "DestinationConfig": {
        "OnSuccess": {},
        "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"},
    },
}


def respond(status: int, body: Any, *headers: tuple[str, str]) -> CannedResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CannedResponse(status, content, (REQUEST_ID, *headers))


def error_type(value: str) -> tuple[str, str]:
    return ("X-Amzn-ErrorType", value)


SUCCESSES = {
    "full": respond(200, CONFIG),
    "no request id": CannedResponse(200, json.dumps(CONFIG).encode()),
    "only required fields": respond(200, {"LastModified": 1.5, "FunctionArn": ARN}),
    "without LastModified": respond(200, {"FunctionArn": ARN, "MaximumRetryAttempts": 0}),
    "OnSuccess only": respond(200, CONFIG | {"DestinationConfig": {"OnSuccess": {}}}),
    "no destination": respond(200, CONFIG | {"DestinationConfig": {}}),
    "nulls": respond(200, CONFIG | {"MaximumRetryAttempts": None, "DestinationConfig": None}),
    "a null OnSuccess": respond(200, CONFIG | {"DestinationConfig": {"OnSuccess": None}}),
    "a null destination": respond(
        200, CONFIG | {"DestinationConfig": {"OnSuccess": {"Destination": None}}}
    ),
    "a null LastModified": respond(200, CONFIG | {"LastModified": None}),
    "unknown fields": respond(200, CONFIG | {"New": {"a": [1]}, "DestinationConfig": {"On": {}}}),
    "a whole number": respond(200, CONFIG | {"LastModified": 1761991200}),
    "the Unix epoch": respond(200, CONFIG | {"LastModified": 0}),
    "before the epoch": respond(200, CONFIG | {"LastModified": -86400.5}),
    "a number as a string": respond(200, CONFIG | {"LastModified": "1761991200.5"}),
    "ISO": respond(200, CONFIG | {"LastModified": "2025-11-01T10:00:00.123000+00:00"}),
    "ISO with an offset": respond(200, CONFIG | {"LastModified": "2025-11-01T10:00:00.123+0230"}),
    "ISO without an offset": respond(200, CONFIG | {"LastModified": "2025-11-01T10:00:00"}),
    "a date alone": respond(200, CONFIG | {"LastModified": "2025-11-01"}),
    "HTTP's date": respond(200, CONFIG | {"LastModified": "Sat, 01 Nov 2025 10:00:00 GMT"}),
    "a string as an integer": respond(200, CONFIG | {"MaximumRetryAttempts": "1"}),
    "an unpaired surrogate": respond(
        200, CONFIG | {"DestinationConfig": {"OnFailure": {"Destination": "\ud800"}}}
    ),
    "a name twice": respond(200, b'{"FunctionArn":"b",' + json.dumps(CONFIG)[1:].encode()),
    "201": respond(201, CONFIG),
    "202, pretty": respond(202, json.dumps(CONFIG, indent=4).encode()),
    "as text/html": respond(200, CONFIG, ("Content-Type", "text/html")),
}
CODES = (
    (400, "InvalidParameterValueException"),
    (400, "ValidationException"),
    (403, "AccessDeniedException"),
    (403, "ExpiredTokenException"),
    (404, "ResourceNotFoundException"),
    (409, "ResourceConflictException"),
    (429, "TooManyRequestsException"),
    (500, "ServiceException"),
    (418, "BrandNewException"),
)
ERROR_BODY = {"Type": "User", "Message": "What was wrong"}
HTML_PAGE = b"<html><body>Bad Gateway</body></html>"
ERRORS = {
    f"{status} {code}, {form}": response
    for status, code in CODES
    for form, response in {
        "in a header": respond(status, ERROR_BODY, error_type(code)),
        "in a header with a URL": respond(
            status, {"message": "m"}, error_type(f"{code}:http://internal.amazon.com/x/")
        ),
        "in the body": respond(status, {"code": code, "message": "m"}),
        "in the body's __type": respond(status, {"__type": f"com.amazonaws#{code}"} | ERROR_BODY),
        "in both": respond(status, {"__type": "Other", "code": "More"}, error_type(code)),
        "without a body": respond(status, b"", error_type(code)),
        "with a page": respond(status, HTML_PAGE, error_type(code), ("Content-Type", "text/html")),
        "with two messages": respond(status, ERROR_BODY | {"message": "other"}, error_type(code)),
        "with an empty message": respond(status, {"message": ""}, error_type(code)),
        "with a null message": respond(status, {"message": None}, error_type(code)),
        "with Retry-After": respond(status, ERROR_BODY, error_type(code), ("Retry-After", "7")),
    }.items()
} | {
    "500 HTML": respond(500, HTML_PAGE, ("Content-Type", "text/html")),
    "503 nothing": respond(503, b""),
    "404 nothing": CannedResponse(404, b""),
    "400 an unpaired surrogate": respond(400, rb'{"message":"\ud800","code":"\udfff"}'),
    "429 Retry-After as a date": respond(
        429, ERROR_BODY, ("Retry-After", "Sat, 01 Nov 2025 10:00:00 GMT"), error_type("Throttling")
    ),
    "429 code alone": respond(429, {"Reason": "CallerRateLimitExceeded"}),
    "400 a number as code": respond(400, {"code": 17, "message": 18}),
    "300 without a location": respond(300, ERROR_BODY),
    "304": respond(304, b""),
    "399": respond(399, ERROR_BODY, error_type("Odd")),
    "600": respond(600, ERROR_BODY, error_type("Odd")),
}
UNREADABLE = {
    "an invalid time": respond(200, CONFIG | {"LastModified": "yesterday"}),
    "a time out of range": respond(200, CONFIG | {"LastModified": 1e300}),
    "NaN": respond(200, json.dumps(CONFIG).replace("1761991200.123", "NaN").encode()),
    "a list as LastModified": respond(200, CONFIG | {"LastModified": [1]}),
    "a string as DestinationConfig": respond(200, CONFIG | {"DestinationConfig": "x"}),
    "a list": respond(200, [CONFIG]),
    "deep nesting": respond(200, b'{"New":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a list as error": respond(400, [ERROR_BODY], error_type("Odd")),
    "a string as error": respond(404, '"odd"', error_type("Odd")),
    "null as error": respond(500, b"null"),
    "an error that is not UTF-8": respond(400, b'{"message":"\xff"}', error_type("Odd")),
}
WITHOUT_CONFIG = {
    "an empty body": b"",
    "an empty object": b"{}",
    "null": b"null",
    "HTML": HTML_PAGE,
    "a cut body": json.dumps(CONFIG).encode()[:-9],
    "not UTF-8": b'{"FunctionArn":"\xff"}',
}
FUNCTION = {"Configuration": {"FunctionName": "f", "FunctionArn": ARN}, "Code": {"Location": "x"}}
RETURNING_CONFIG = (Operation.GET, Operation.UPDATE, Operation.PUT)
SUCCESSES_WITHOUT_CONFIG = {
    Operation.DELETE: {
        "plain": respond(204, b""),
        "no length": CannedResponse(204, b"", (REQUEST_ID,), has_length=False),
        "no request id": CannedResponse(204, b"", has_length=False),
    },
    Operation.GET_FUNCTION: {
        "full": respond(200, FUNCTION),
        "unknown fields": respond(200, FUNCTION | {"New": [None, 1.5]}),
        "an unpaired surrogate": respond(200, FUNCTION | {"Tags": {"a": "\ud800"}}),
        "203": respond(203, FUNCTION),
        "no request id": CannedResponse(200, json.dumps(FUNCTION).encode()),
    },
}
UNEXPECTED_SUCCESSES = {
    Operation.DELETE: {
        "200 HTML": respond(200, HTML_PAGE, ("Content-Type", "text/html")),
        "200 nothing": respond(200, b""),
        "202 JSON": respond(202, {}),
    },
    Operation.GET_FUNCTION: {
        "200 HTML": respond(200, HTML_PAGE, ("Content-Type", "text/html")),
        "200 nothing": respond(200, b""),
        "200 null": respond(200, b"null"),
        "200 a list": respond(200, [FUNCTION]),
        "200 a cut body": respond(200, json.dumps(FUNCTION).encode()[:-9]),
        "204": respond(204, b""),
        "200 deep nesting": UNREADABLE["deep nesting"],
        "200 another object": respond(200, {"error": "log in"}),
    },
} | {
    operation: {"200 HTML": respond(200, HTML_PAGE), "204": respond(204, b"")}
    for operation in RETURNING_CONFIG
}


def fields_by_sdk(answer: dict[str, Any] | Exception) -> dict[str, Any]:
    """Returns what botocore has read, under our names."""
    if isinstance(answer, ClientError):
        metadata = answer.response["ResponseMetadata"]
        error = answer.response.get("Error", {"Code": metadata["HTTPStatusCode"], "Message": ""})
        retry_after = metadata["HTTPHeaders"].get("retry-after", "")
        status = metadata["HTTPStatusCode"]
        return {
            "code": code if is_code(code := _written(str(error["Code"]))) else str(status),
            "message": shown_text(_written(str(error["Message"] or ""))),
            "http_status": metadata["HTTPStatusCode"],
            "request_id": metadata.get("RequestId"),
            "retry_after_s": _seconds(retry_after),
        }
    assert isinstance(answer, dict), repr(answer)
    metadata = answer.pop("ResponseMetadata")
    if answer.get("LastModified") is not None:
        answer["LastModified"] = rfc3339(answer["LastModified"].timestamp())
    return {
        "config": json.loads(_written(json.dumps(answer, ensure_ascii=False))),
        "http_status": metadata["HTTPStatusCode"],
        "request_id": metadata.get("RequestId"),
    }


def _seconds(retry_after: str) -> float | None:
    if retry_after.endswith("GMT"):
        return 0.0  # the dates of these responses are in the past
    return float(retry_after) if retry_after.isdecimal() else None


def fields_by_us(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Success):
        return {
            "config": answer.config,
            "http_status": answer.http_status,
            "request_id": answer.request_id,
        }
    return {
        "code": answer.code,
        "message": answer.message,
        "http_status": answer.http_status,
        "request_id": answer.request_id,
        "retry_after_s": answer.retry_after_s,
    }


def _written(text: str) -> str:
    return text.encode(errors="replace").decode()


@pytest.mark.parametrize("name", [*SUCCESSES, *ERRORS])
def test_a_get_response_is_read_as_the_sdk_reads_it(clients: BothClients, name: str) -> None:
    response = (SUCCESSES | ERRORS)[name]
    by_sdk, by_us = clients.run(clients.responses(response, make_job("f"), Operation.GET))

    assert isinstance(by_us, Success if name in SUCCESSES else Failure)
    assert fields_by_us(by_us) == fields_by_sdk(by_sdk)


@pytest.mark.parametrize("operation", [Operation.GET, Operation.UPDATE])
def test_a_credential_that_an_answer_quotes_is_masked(
    clients: BothClients, operation: Operation
) -> None:
    quoted = f"arn:aws:sqs:us-east-1:123456789012:{KEYS['long-term'].access_key}"
    for name in ("OnSuccess", "OnFailure"):
        destinations = {"DestinationConfig": {name: {"Destination": quoted}}}
        response = respond(200, CONFIG | destinations)

        _, answer = clients.run(clients.responses(response, make_job("f"), operation))

        assert isinstance(answer, Success)
        assert answer.config is not None
        masked = {"Destination": "arn:aws:sqs:us-east-1:123456789012:***"}
        assert answer.config["DestinationConfig"] == {name: masked}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_response_that_the_sdk_cannot_parse_is_a_failure_with_the_same_code(
    clients: BothClients, name: str
) -> None:
    by_sdk, by_us = clients.run(clients.responses(UNREADABLE[name], make_job("f")))

    assert isinstance(by_us, Failure)
    assert isinstance(by_sdk, Exception)
    assert (by_us.fault, by_us.code) == ("server", type(by_sdk).__name__)
    assert by_us.message == f"HTTP {UNREADABLE[name].status}, but it cannot be read"
    assert (by_us.http_status, by_us.request_id) == (UNREADABLE[name].status, REQUEST_ID[1])


@pytest.mark.parametrize("field", ["MaximumRetryAttempts", "MaximumEventAgeInSeconds"])
@pytest.mark.parametrize("value", [1.5, 1.0])
def test_a_fraction_in_an_integer_field_is_senseless(
    clients: BothClients, field: str, value: float
) -> None:
    response = respond(200, CONFIG | {field: value})

    _, by_us = clients.run(clients.responses(response, make_job("f"), Operation.GET))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.code) == ("server", "ResponseParserError")


def test_a_429_is_throttling_with_any_body(clients: BothClients) -> None:
    response = respond(429, b"null", ("Retry-After", "3"))

    _, by_us = clients.run(clients.responses(response, make_job("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status, by_us.retry_after_s) == ("throttled", 429, 3)


@pytest.mark.parametrize("body", [b"null", b"", HTML_PAGE])
@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_a_gateway_error_is_a_connection_failure(
    clients: BothClients, status: int, body: bytes
) -> None:
    _, by_us = clients.run(clients.responses(respond(status, body), make_job("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status) == ("connection", status)


@pytest.mark.parametrize("name", WITHOUT_CONFIG)
def test_a_2xx_without_the_expected_configuration_is_a_server_failure(
    clients: BothClients, name: str
) -> None:
    _, by_us = clients.run(clients.responses(respond(200, WITHOUT_CONFIG[name]), make_job("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status, by_us.request_id) == ("server", 200, REQUEST_ID[1])


# Every transport hands on the same bytes, so one of them is enough for most operations.
@pytest.mark.parametrize(
    ("clients", "operation", "cases"),
    [
        ("direct", Operation.UPDATE, ERRORS | {"full": SUCCESSES["full"]}),
        ("aiohttp", Operation.UPDATE, ERRORS | {"full": SUCCESSES["full"]}),
        ("direct", Operation.PUT, ERRORS),
        ("direct", Operation.DELETE, ERRORS),
        ("direct", Operation.GET_FUNCTION, ERRORS),
        *(("direct", operation, ERRORS) for operation in sorted(LISTS)),
    ],
    indirect=["clients"],
)
def test_responses_of_every_operation_are_read_as_the_sdk_reads_them(
    clients: BothClients, operation: Operation, cases: dict[str, CannedResponse]
) -> None:
    job = make_listing(operation) if operation in LISTS else make_job("f")
    for name, response in cases.items():
        by_sdk, by_us = clients.run(clients.responses(response, job, operation))

        assert (name, fields_by_us(by_us)) == (name, fields_by_sdk(by_sdk))


@pytest.mark.parametrize(
    ("operation", "response"),
    [
        pytest.param(operation, response, id=f"{operation} {name}")
        for operation, cases in SUCCESSES_WITHOUT_CONFIG.items()
        for name, response in cases.items()
    ],
)
def test_operations_without_a_configuration_succeed_without_one(
    clients: BothClients, operation: Operation, response: CannedResponse
) -> None:
    by_sdk, by_us = clients.run(clients.responses(response, make_job("f"), operation))

    assert isinstance(by_sdk, dict)
    assert by_us == Success(response.status, by_sdk["ResponseMetadata"].get("RequestId"), None)


@pytest.mark.parametrize(
    ("operation", "response"),
    [
        pytest.param(operation, response, id=f"{operation} {name}")
        for operation, cases in UNEXPECTED_SUCCESSES.items()
        for name, response in cases.items()
    ],
)
def test_an_unexpected_success_of_an_operation_is_a_server_failure(
    clients: BothClients, operation: Operation, response: CannedResponse
) -> None:
    _, by_us = clients.run(clients.responses(response, make_job("f"), operation))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status) == ("server", response.status)
    assert by_us.request_id == REQUEST_ID[1]


@pytest.mark.parametrize("name", ["plain", "no length"])
def test_a_deletion_keeps_the_connection_open(clients: BothClients, name: str) -> None:
    async def opened(calls: int) -> int:
        before = clients.server.connections
        for _ in range(calls):
            await clients.responses(
                SUCCESSES_WITHOUT_CONFIG[Operation.DELETE][name], make_job("f"), Operation.DELETE
            )
        return clients.server.connections - before

    clients.run(opened(1))
    assert clients.run(opened(3)) == (0 if clients.keeps_connections else 3)
