"""Reads pages of listings from any bytes."""

import functools
import json

from bulkeic.aws.answers.operation_readers import response_reader
from bulkeic.aws.answers.service_models import output_shape
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Call, Lane, Operation, PageRequest, Success, Target
from bulkeic.core.targets.names import check_qualifier, is_bare_name

_LANE = Lane("123456789012", "us-east-1")
_START = "arn:aws:lambda:us-east-1:123456789012:function:f"
_FUNCTION = {
    "FunctionName": "f",
    "FunctionArn": _START,
    "Version": "$LATEST",
    "Runtime": "python3.13",
    "LastModified": "2025-11-01T10:00:00.123+0000",
    "MemorySize": 512,
    "Layers": [{"Arn": "arn:aws:lambda:us-east-1:1:layer:x:7", "CodeSize": 1}],
    "VpcConfig": {"SubnetIds": [], "VpcId": None},
    "Environment": {"Variables": {"KEY": "secret"}},
}
_ALIAS = {
    "AliasArn": f"{_START}:live",
    "Name": "live",
    "FunctionVersion": "7",
    "RoutingConfig": {"AdditionalVersionWeights": {"8": 0.25}},
}
_CONFIG = {
    "FunctionArn": f"{_START}:live",
    "LastModified": 1761991200.123,
    "MaximumRetryAttempts": 1,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": "arn:aws:sqs:r:1:q"}},
}
PAGES = tuple(
    json.dumps({name: [item, item], "NextMarker": marker}).encode()
    for name, item, marker in (
        ("Functions", _FUNCTION, "next"),
        ("Aliases", _ALIAS, ""),
        ("FunctionEventInvokeConfigs", _CONFIG, None),
    )
)
_LISTS = (
    (Operation.LIST_FUNCTIONS, ""),
    (Operation.LIST_ALIASES, "f"),
    (Operation.LIST_CONFIGS, "f"),
)
_READERS = {
    operation: response_reader(operation, functools.partial(output_shape, "lambda", operation))
    for operation, _ in _LISTS
}


def read_page(data: bytes) -> None:
    """Reads a body as a page of each listing; what is a page holds valid names."""
    for operation, function in _LISTS:
        for status in (200, 203):
            answer = _READERS[operation].read(
                RawResponse(status, {}, data),
                Target(_LANE, function),
                Call(operation, page=PageRequest("sent")),
                lambda body: body,
            )
            if isinstance(answer, Success):
                _check(answer, operation)


def _check(answer: Success, operation: Operation) -> None:
    page = answer.page
    assert page is not None
    assert page.next_marker != "sent"
    assert page.next_marker is None or page.next_marker.encode()
    json.dumps(page.items, allow_nan=False).encode()
    for item in page.items:
        assert "Environment" not in item
        if operation is Operation.LIST_FUNCTIONS:
            assert is_bare_name(item["FunctionName"])
            assert check_qualifier(item["Version"])
        if operation is Operation.LIST_ALIASES:
            assert check_qualifier(item["Name"])
