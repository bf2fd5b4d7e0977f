"""A Lambda call, and the checks that several operations share.

Their order is in `bulkeic.sandbox.api.event_invoke_api`.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.behavior.destination_checks import DestinationRules
from bulkeic.sandbox.protocol import router
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, validation_error
from bulkeic.sandbox.protocol.constraints import range_violations
from bulkeic.sandbox.state.fleet import Fleet, FunctionKey, Lane
from bulkeic.sandbox.state.function_arns import (
    LATEST,
    ParsedFunctionName,
    function_arn,
    name_violations,
    qualifier_violations,
    resolve_qualifier,
)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """A Lambda call.

    Attributes:
        operation: the operation.
        principal: the sender.
        raw_name: the function name as sent.
        parsed_name: its parts, or None if it is malformed.
        query: decoded query parameters.
        body: as sent.
        now_ms: Unix time in milliseconds.
        destination_rules: the rules for destinations.
        nulls: whether the response has JSON null for settings that are not set.
        has_conflict: whether a write gets a conflict instead of changing something.
    """

    operation: router.RoutedOperation
    principal: Principal
    raw_name: str
    parsed_name: ParsedFunctionName | None
    query: Mapping[str, str]
    body: bytes
    now_ms: int
    destination_rules: DestinationRules
    nulls: bool = False
    has_conflict: bool = False

    @property
    def written_function(self) -> FunctionKey | None:
        """The function that a write would change; None for other calls and malformed names."""
        if not self.operation.is_write or self.parsed_name is None:
            return None
        return (*self.principal.lane, self.parsed_name.name)


@dataclass(frozen=True, slots=True)
class QualifiedFunction:
    """A version or an alias of a function."""

    lane: Lane
    name: str
    qualifier: str

    @property
    def arn(self) -> str:
        """Its qualified ARN."""
        return function_arn(self.lane, self.name, self.qualifier)


def check_constraints(call: RequestContext, more_violations: list[str] | None = None) -> None:
    """Check the form of a call's function name and Qualifier.

    Args:
        call: the call.
        more_violations: violations in the rest of the call.

    Raises:
        AwsError: the ValidationException that lists all violations.
    """
    violations = [] if call.parsed_name is not None else name_violations(call.raw_name)
    violations += qualifier_violations(call.query.get("Qualifier"))
    violations += more_violations or []
    if violations:
        raise validation_error(violations)


def requested_function(call: RequestContext) -> QualifiedFunction:
    """Return the version or alias that a well-formed call names.

    Raises:
        AwsError: it is in another Region or account, or the call's two qualifiers differ.
    """
    name, (account, region) = call.parsed_name, call.principal.lane
    if name is None:
        raise validation_error(name_violations(call.raw_name))
    if name.region not in (None, region):
        raise AwsError(ErrorKind.OTHER_REGION, theirs=name.region or "", region=region)
    if name.account not in (None, account):
        raise AwsError(
            ErrorKind.OTHER_ACCOUNT,
            user=call.principal.arn,
            operation=call.operation.name,
            arn=function_arn((name.account or "", region), name.name, name.qualifier or LATEST),
        )
    qualifier = resolve_qualifier(name, call.query.get("Qualifier"))
    return QualifiedFunction(call.principal.lane, name.name, qualifier)


def existing_function(fleet: Fleet, call: RequestContext) -> QualifiedFunction:
    """Return the version or alias that a call names, which must exist.

    Raises:
        AwsError: it does not exist, or `requested_function` fails.
    """
    function = requested_function(call)
    if not fleet.exists(function.lane, function.name, function.qualifier):
        raise AwsError(ErrorKind.FUNCTION_MISSING)
    return function


def parse_max_items(text: str | None, low: int, high: int) -> tuple[int, list[str]]:
    """Return the MaxItems of a call, `high` if it has none, and the violated constraints.

    Raises:
        AwsError: the text is not an integer.
    """
    if text is None:
        return high, []
    if not text.removeprefix("-").isdecimal() or len(text) > 9:  # noqa: PLR2004 - fits 32 bits
        raise AwsError(ErrorKind.WRONG_TYPE, token="STRING_VALUE", wanted="an Integer")  # noqa: S106
    value = int(text)
    return value, range_violations(value, "maxItems", low, high)


def encode_marker(*last_item: str) -> str:
    """Return the Marker of the page after the one that ends with an item."""
    return urlsafe_b64encode("\n".join(last_item).encode()).decode()


def decode_marker(marker: str, parts: int) -> list[str]:
    """Return the last item of the page before a Marker.

    Raises:
        AwsError: the sandbox did not issue the Marker.
    """
    try:
        last_item = urlsafe_b64decode(marker).decode().split("\n")
    except ValueError as error:
        raise AwsError(ErrorKind.BAD_MARKER) from error
    if len(last_item) != parts:
        raise AwsError(ErrorKind.BAD_MARKER)
    return last_item
