"""Pages of listings: read as the SDK reads them, or failures."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.answers.operation_readers import response_reader
from bulkeic.aws.answers.service_models import output_shape
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.aws.requests.known_requests import lambda_requests
from bulkeic.aws.requests.request_template import RequestTemplate
from bulkeic.aws.requests.signing import Signer
from bulkeic.core.model import (
    Answer,
    Failure,
    Fault,
    Operation,
    Page,
    PageRequest,
    Success,
    rfc3339,
)
from tests.aws.both_clients import KEYS, BothClients, make_listing

from .example_pages import (
    ALIAS,
    CONFIG,
    FUNCTION,
    ITEMS,
    LANE_ARN,
    LIST_NAMES,
    SECRET,
    body_of,
    full_item,
)
from .test_responses import HTML_PAGE, REQUEST_ID, respond

LISTS = tuple(LIST_NAMES)
DEEP = b"[" * 100_000 + b"]" * 100_000


def page_of(answer: Answer) -> Page:
    assert isinstance(answer, Success), answer
    assert answer.config is None
    assert answer.page is not None
    return answer.page


def page_by_sdk(answer: dict[str, Any] | Exception, operation: Operation) -> Page:
    """What botocore has read, without environment variables."""
    assert isinstance(answer, dict), repr(answer)
    items = answer[LIST_NAMES[operation]]
    for item in items:
        item.pop("Environment", None)
        if operation is Operation.LIST_CONFIGS and "LastModified" in item:
            item["LastModified"] = rfc3339(item["LastModified"].timestamp())
    text = json.dumps(items, ensure_ascii=False).encode(errors="replace").decode()
    return Page(json.loads(text), answer.get("NextMarker") or None)


def nulls(value: Any) -> Any:
    """A value with a null for each field of a structure in it, except the first one."""
    if isinstance(value, dict):
        return {name: nulls(each) for name, each in value.items()} | dict.fromkeys(list(value)[1:])
    return [nulls(each) for each in value] if isinstance(value, list) else value


def pages(operation: Operation) -> dict[str, dict[str, Any]]:
    item, full = ITEMS[operation], full_item(operation)
    return {
        "full": body_of(operation, full, NextMarker="next"),
        "only required fields": body_of(operation, item),
        "empty": body_of(operation),
        "empty with a marker": body_of(operation, NextMarker="next"),
        "a null marker": body_of(operation, item, NextMarker=None),
        "an empty marker": body_of(operation, item, NextMarker=""),
        "an odd marker": body_of(operation, item, NextMarker='=&+/ %20\n"ü\U0001f600'),
        "a marker that looks like a signature": body_of(operation, item, NextMarker="0f" * 40),
        "nulls": body_of(operation, nulls(full) | item),
        "nulls alone": body_of(operation, dict.fromkeys(full) | item),
        "unknown fields": body_of(operation, item | {"New": {"a": [1, None]}}, New=[1]),
        "the same twice": body_of(operation, item, item | {"Description": "other"}),
        "many": body_of(operation, *[full] * 200),
    }


PAGES = [
    pytest.param(operation, body, id=f"{operation} {name}")
    for operation in LISTS
    for name, body in pages(operation).items()
]


@pytest.mark.parametrize(("operation", "body"), PAGES)
def test_a_page_is_read_as_the_sdk_reads_it(
    clients: BothClients, operation: Operation, body: dict[str, Any]
) -> None:
    by_sdk, by_us = clients.run(
        clients.responses(respond(200, body), make_listing(operation), operation)
    )

    assert page_of(by_us) == page_by_sdk(by_sdk, operation)
    assert (by_us.http_status, by_us.request_id) == (200, REQUEST_ID[1])
    assert SECRET not in str(by_us).replace(f"'Message': '{SECRET}'", "")


@pytest.mark.parametrize("operation", LISTS)
def test_a_page_in_an_unusual_form_is_read_as_the_sdk_reads_it(
    clients: BothClients, operation: Operation
) -> None:
    item = full_item(operation) | {"Description": "\ud800"}
    fraction = {} if operation is Operation.LIST_CONFIGS else {"CodeSize": 512.0}
    for response in (
        respond(200, body_of(operation, item, NextMarker="0f" * 40)),
        respond(201, body_of(operation, item, NextMarker="ü")),
        respond(200, body_of(operation, item | fraction)),
        respond(200, b'{"NextMarker":"x","NextMarker":null,' + _members(operation, item)),
    ):
        by_sdk, by_us = clients.run(clients.responses(response, make_listing(operation), operation))
        assert page_of(by_us) == page_by_sdk(by_sdk, operation)


def _members(operation: Operation, item: dict[str, Any]) -> bytes:
    return json.dumps(body_of(operation, item))[1:].encode()


@pytest.mark.parametrize("modified", ["2025-11-01T10:00:00.123+0230", "1761991200.5", 0, -1.5])
def test_the_time_of_a_configuration_is_in_rfc_3339(clients: BothClients, modified: object) -> None:
    operation = Operation.LIST_CONFIGS
    body = body_of(operation, CONFIG | {"LastModified": modified}, CONFIG)

    by_sdk, by_us = clients.run(
        clients.responses(respond(200, body), make_listing(operation), operation)
    )

    assert page_of(by_us) == page_by_sdk(by_sdk, operation)
    assert page_of(by_us).items[1]["LastModified"] == "2025-11-01T10:00:00.123Z"


def failures(operation: Operation) -> dict[str, Any]:
    name, item = LIST_NAMES[operation], ITEMS[operation]
    arn = "AliasArn" if operation is Operation.LIST_ALIASES else "FunctionArn"
    whole = json.dumps(body_of(operation, item)).encode()
    return {
        "no list": {},
        "no list, but a marker": {"NextMarker": "next"},
        "a null list": {name: None},
        "an object as the list": {name: {}},
        "a text as the list": {name: "abc"},
        "a null item": {name: [item, None]},
        "a text as an item": {name: [item, "f"]},
        "a list as an item": {name: [[item]]},
        "an item without an ARN": {name: [{k: v for k, v in item.items() if k != arn}]},
        "a null ARN": {name: [item | {arn: None}]},
        "a number as an ARN": {name: [item | {arn: 7}]},
        "an object as an ARN": {name: [item | {arn: {"a": 1}}]},
        "a number as the marker": {name: [item], "NextMarker": 7},
        "a list as the marker": {name: [item], "NextMarker": ["a"]},
        "an unpaired surrogate as the marker": {name: [item], "NextMarker": "\ud800"},
        "a list": [item],
        "null": b"null",
        "nothing": b"",
        "HTML": HTML_PAGE,
        "a cut body": whole[:-4],
        "not UTF-8": whole.replace(b"us-east-1", b"us-east-\xff"),
        "deep nesting": b'{"New":' + DEEP + b"," + whole[1:],
        "a deep item": b'{"%s":[{"New":%s}]}' % (name.encode(), DEEP),
    }


INVALID_CONFIGS: dict[str, dict[str, Any]] = {
    "an invalid time": {"LastModified": "yesterday"},
    "a time out of range": {"LastModified": 1e300},
    "a fraction": {"MaximumRetryAttempts": 1.5},
    "a text as destinations": {"DestinationConfig": "x"},
    "a number as a destination": {"DestinationConfig": {"OnSuccess": {"Destination": 1}}},
}
MORE_FAILURES: dict[Operation, dict[str, Any]] = {
    Operation.LIST_FUNCTIONS: {
        "no version": {"Functions": [FUNCTION | {"Version": None}]},
        "a number as the name": {"Functions": [FUNCTION | {"FunctionName": 7}]},
        "a number as the runtime": {"Functions": [FUNCTION | {"Runtime": 7}]},
        "a text as the timeout": {"Functions": [FUNCTION | {"Timeout": "three"}]},
        "a list as the time": {"Functions": [FUNCTION | {"LastModified": [1]}]},
    },
    Operation.LIST_ALIASES: {"no name": {"Aliases": [ALIAS | {"Name": None}]}},
    Operation.LIST_CONFIGS: {
        name: {"FunctionEventInvokeConfigs": [CONFIG | fields]}
        for name, fields in INVALID_CONFIGS.items()
    },
}
FAILURES = [
    pytest.param(operation, body, id=f"{operation} {name}")
    for operation in LISTS
    for name, body in (failures(operation) | MORE_FAILURES[operation]).items()
]


@pytest.mark.parametrize(("operation", "body"), FAILURES)
def test_what_is_not_a_whole_page_is_a_failure(
    clients: BothClients, operation: Operation, body: Any
) -> None:
    _, answer = clients.run(
        clients.responses(respond(200, body), make_listing(operation), operation)
    )

    assert isinstance(answer, Failure)
    assert (answer.fault, answer.http_status) == (Fault.SERVER, 200)
    assert answer.request_id == REQUEST_ID[1]
    assert answer.message.startswith("HTTP 200, but ")


def other_arns(arn: str) -> list[str]:
    return [
        arn.replace("123456789012", "210987654321"),
        arn.replace("us-east-1", "us-east-2"),
        arn.replace(":f", ":g"),
        arn.replace(":lambda:", ":sqs:"),
        f"{arn}:x:y",
        "f",
        "",
    ]


MISMATCHES = [
    *((Operation.LIST_FUNCTIONS, {"FunctionArn": arn}) for arn in other_arns(f"{LANE_ARN}:f")),
    (Operation.LIST_FUNCTIONS, {"FunctionArn": f"{LANE_ARN}:f:7"}),
    (Operation.LIST_FUNCTIONS, {"FunctionName": "g"}),
    *(
        (Operation.LIST_FUNCTIONS, {"FunctionName": name, "FunctionArn": f"{LANE_ARN}:{name}"})
        for name in ("", "..", "a/b", "a b", "a\r\nb", "a?b", "a" * 65, "ü", "f:1")
    ),
    (Operation.LIST_FUNCTIONS, {"Version": "7 ", "FunctionArn": f"{LANE_ARN}:f:7 "}),
    (Operation.LIST_FUNCTIONS, {"Version": ""}),
    *((Operation.LIST_ALIASES, {"AliasArn": arn}) for arn in other_arns(f"{LANE_ARN}:f:live")),
    (Operation.LIST_ALIASES, {"AliasArn": f"{LANE_ARN}:f"}),
    (Operation.LIST_ALIASES, {"Name": "other"}),
    (Operation.LIST_ALIASES, {"Name": "a b", "AliasArn": f"{LANE_ARN}:f:a b"}),
    (Operation.LIST_ALIASES, {"Name": "", "AliasArn": f"{LANE_ARN}:f:"}),
    *((Operation.LIST_CONFIGS, {"FunctionArn": arn}) for arn in other_arns(f"{LANE_ARN}:f:live")),
    (Operation.LIST_CONFIGS, {"FunctionArn": f"{LANE_ARN}:f:a b"}),
    (Operation.LIST_CONFIGS, {"FunctionArn": f"{LANE_ARN}:f:"}),
]


@pytest.mark.parametrize(("operation", "fields"), MISMATCHES)
def test_a_page_with_one_item_of_another_place_is_not_an_answer(
    clients: BothClients, operation: Operation, fields: dict[str, Any]
) -> None:
    body = body_of(operation, ITEMS[operation], ITEMS[operation] | fields)

    _, answer = clients.run(
        clients.responses(respond(200, body), make_listing(operation), operation)
    )

    assert isinstance(answer, Failure), answer
    assert (answer.fault, answer.code) == (Fault.SERVER, "AnswerMismatch")


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        (Operation.LIST_FUNCTIONS, {"FunctionArn": f"{LANE_ARN}:f:$LATEST"}),
        (Operation.LIST_FUNCTIONS, {"FunctionArn": f"{LANE_ARN}:f:7", "Version": "7"}),
        (Operation.LIST_FUNCTIONS, {"FunctionName": "a.b", "FunctionArn": f"{LANE_ARN}:a.b"}),
        (Operation.LIST_ALIASES, {"Name": "a", "AliasArn": f"{LANE_ARN}:f:a"}),
        (Operation.LIST_CONFIGS, {"FunctionArn": f"{LANE_ARN}:f"}),
        (Operation.LIST_CONFIGS, {"FunctionArn": f"{LANE_ARN}:f:live"}),
        (Operation.LIST_CONFIGS, {"FunctionArn": f"{LANE_ARN}:f:7".replace("aws", "aws-cn")}),
    ],
)
def test_every_form_of_a_functions_own_arn_is_accepted(
    clients: BothClients, operation: Operation, fields: dict[str, Any]
) -> None:
    body = body_of(operation, ITEMS[operation] | fields)

    _, answer = clients.run(
        clients.responses(respond(200, body), make_listing(operation), operation)
    )

    (item,) = page_of(answer).items
    assert {name: item[name] for name in fields} == fields


@pytest.mark.parametrize("operation", LISTS)
@pytest.mark.parametrize("marker", ["a marker", "a/b+c=", "ü"])
def test_the_marker_that_was_sent_is_no_next_marker(
    clients: BothClients, operation: Operation, marker: str
) -> None:
    body = body_of(operation, ITEMS[operation], NextMarker=marker)

    for sent, is_answer in ((marker, False), ("other", True), ("", True)):
        job = make_listing(operation, PageRequest(sent))
        _, answer = clients.run(clients.responses(respond(200, body), job, operation))
        assert isinstance(answer, Success if is_answer else Failure)
        if isinstance(answer, Failure):
            assert answer.code == "AnswerMismatch"
            assert marker not in answer.message


@pytest.mark.parametrize("operation", LISTS)
def test_a_page_up_to_the_limit_of_a_body_is_read(
    clients: BothClients, operation: Operation
) -> None:
    item, mebibyte = full_item(operation), 1 << 20
    job = make_listing(operation)
    large = body_of(operation, *[item | {"New": "x" * mebibyte}] * 5)
    _, answer = clients.run(clients.responses(respond(200, large), job, operation))
    assert len(page_of(answer).items) == 5
    assert len(str(answer)) < mebibyte

    for body in (
        json.dumps(body_of(operation, *[item | {"New": "x" * mebibyte}] * 6)),
        json.dumps(large).replace("xxx", "\\ud800", 1),  # the SDK would have to parse it
    ):
        _, answer = clients.run(clients.responses(respond(200, body.encode()), job, operation))
        assert isinstance(answer, Failure)
        assert answer.fault is Fault.SERVER


@pytest.mark.parametrize("keys", sorted(KEYS))
@pytest.mark.parametrize("status", [200, 203])
def test_credentials_that_a_page_quotes_are_masked(keys: str, status: int) -> None:
    operation = Operation.LIST_FUNCTIONS
    samples = lambda_requests("us-east-1", None)
    assert samples is not None
    template = RequestTemplate(samples[operation])
    signer = Signer(template)
    signer.headers("/", "", template.body(make_listing(operation).settings), KEYS[keys], 0)
    for secret in filter(None, (KEYS[keys].access_key, KEYS[keys].token)):
        plain = json.dumps(body_of(operation, FUNCTION | {"Description": f"a {secret} b"}))
        for body in (
            plain,
            plain.replace("/", "\\/"),
            plain.replace(secret, "".join(f"\\u{ord(letter):04x}" for letter in secret)),
        ):
            assert json.loads(body)["Functions"][0]["Description"] == f"a {secret} b"
            answer = read(operation, RawResponse(status, {}, body.encode()), signer)
            (item,) = page_of(answer).items
            if status == 200:
                assert item["Description"] == "a *** b"
            assert secret not in str(item)

    marked = body_of(operation, FUNCTION, NextMarker=KEYS[keys].access_key)
    answer = read(operation, RawResponse(status, {}, json.dumps(marked).encode()), signer)
    assert page_of(answer).next_marker == "***"


def read(operation: Operation, response: RawResponse, signer: Signer | None = None) -> Answer:
    reader = response_reader(operation, lambda: output_shape("lambda", operation))
    job = make_listing(operation)
    hide = signer.without_credentials if signer else lambda body: body
    return reader.read(response, job.target, job.call, hide)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=5)
    | st.sampled_from(["f", "live", "$LATEST", f"{LANE_ARN}:f", f"{LANE_ARN}:f:live"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), operation=st.sampled_from(LISTS), status=st.sampled_from([200, 200, 203]))
def test_any_values_make_a_page_of_the_lane_or_a_failure(
    data: st.DataObject, operation: Operation, status: int
) -> None:
    full = full_item(operation)
    names = st.sampled_from(sorted(full)) | st.text(max_size=3)
    item = full | data.draw(st.dictionaries(names, values, max_size=3))
    body = body_of(operation, item) | data.draw(
        st.dictionaries(st.sampled_from(["NextMarker", LIST_NAMES[operation]]), values, max_size=1)
    )

    answer = read(operation, RawResponse(status, {}, json.dumps(body).encode()))

    assert isinstance(answer, Success | Failure)
    if isinstance(answer, Success):
        page = page_of(answer)
        assert page.next_marker is None or page.next_marker.encode()
        assert json.dumps(page.items, allow_nan=False).encode()
        for item in page.items:
            arn = item["AliasArn" if operation is Operation.LIST_ALIASES else "FunctionArn"]
            assert arn.startswith("arn:aws:lambda:us-east-1:123456789012:function:")
            assert "Environment" not in item
