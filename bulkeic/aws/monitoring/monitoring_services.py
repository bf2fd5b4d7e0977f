"""The services that are asked whether a run may go on."""

from collections.abc import Sequence

from bulkeic.aws.monitoring.alarm_states import alarm_states
from bulkeic.aws.monitoring.calendar_states import calendar_state
from bulkeic.aws.services.calling_services import CallingServices
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import Alarm, AlarmState
from bulkeic.core.rollout.change_calendar import CalendarReading


class MonitoringServices(CallingServices):
    """Asks CloudWatch and Systems Manager; see ``CallingServices``."""

    async def alarm_states(
        self, lane: Lane, names: Sequence[str]
    ) -> dict[Alarm, AlarmState | None]:
        """Returns the states of a lane's alarms; see ``alarm_states``."""
        return await alarm_states(self._calls, lane, names)

    async def calendar_state(self, lane: Lane, arn: str) -> CalendarReading:
        """Returns the state of a change calendar; see ``calendar_state``."""
        return await calendar_state(self._calls, lane, arn)
