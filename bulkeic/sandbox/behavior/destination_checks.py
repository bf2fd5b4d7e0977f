"""Which destinations are valid.

Each half that has an ARN is checked, OnFailure first:

    destination                                  result
    a function that does not exist               The destination ARN <dest> is invalid.
    another ARN of Lambda                        The destination ARN <dest> is invalid.
    the function itself, with any qualifier      You can't specify the function ... for itself.
    a service and a resource of VALID_RESOURCES  valid
    anything else                                The provided destination config ... is invalid.

The last refusal names both halves, and comes after the others. A function in another Region or
account is looked up there. The permissions of the execution role are not checked, except for the
time that they take to propagate: for `iam_propagation_s` seconds after a call first names a
destination, it is refused.
"""

import re
from dataclasses import dataclass

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import LATEST, parse_function_name
from bulkeic.sandbox.state.invoke_settings import DestinationPair

_SERVICE_PART, _RESOURCE_PART = 2, 5
_NOT_FIFO = re.compile(r"(?!.*\.fifo$).*")
_ANY = re.compile(".*")

VALID_RESOURCES: dict[tuple[str, str], re.Pattern[str]] = {
    ("OnFailure", "sqs"): _NOT_FIFO,
    ("OnSuccess", "sqs"): _NOT_FIFO,
    ("OnFailure", "sns"): _NOT_FIFO,
    ("OnSuccess", "sns"): _NOT_FIFO,
    ("OnFailure", "events"): re.compile("event-bus/.*"),
    ("OnSuccess", "events"): re.compile("event-bus/.*"),
    ("OnFailure", "s3"): _ANY,
}
"""(half, service) -> the resources that are valid; functions are checked apart."""

_ACTIONS = {
    "lambda": "InvokeFunction",
    "sqs": "SendMessage",
    "sns": "Publish",
    "events": "PutEvents",
    "s3": "PutObject",
}
"""Service -> the action that the execution role needs permission for."""


class DestinationPropagation:
    """Remembers when each destination was first named.

    Args:
        limit: number of destinations to remember; beyond it, the oldest is forgotten.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._first_named_ms: dict[str, int] = {}

    def check(self, destinations: DestinationPair | None, now_ms: int, lag_s: float) -> None:
        """Check that the destinations of a write have propagated.

        Args:
            destinations: the destinations.
            now_ms: Unix time in milliseconds.
            lag_s: seconds that propagation takes.

        Raises:
            AwsError: a destination has not propagated.
        """
        if destinations is None or lag_s <= 0:
            return
        arns = [arn for arn in (destinations.on_failure, destinations.on_success) if arn]
        first_named_ms = [self._first_named_ms.setdefault(arn, now_ms) for arn in arns]
        while len(self._first_named_ms) > self._limit:
            del self._first_named_ms[next(iter(self._first_named_ms))]
        for arn, since_ms in zip(arns, first_named_ms, strict=True):
            if now_ms - since_ms < lag_s * 1000:
                raise AwsError(
                    ErrorKind.NOT_PERMITTED_YET, action=_ACTIONS[_service(arn)], destination=arn
                )


@dataclass(frozen=True, slots=True)
class DestinationRules:
    """How a lane treats the destinations of a write.

    Attributes:
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send.
        propagation: when destinations were first named.
        iam_propagation_s: seconds for which they are refused from then on.
    """

    merge_destinations: bool
    propagation: DestinationPropagation
    iam_propagation_s: float


def check_destinations(
    fleet: Fleet, lane: Lane, name: str, destinations: DestinationPair | None
) -> None:
    """Check the destinations that a write sets for a function.

    Args:
        fleet: the functions that exist.
        lane: (account, Region) of the function.
        name: its bare name.
        destinations: its destinations, well-formed.

    Raises:
        AwsError: a destination is invalid, as the module's table says.
    """
    if destinations is None:
        return
    failure, success = destinations.on_failure, destinations.on_success
    are_valid = True
    for half, arn in (("OnFailure", failure), ("OnSuccess", success)):
        if not arn:
            continue
        if _service(arn) == "lambda":
            _check_function(fleet, lane, name, arn)
        elif not is_valid_destination(half, arn):
            are_valid = False
    if not are_valid:
        raise AwsError(
            ErrorKind.DESTINATION_REFUSED,
            success=f"OnSuccess(destination={success})" if success else "null",
            failure=f"OnFailure(destination={failure})" if failure else "null",
        )


def is_valid_destination(half: str, arn: str) -> bool:
    """Whether VALID_RESOURCES has an ARN that is not Lambda's, for "OnFailure" or "OnSuccess"."""
    resources = VALID_RESOURCES.get((half, _service(arn)))
    return resources is not None and bool(
        resources.fullmatch(arn.split(":", _RESOURCE_PART)[_RESOURCE_PART])
    )


def _service(arn: str) -> str:
    return "kafka" if arn.startswith("kafka:") else arn.split(":")[_SERVICE_PART]


def _check_function(fleet: Fleet, lane: Lane, name: str, arn: str) -> None:
    destination = parse_function_name(arn)
    if destination is None or destination.region is None or destination.account is None:
        raise AwsError(ErrorKind.DESTINATION_MISSING, destination=arn)
    its_lane = (destination.account, destination.region)
    if not fleet.exists(its_lane, destination.name, destination.qualifier or LATEST):
        raise AwsError(ErrorKind.DESTINATION_MISSING, destination=arn)
    if its_lane == lane and destination.name == name:
        raise AwsError(ErrorKind.DESTINATION_SELF)
