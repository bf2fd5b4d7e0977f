"""The table of valid destinations."""

import pytest

from bulkeic.sandbox.behavior.destination_checks import is_valid_destination

BOTH, NEITHER, FAILURE = (True, True), (False, False), (True, False)


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:queue", BOTH),
        ("arn:aws:sqs:us-east-1:123456789012:queue.fifo", NEITHER),
        ("arn:aws:sns:us-east-1:123456789012:topic", BOTH),
        ("arn:aws:sns:us-east-1:123456789012:topic.fifo", NEITHER),
        ("arn:aws:events:us-east-1:123456789012:event-bus/bus", BOTH),
        ("arn:aws:events:us-east-1:123456789012:rule/bus", NEITHER),
        ("arn:aws:s3:::bucket", FAILURE),
        ("arn:aws:iam::123456789012:role/role", NEITHER),
        ("kafka://topic", NEITHER),
    ],
)
def test_services_and_halves(arn: str, expected: tuple[bool, bool]) -> None:
    assert tuple(is_valid_destination(half, arn) for half in ("OnFailure", "OnSuccess")) == expected
