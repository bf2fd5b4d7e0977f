"""The states of a lane's alarms, as CloudWatch describes them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from bulkeic.aws.services.service_calls import AwsOperation, ServiceCalls
from bulkeic.core.errors import quoted
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import Alarm, AlarmState

_MOST_NAMES = 100
_MOST_PAGES = 10
_DESCRIBE_ALARMS = AwsOperation("cloudwatch", "DescribeAlarms")
_LISTS = {"MetricAlarms": "MetricAlarm", "CompositeAlarms": "CompositeAlarm"}


class _DescribedAlarm(msgspec.Struct, rename="pascal"):
    alarm_name: str
    alarm_arn: str
    state_value: AlarmState


async def alarm_states(
    calls: ServiceCalls, lane: Lane, names: Sequence[str]
) -> dict[Alarm, AlarmState | None]:
    """Returns the state of each alarm; ``None``: it does not exist.

    Args:
        calls: of CloudWatch.
        lane: account and Region.
        names: of metric and composite alarms.

    Raises:
        ServiceError: they cannot be read, or an answer cannot be right.
    """
    states: dict[Alarm, AlarmState | None] = {Alarm(lane, name): None for name in names}
    for start in range(0, len(names), _MOST_NAMES):
        await _describe(calls, lane, names[start : start + _MOST_NAMES], states)
    return states


async def _describe(
    calls: ServiceCalls, lane: Lane, names: Sequence[str], states: dict[Alarm, AlarmState | None]
) -> None:
    request: dict[str, Any] = {"AlarmNames": list(names), "AlarmTypes": list(_LISTS.values())}
    asked = {Alarm(lane, name) for name in names}
    for _ in range(_MOST_PAGES):
        answer = await calls.answer(_DESCRIBE_ALARMS, lane, **request)
        for field in _LISTS:
            for item in _listed(calls, lane, answer, field):
                alarm, state = _read(calls, lane, item)
                if alarm not in asked or states[alarm] not in {None, state}:
                    problem = f"it has the alarm {quoted(alarm.name)} twice, or not asked for"
                    raise calls.mismatch(_DESCRIBE_ALARMS, lane, problem)
                states[alarm] = state
        token = answer.get("NextToken")
        if not token or all(states[alarm] is not None for alarm in asked):
            return
        request["NextToken"] = token
    raise calls.mismatch(_DESCRIBE_ALARMS, lane, "its pages never end")


def _listed(calls: ServiceCalls, lane: Lane, answer: dict[str, Any], field: str) -> list[Any]:
    """Returns a list of an answer; without it the alarms are missing, which is never OK."""
    items = answer.get(field, [])
    if not isinstance(items, list):
        raise calls.mismatch(_DESCRIBE_ALARMS, lane, f"its {field} is not a list")
    return items


def _read(calls: ServiceCalls, lane: Lane, item: Any) -> tuple[Alarm, AlarmState]:
    try:
        found = msgspec.convert(item, _DescribedAlarm)
    except (ValueError, TypeError, RecursionError) as error:
        raise calls.mismatch(_DESCRIBE_ALARMS, lane, f"of an alarm: {error}") from None
    alarm = Alarm(lane, found.alarm_name)
    if found.alarm_arn != alarm.arn:
        problem = f"it has the alarm {quoted(found.alarm_arn)} instead of {quoted(alarm.arn)}"
        raise calls.mismatch(_DESCRIBE_ALARMS, lane, problem)
    return alarm, found.state_value
