"""A call of a service around Lambda, and what the operations of these services share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bulkeic.sandbox.api.request_context import decode_marker, encode_marker
from bulkeic.sandbox.auth.principal import Principal
from bulkeic.sandbox.behavior.account_options import AccountRules
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind
from bulkeic.sandbox.state.fleet import Fleet
from bulkeic.sandbox.state.sandbox_alarms import SandboxAlarms
from bulkeic.sandbox.state.sandbox_calendars import SandboxCalendars

Response = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """A call.

    Attributes:
        parameters: its parameters, a decoded JSON object.
        principal: the sender.
        accounts: what accounts have and deny.
        fleet: the functions.
        alarms: the alarms.
        calendars: the change calendars.
        wall_s: Unix time in seconds.
    """

    parameters: dict[str, Any]
    principal: Principal
    accounts: AccountRules
    fleet: Fleet
    alarms: SandboxAlarms
    calendars: SandboxCalendars
    wall_s: float

    def parameter(self, name: str, kind: type, expected: str) -> Any:
        """Return a parameter, or None if it is missing or null.

        Raises:
            AwsError: it has another type.
        """
        value = self.parameters.get(name)
        if value is not None and type(value) is not kind:
            raise AwsError(ErrorKind.WRONG_TYPE, token=type(value).__name__, wanted=expected)
        return value


def page_after(items: Sequence[str], token: str | None, size: int) -> tuple[list[str], str | None]:
    """Return a page of sorted items, and the token of the next one or None.

    Args:
        items: all items, sorted.
        token: the token of the previous page, or None.
        size: the most items of a page.

    Raises:
        AwsError: no page had this token.
    """
    after = decode_marker(token, 1)[0] if token else ""
    rest = [item for item in items if item > after]
    return rest[:size], encode_marker(rest[size - 1]) if len(rest) > size else None
