"""Whether a destination can be one.

For each half that is sent with an ARN, OnFailure first:

    destination                                  answer
    a function that does not exist               The destination ARN <dest> is invalid.
    an ARN of Lambda that is no function         The destination ARN <dest> is invalid.
    the function itself, whatever the qualifier  You can't specify the function ... for itself.
    a standard queue or topic, an event bus      fine
    a bucket for OnFailure                       fine
    a FIFO queue or topic                        The provided destination config ... is invalid.
    a bucket for OnSuccess                       The provided destination config ... is invalid.
    any other service, or Kafka                  The provided destination config ... is invalid.

The refusals of the last three name both halves, and come after those of the first three. A function
in another Region or account is looked for there. Whether the execution role may write to a
destination is not looked at, apart from the time that a permission takes to propagate: for as long
as the sandbox is told, a destination is refused from when a call first names it.
"""

from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import LATEST, parse
from bulkeic.sandbox.state.invoke_settings import DestinationPair

_SERVICE_PART, _RESOURCE_PART = 2, 5


def check_destinations(fleet: Fleet, lane: Lane, name: str, sent: DestinationPair | None) -> None:
    """Check the destinations that are to be set for a function.

    Args:
        fleet: the functions that exist.
        lane: (account, Region) of the function.
        name: its bare name.
        sent: its destinations, well-formed.

    Raises:
        AwsError: one that cannot be, as the module's table says.
    """
    if sent is None:
        return
    fine = True
    for arn, is_failure in ((sent.on_failure, True), (sent.on_success, False)):
        if not arn:
            continue
        if _service(arn) == "lambda":
            _check_function(fleet, lane, name, arn)
        elif not _can_be(arn, is_failure=is_failure):
            fine = False
    if not fine:
        raise AwsError(
            ErrorKind.DESTINATION_REFUSED,
            success=f"OnSuccess(destination={sent.on_success})" if sent.on_success else "null",
            failure=f"OnFailure(destination={sent.on_failure})" if sent.on_failure else "null",
        )


class Propagation:
    """When each destination was first named.

    Args:
        limit: how many destinations are remembered; of more, the oldest is forgotten.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._seen: dict[str, int] = {}

    def check(self, sent: DestinationPair | None, now_ms: int, lag_s: float) -> None:
        """Check that the destinations that are to be set have propagated.

        Args:
            sent: the destinations.
            now_ms: Unix time in milliseconds.
            lag_s: seconds that it takes.

        Raises:
            AwsError: one has not.
        """
        if sent is None or lag_s <= 0:
            return
        halves = [arn for arn in (sent.on_failure, sent.on_success) if arn]
        first_ms = [self._seen.setdefault(arn, now_ms) for arn in halves]
        while len(self._seen) > self._limit:
            del self._seen[next(iter(self._seen))]
        for arn, since_ms in zip(halves, first_ms, strict=True):
            if now_ms - since_ms < lag_s * 1000:
                raise AwsError(ErrorKind.NOT_PERMITTED_YET, destination=arn)


def _service(arn: str) -> str:
    return "kafka" if arn.startswith("kafka:") else arn.split(":")[_SERVICE_PART]


def _can_be(arn: str, *, is_failure: bool) -> bool:
    match _service(arn):
        case "sqs" | "sns":
            return not arn.endswith(".fifo")
        case "events":
            return arn.split(":", _RESOURCE_PART)[_RESOURCE_PART].startswith("event-bus/")
        case "s3":
            return is_failure
        case _:
            return False


def _check_function(fleet: Fleet, lane: Lane, name: str, arn: str) -> None:
    named = parse(arn)
    if named is None or named.region is None or named.account is None:
        raise AwsError(ErrorKind.DESTINATION_MISSING, destination=arn)
    there = (named.account, named.region)
    if not fleet.exists(there, named.name, named.qualifier or LATEST):
        raise AwsError(ErrorKind.DESTINATION_MISSING, destination=arn)
    if there == lane and named.name == name:
        raise AwsError(ErrorKind.DESTINATION_SELF)
