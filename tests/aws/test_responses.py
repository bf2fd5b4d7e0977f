"""An answer means to the compiled call what it means to the SDK's own client."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bulkeic.core.model import Answer, Failure, Operation, Success, rfc3339

from .both_clients import Laboratory, job_of
from .recording_server import Canned

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
REQUEST_ID = ("x-amzn-RequestId", "4b1f6a0e-0000-4000-8000-000000000000")
FULL = {
    "LastModified": 1761991200.123,
    "FunctionArn": ARN,
    "MaximumRetryAttempts": 1,
    "MaximumEventAgeInSeconds": 3600,
    "DestinationConfig": {
        "OnSuccess": {},
        "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"},
    },
}


def answer(status: int, body: Any, *headers: tuple[str, str]) -> Canned:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Canned(status, content, (REQUEST_ID, *headers))


def error_type(value: str) -> tuple[str, str]:
    return ("X-Amzn-ErrorType", value)


SUCCESSES = {
    "full": answer(200, FULL),
    "without a request id": Canned(200, json.dumps(FULL).encode()),
    "only what has to be there": answer(200, {"LastModified": 1.5, "FunctionArn": ARN}),
    "without LastModified": answer(200, {"FunctionArn": ARN, "MaximumRetryAttempts": 0}),
    "one half of a destination": answer(200, FULL | {"DestinationConfig": {"OnSuccess": {}}}),
    "no half of a destination": answer(200, FULL | {"DestinationConfig": {}}),
    "nulls": answer(200, FULL | {"MaximumRetryAttempts": None, "DestinationConfig": None}),
    "a null half": answer(200, FULL | {"DestinationConfig": {"OnSuccess": None}}),
    "a null destination": answer(
        200, FULL | {"DestinationConfig": {"OnSuccess": {"Destination": None}}}
    ),
    "a null LastModified": answer(200, FULL | {"LastModified": None}),
    "unknown fields": answer(200, FULL | {"New": {"a": [1]}, "DestinationConfig": {"On": {}}}),
    "a whole number": answer(200, FULL | {"LastModified": 1761991200}),
    "the beginning of time": answer(200, FULL | {"LastModified": 0}),
    "before it": answer(200, FULL | {"LastModified": -86400.5}),
    "a number as text": answer(200, FULL | {"LastModified": "1761991200.5"}),
    "ISO": answer(200, FULL | {"LastModified": "2025-11-01T10:00:00.123000+00:00"}),
    "ISO elsewhere": answer(200, FULL | {"LastModified": "2025-11-01T10:00:00.123+0230"}),
    "ISO without a zone": answer(200, FULL | {"LastModified": "2025-11-01T10:00:00"}),
    "a date alone": answer(200, FULL | {"LastModified": "2025-11-01"}),
    "HTTP's date": answer(200, FULL | {"LastModified": "Sat, 01 Nov 2025 10:00:00 GMT"}),
    "a fraction where none can be": answer(200, FULL | {"MaximumRetryAttempts": 1.5}),
    "texts where numbers should be": answer(200, FULL | {"MaximumRetryAttempts": "1"}),
    "half a surrogate pair": answer(200, FULL | {"FunctionArn": "\ud800"}),
    "a name twice": answer(200, json.dumps(FULL)[:-1].encode() + b',"FunctionArn":"b"}'),
    "201": answer(201, FULL),
    "202, pretty": answer(202, json.dumps(FULL, indent=4).encode()),
    "as text/html": answer(200, FULL, ("Content-Type", "text/html")),
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
SAID = {"Type": "User", "Message": "What was wrong"}
PAGE = b"<html><body>Bad Gateway</body></html>"
ERRORS = {
    f"{status} {code}, {form}": canned
    for status, code in CODES
    for form, canned in {
        "in a header": answer(status, SAID, error_type(code)),
        "in a header with a URL": answer(
            status, {"message": "m"}, error_type(f"{code}:http://internal.amazon.com/x/")
        ),
        "in the body": answer(status, {"code": code, "message": "m"}),
        "in the body's __type": answer(status, {"__type": f"com.amazonaws#{code}"} | SAID),
        "in both": answer(status, {"__type": "Other", "code": "More"}, error_type(code)),
        "without a body": answer(status, b"", error_type(code)),
        "with a page": answer(status, PAGE, error_type(code), ("Content-Type", "text/html")),
        "with two messages": answer(status, SAID | {"message": "other"}, error_type(code)),
        "with an empty message": answer(status, {"message": ""}, error_type(code)),
        "with a null message": answer(status, {"message": None}, error_type(code)),
        "with Retry-After": answer(status, SAID, error_type(code), ("Retry-After", "7")),
    }.items()
} | {
    "500 HTML": answer(500, PAGE, ("Content-Type", "text/html")),
    "503 nothing": answer(503, b""),
    "404 nothing": Canned(404, b""),
    "400 half a surrogate pair": answer(400, rb'{"message":"\ud800","code":"\udfff"}'),
    "429 a late Retry-After": answer(
        429, SAID, ("Retry-After", "Sat, 01 Nov 2025 10:00:00 GMT"), error_type("Throttling")
    ),
    "429 code alone": answer(429, {"Reason": "CallerRateLimitExceeded"}),
    "400 a number as code": answer(400, {"code": 17, "message": 18}),
    "300 without a place": answer(300, SAID),
    "304": answer(304, b""),
    "399": answer(399, SAID, error_type("Odd")),
    "600": answer(600, SAID, error_type("Odd")),
}
SENSELESS = {
    "no time at all": answer(200, FULL | {"LastModified": "yesterday"}),
    "an ancient time": answer(200, FULL | {"LastModified": 1e300}),
    "no number": answer(200, json.dumps(FULL).replace("1761991200.123", "NaN").encode()),
    "a list as LastModified": answer(200, FULL | {"LastModified": [1]}),
    "a text as DestinationConfig": answer(200, FULL | {"DestinationConfig": "x"}),
    "a list": answer(200, [FULL]),
    "a deep one": answer(200, b'{"New":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "a list as error": answer(400, [SAID], error_type("Odd")),
    "a text as error": answer(404, '"odd"', error_type("Odd")),
    "null as error": answer(500, b"null"),
    "no UTF-8 in an error": answer(400, b'{"message":"\xff"}', error_type("Odd")),
}
EMPTY = {
    "an empty body": b"",
    "an empty object": b"{}",
    "null": b"null",
    "HTML": PAGE,
    "a cut body": json.dumps(FULL).encode()[:-9],
    "no UTF-8": b'{"FunctionArn":"\xff"}',
}
FUNCTION = {"Configuration": {"FunctionName": "f", "FunctionArn": ARN}, "Code": {"Location": "x"}}
TELLING = (Operation.GET, Operation.UPDATE, Operation.PUT)
PLAIN = {
    Operation.DELETE: {
        "bare": answer(204, b""),
        "without its length": Canned(204, b"", (REQUEST_ID,), told=False),
        "without a request id": Canned(204, b"", told=False),
    },
    Operation.GET_FUNCTION: {
        "full": answer(200, FUNCTION),
        "fields of another time": answer(200, FUNCTION | {"New": [None, 1.5]}),
        "half a surrogate pair": answer(200, FUNCTION | {"Tags": {"a": "\ud800"}}),
        "203": answer(203, FUNCTION),
        "without a request id": Canned(200, json.dumps(FUNCTION).encode()),
    },
}
NO_PLAIN = {
    Operation.DELETE: {
        "200 HTML": answer(200, PAGE, ("Content-Type", "text/html")),
        "200 nothing": answer(200, b""),
        "202 JSON": answer(202, {}),
    },
    Operation.GET_FUNCTION: {
        "200 HTML": answer(200, PAGE, ("Content-Type", "text/html")),
        "200 nothing": answer(200, b""),
        "200 null": answer(200, b"null"),
        "200 a list": answer(200, [FUNCTION]),
        "200 a cut body": answer(200, json.dumps(FUNCTION).encode()[:-9]),
        "204": answer(204, b""),
        "200 a deep one": SENSELESS["a deep one"],
        "200 another object": answer(200, {"error": "log in"}),
    },
} | {operation: {"200 HTML": answer(200, PAGE), "204": answer(204, b"")} for operation in TELLING}
CUT = {
    "before anything": Canned(silent=True),
    "in the body": Canned(200, json.dumps(FULL).encode()[:40], missing=60),
}


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    pieces = (body[:half], body[half:], b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


BODY = json.dumps(FULL).encode()
OK = b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: r\r\n"
FRAMES = {
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY),
    "until the end": OK + b"\r\n" + BODY,
    "closing": OK + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "HTTP/1.0": OK.replace(b"1.1", b"1.0") + b"\r\n" + BODY,
    "continued": b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"\r\n" + BODY,
    "a header twice": OK + b"X-Odd: 1\r\nX-Odd: 2\r\n\r\n" + BODY,
    "no reason": OK.replace(b" OK", b"") + b"\r\n" + BODY,
}
BROKEN_FRAMES = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "half a head": OK,
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(BODY)[:40],
    "no chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
}


def told_by_sdk(answer: dict[str, Any] | Exception) -> dict[str, Any]:
    """What botocore told, in our words."""
    if isinstance(answer, ClientError):
        metadata = answer.response["ResponseMetadata"]
        error = answer.response.get("Error", {"Code": metadata["HTTPStatusCode"], "Message": ""})
        retry_after = metadata["HTTPHeaders"].get("retry-after", "")
        return {
            "code": _written(str(error["Code"])),
            "message": _written(str(error["Message"] or "")),
            "http_status": metadata["HTTPStatusCode"],
            "request_id": metadata.get("RequestId"),
            "retry_after_s": float(retry_after) if retry_after.isdecimal() else None,
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


def told_by_us(answer: Answer) -> dict[str, Any]:
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
def test_an_answer_means_the_same(laboratory: Laboratory, name: str) -> None:
    canned = (SUCCESSES | ERRORS)[name]
    by_sdk, by_us = laboratory.run(laboratory.answers(canned, job_of("f")))

    assert isinstance(by_us, Success if name in SUCCESSES else Failure)
    assert told_by_us(by_us) == told_by_sdk(by_sdk)


@pytest.mark.parametrize("name", SENSELESS)
def test_what_the_sdk_cannot_understand_is_a_failure_of_the_same_name(
    laboratory: Laboratory, name: str
) -> None:
    by_sdk, by_us = laboratory.run(laboratory.answers(SENSELESS[name], job_of("f")))

    assert isinstance(by_us, Failure)
    assert isinstance(by_sdk, Exception)
    assert (by_us.fault, by_us.code) == ("server", type(by_sdk).__name__)
    assert by_us.message == _written(str(by_sdk))
    assert (by_us.http_status, by_us.request_id) == (SENSELESS[name].status, REQUEST_ID[1])


def test_a_429_slows_its_lane_down_whatever_its_body(laboratory: Laboratory) -> None:
    canned = answer(429, b"null", ("Retry-After", "3"))

    _, by_us = laboratory.run(laboratory.answers(canned, job_of("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status, by_us.retry_after_s) == ("throttled", 429, 3)


@pytest.mark.parametrize("body", [b"null", b"", PAGE])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_with_nobody_behind_it_is_no_answer(
    laboratory: Laboratory, status: int, body: bytes
) -> None:
    _, by_us = laboratory.run(laboratory.answers(answer(status, body), job_of("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status) == ("connection", status)


@pytest.mark.parametrize("name", EMPTY)
def test_a_success_without_a_configuration_is_tried_again(
    laboratory: Laboratory, name: str
) -> None:
    _, by_us = laboratory.run(laboratory.answers(answer(200, EMPTY[name]), job_of("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status, by_us.request_id) == ("server", 200, REQUEST_ID[1])


@pytest.mark.parametrize(
    ("operation", "cases"),
    [
        (Operation.GET, SUCCESSES | ERRORS),
        (Operation.PUT, SUCCESSES | ERRORS),
        (Operation.DELETE, ERRORS),
        (Operation.GET_FUNCTION, ERRORS),
    ],
)
def test_an_answer_means_the_same_to_every_operation(
    laboratory: Laboratory, operation: Operation, cases: dict[str, Canned]
) -> None:
    for name, canned in cases.items():
        by_sdk, by_us = laboratory.run(laboratory.answers(canned, job_of("f"), operation))

        assert (name, told_by_us(by_us)) == (name, told_by_sdk(by_sdk))


@pytest.mark.parametrize(
    ("operation", "canned"),
    [
        pytest.param(operation, canned, id=f"{operation} {name}")
        for operation, cases in PLAIN.items()
        for name, canned in cases.items()
    ],
)
def test_a_success_without_a_configuration_tells_none(
    laboratory: Laboratory, operation: Operation, canned: Canned
) -> None:
    by_sdk, by_us = laboratory.run(laboratory.answers(canned, job_of("f"), operation))

    assert isinstance(by_sdk, dict)
    assert by_us == Success(canned.status, by_sdk["ResponseMetadata"].get("RequestId"), None)


@pytest.mark.parametrize(
    ("operation", "canned"),
    [
        pytest.param(operation, canned, id=f"{operation} {name}")
        for operation, cases in NO_PLAIN.items()
        for name, canned in cases.items()
    ],
)
def test_what_is_no_answer_of_an_operation_is_tried_again(
    laboratory: Laboratory, operation: Operation, canned: Canned
) -> None:
    _, by_us = laboratory.run(laboratory.answers(canned, job_of("f"), operation))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.http_status) == ("server", canned.status)
    assert by_us.request_id == REQUEST_ID[1]


@pytest.mark.parametrize("name", ["bare", "without its length"])
def test_a_deletion_leaves_the_connection_open(laboratory: Laboratory, name: str) -> None:
    async def opened(calls: int) -> int:
        before = laboratory.recorder.connections
        for _ in range(calls):
            await laboratory.answers(PLAIN[Operation.DELETE][name], job_of("f"), Operation.DELETE)
        return laboratory.recorder.connections - before

    laboratory.run(opened(1))
    assert laboratory.run(opened(3)) == 0


@pytest.mark.parametrize("name", CUT)
def test_a_connection_that_is_cut_has_the_name_that_the_sdk_gives_it(
    laboratory: Laboratory, name: str
) -> None:
    by_sdk, by_us = laboratory.run(laboratory.answers(CUT[name], job_of("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.code) == ("connection", type(by_sdk).__name__)
    assert by_us.http_status is None


@pytest.mark.parametrize("name", FRAMES)
def test_an_answer_may_be_framed_in_any_way_of_http(laboratory: Laboratory, name: str) -> None:
    canned = Canned(raw=FRAMES[name])
    for _ in range(2):
        by_sdk, by_us = laboratory.run(laboratory.answers(canned, job_of("f")))

        assert isinstance(by_us, Success)
        assert told_by_us(by_us) == told_by_sdk(by_sdk)


@pytest.mark.parametrize("name", BROKEN_FRAMES)
def test_a_frame_that_is_broken_is_a_connection_that_is(laboratory: Laboratory, name: str) -> None:
    canned = Canned(raw=BROKEN_FRAMES[name])

    _, by_us = laboratory.run(laboratory.answers(canned, job_of("f")))

    assert isinstance(by_us, Failure)
    assert (by_us.fault, by_us.code) == ("connection", "ConnectionClosedError")
