"""Systems Manager: GetCalendarState.

    check                                                   refusal
    CalendarNames has 1 to 100 names or ARNs of documents   400 ValidationException
    AtTime is a time in ISO 8601                            400 ValidationException
    no document is one of AWS's own, like AWS-...           400 InvalidDocumentType
    each document exists, and an ARN is of this Region      400 InvalidDocument
    no calendar is given as unsupported                     400 UnsupportedCalendarException

The answer is OPEN if all calendars are open. An ARN can be of any account: calendars are shared.
"""

from bulkeic.sandbox.api.service_call import Response, ServiceCall
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, validation_error
from bulkeic.sandbox.protocol.constraints import violation
from bulkeic.sandbox.state.sandbox_calendars import (
    CLOSED,
    OPEN,
    UNSUPPORTED,
    SandboxCalendar,
    iso_time,
    parse_calendar_name,
    parse_iso_time,
)

CALENDARS_MAX = 100
_OWN_DOCUMENTS = "AWS"


def get_calendar_state(call: ServiceCall) -> Response:
    """Perform GetCalendarState.

    Raises:
        AwsError: the call is refused.
    """
    calendars = [_calendar(call, name) for name in _names(call)]
    at = call.parameter("AtTime", str, "a String")
    try:
        at_s = call.wall_s if at is None else parse_iso_time(at)
        at_time = iso_time(at_s) if at is None else at
    except ValueError:
        raise validation_error([violation(f"{at:.100}", "atTime", "be an ISO 8601 time")]) from None
    is_open = all(calendar.state_at(at_s) == OPEN for calendar in calendars)
    response = {"State": OPEN if is_open else CLOSED, "AtTime": at_time}
    transition_s = _next_transition_s(calendars, at_s, is_open=is_open)
    if transition_s is None:
        return response
    return response | {"NextTransitionTime": iso_time(transition_s)}


def _names(call: ServiceCall) -> list[str]:
    names = call.parameter("CalendarNames", list, "an Array")
    if names is None:
        text = "Value null at 'calendarNames' failed to satisfy constraint: Member must not be null"
        raise validation_error([text])
    if not 1 <= len(names) <= CALENDARS_MAX or not all(isinstance(name, str) for name in names):
        rule = f"have 1 to {CALENDARS_MAX} names"
        raise validation_error([violation(f"{names!r:.200}", "calendarNames", rule)])
    return list(names)


def _calendar(call: ServiceCall, text: str) -> SandboxCalendar:
    parsed = parse_calendar_name(text)
    if parsed is None:
        rule = "be the name or the ARN of a document"
        raise validation_error([violation(f"{text:.200}", "calendarNames", rule)])
    name, region = parsed
    calendar = call.calendars.find(name) if region in (None, call.principal.lane[1]) else None
    if name.startswith(_OWN_DOCUMENTS):
        raise AwsError(ErrorKind.NOT_A_CALENDAR, name=name)
    if calendar is None:
        raise AwsError(ErrorKind.CALENDAR_MISSING, name=text)
    if calendar.state == UNSUPPORTED:
        raise AwsError(ErrorKind.CALENDAR_UNSUPPORTED, name=name)
    return calendar


def _next_transition_s(
    calendars: list[SandboxCalendar], at_s: float, *, is_open: bool
) -> float | None:
    """Return the first time after a time at which the state of all calendars together changes."""
    times = sorted(
        time_s for calendar in calendars if (time_s := calendar.next_transition_s(at_s)) is not None
    )
    for time_s in times:
        if all(calendar.state_at(time_s) == OPEN for calendar in calendars) != is_open:
            return time_s
    return None
