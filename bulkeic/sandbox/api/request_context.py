"""A Lambda call, and the checks that several operations make of one.

Their order is in `bulkeic.sandbox.api.event_invoke_api`.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.behavior.destination_checks import Propagation
from bulkeic.sandbox.protocol import router
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, invalid
from bulkeic.sandbox.state.fleet import Fleet, Lane
from bulkeic.sandbox.state.function_arns import (
    ParsedFunctionName,
    arn,
    name_violations,
    qualifier_of,
    qualifier_violations,
    violation,
)


@dataclass(frozen=True, slots=True)
class CheckRules:
    """What changes are made by.

    Attributes:
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send.
        propagation: when destinations were first named.
        iam_propagation_s: seconds that they are refused for from then on.
    """

    merge_destinations: bool
    propagation: Propagation
    iam_propagation_s: float


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A Lambda call.

    Attributes:
        operation: which operation.
        caller: who sent it.
        sent_name: the function name as sent.
        name: its parts, or None if it does not have the form of a name.
        query: decoded query parameters.
        body: as sent.
        now_ms: Unix time in milliseconds.
        rules: what changes are made by.
        conflict: whether a conflict strikes it where it would change something.
    """

    operation: router.RoutedOperation
    caller: Principal
    sent_name: str
    name: ParsedFunctionName | None
    query: Mapping[str, str]
    body: bytes
    now_ms: int
    rules: CheckRules
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The version or alias that a call means."""

    lane: Lane
    name: str
    qualifier: str

    @property
    def arn(self) -> str:
        """Its qualified ARN."""
        return arn(self.lane, self.name, self.qualifier)


def check_constraints(call: RequestContext, others: list[str] | None = None) -> None:
    """Check a call's name and Qualifier.

    Args:
        call: the call.
        others: violations that were found in the rest of it.

    Raises:
        AwsError: the ValidationException that names them all.
    """
    violations = [] if call.name is not None else name_violations(call.sent_name)
    violations += qualifier_violations(call.query.get("Qualifier"))
    violations += others or []
    if violations:
        raise invalid(violations)


def subject_of(call: RequestContext) -> Subject:
    """What a call within its constraints means.

    Raises:
        AwsError: that is beyond the caller's reach, or its two qualifiers differ.
    """
    name, (account, region) = call.name, call.caller.lane
    if name is None:
        raise invalid(name_violations(call.sent_name))
    if name.region not in (None, region):
        raise AwsError(ErrorKind.OTHER_REGION, theirs=name.region or "", region=region)
    if name.account not in (None, account):
        raise AwsError(
            ErrorKind.OTHER_ACCOUNT,
            user=call.caller.arn,
            operation=call.operation.name,
            arn=arn((name.account or "", region), name.name, name.qualifier or "$LATEST"),
        )
    return Subject(call.caller.lane, name.name, qualifier_of(name, call.query.get("Qualifier")))


def existing(fleet: Fleet, call: RequestContext) -> Subject:
    """What a call means, if it exists.

    Raises:
        AwsError: it does not, or is beyond the caller's reach.
    """
    subject = subject_of(call)
    if not fleet.exists(subject.lane, subject.name, subject.qualifier):
        raise AwsError(ErrorKind.FUNCTION_MISSING)
    return subject


def max_items(sent: str | None, low: int, high: int) -> tuple[int, list[str]]:
    """The MaxItems that a call means, `high` if it says none, and the constraints that it violates.

    Raises:
        AwsError: not an integer.
    """
    if sent is None:
        return high, []
    if not sent.removeprefix("-").isdecimal() or len(sent) > 9:  # noqa: PLR2004 - fits 32 bits
        raise AwsError(ErrorKind.WRONG_TYPE, token="STRING_VALUE", wanted="an Integer")  # noqa: S106
    value = int(sent)
    if value < low:
        return low, [violation(value, "maxItems", f"have value greater than or equal to {low}")]
    if value > high:
        return high, [violation(value, "maxItems", f"have value less than or equal to {high}")]
    return value, []


def marker_of(*after: str) -> str:
    """The Marker of the page that comes after that item."""
    return urlsafe_b64encode("\n".join(after).encode()).decode()


def item_before(marker: str, parts: int) -> list[str]:
    """The item that a Marker was made of.

    Raises:
        AwsError: it was not made here.
    """
    try:
        after = urlsafe_b64decode(marker).decode().split("\n")
    except ValueError as error:
        raise AwsError(ErrorKind.BAD_MARKER) from error
    if len(after) != parts:
        raise AwsError(ErrorKind.BAD_MARKER)
    return after
