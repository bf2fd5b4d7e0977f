"""The state of a change calendar, as Systems Manager answers."""

from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.model import Lane
from bulkeic.core.rollout.change_calendar import CalendarReading, read_calendar

_GET_CALENDAR_STATE = AwsOperation("ssm", "GetCalendarState")


async def calendar_state(calls: ServiceCalls, lane: Lane, arn: str) -> CalendarReading:
    """Returns the state of a calendar now.

    Args:
        calls: of Systems Manager.
        lane: the account that asks, and the calendar's Region.
        arn: of the calendar's document.

    Raises:
        ServiceError: it cannot be read, or the answer cannot be right.
    """
    answer = await calls.answer(_GET_CALENDAR_STATE, lane, CalendarNames=[arn])
    try:
        return read_calendar(answer.get("State"), answer.get("NextTransitionTime"))
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise calls.mismatch(_GET_CALENDAR_STATE, lane, str(error)) from None
