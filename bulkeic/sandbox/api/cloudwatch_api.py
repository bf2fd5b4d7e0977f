"""CloudWatch: DescribeAlarms, and what makes, changes and deletes alarms.

    check                                                   refusal
    parameters meet their constraints                       400 ValidationError
    AlarmNames, AlarmNamePrefix and ActionPrefix are not
        sent together                                       400 InvalidParameterCombination
    ChildrenOfAlarmName, ParentsOfAlarmName are not sent    400 InvalidParameterValue
    the sandbox issued the NextToken                        400 InvalidNextToken
    StateReasonData is JSON                                 400 InvalidFormat
    the alarm exists (SetAlarmState)                        404 ResourceNotFound
    the sandbox has fewer alarms than its limit             400 LimitExceeded

No metric and no rule is evaluated: a new alarm is INSUFFICIENT_DATA until SetAlarmState changes it.
Actions of alarms are stored, and not carried out. Alarms are in the order of their names.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bulkeic.sandbox.api.service_call import Response, ServiceCall, page_after
from bulkeic.sandbox.protocol.aws_errors import AwsError, ErrorKind, query_validation_error
from bulkeic.sandbox.protocol.constraints import range_violations, violation
from bulkeic.sandbox.state.fleet import Lane
from bulkeic.sandbox.state.function_arns import partition
from bulkeic.sandbox.state.sandbox_alarms import NAME_MAX, STATES, SandboxAlarm, is_alarm_name

NAMES_MAX = PAGE_SIZE = 100
CONFIGURATION_MAX = 120 * 1024
_METRIC, _COMPOSITE = "MetricAlarm", "CompositeAlarm"
_TYPES = (_COMPOSITE, _METRIC, "LogAlarm")
_REASON_MAX, _REASON_DATA_MAX, _RULE_MAX = 1023, 4000, 10240
_INITIAL_REASON = "Unchecked: Initial alarm creation"
_DEPTH_MAX = 8
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
_SHARED_FIELDS: Mapping[str, type] = {
    "ActionsEnabled": bool,
    "AlarmDescription": str,
    **dict.fromkeys(_ACTIONS, list),
}
_METRIC_FIELDS: Mapping[str, type] = {
    **_SHARED_FIELDS,
    "MetricName": str,
    "Namespace": str,
    "Statistic": str,
    "ExtendedStatistic": str,
    "Dimensions": list,
    "Period": int,
    "Unit": str,
    "EvaluationPeriods": int,
    "DatapointsToAlarm": int,
    "Threshold": float,
    "ComparisonOperator": str,
    "TreatMissingData": str,
    "EvaluateLowSampleCountPercentile": str,
    "Metrics": list,
    "ThresholdMetricId": str,
}
_COMPOSITE_FIELDS: Mapping[str, type] = {
    **_SHARED_FIELDS,
    "AlarmRule": str,
    "ActionsSuppressor": str,
    "ActionsSuppressorWaitPeriod": int,
    "ActionsSuppressorExtensionPeriod": int,
}
PARAMETER_TYPES: Mapping[str, type] = {
    **_METRIC_FIELDS,
    **_COMPOSITE_FIELDS,
    "AlarmNames": list,
    "AlarmTypes": list,
    "MaxRecords": int,
}
"""The types of parameters; all others are texts."""
_EXPECTED = {str: "a String", bool: "a Boolean", int: "an Integer", list: "an Array"}


def describe_alarms(call: ServiceCall) -> Response:
    """Perform DescribeAlarms: names without an alarm are left out.

    Raises:
        AwsError: the call is refused.
    """
    names, types, state = _names(call), _types(call), _text(call, "StateValue", 1, choices=STATES)
    prefix, action = _text(call, "AlarmNamePrefix", 1), _text(call, "ActionPrefix", 1, 1024)
    if sum(each is not None for each in (names, prefix, action)) > 1:
        reason = "AlarmNames, AlarmNamePrefix and ActionPrefix cannot be specified together"
        raise AwsError(ErrorKind.ALARM_PARAMETERS, reason=reason)
    for unknown in ("ChildrenOfAlarmName", "ParentsOfAlarmName"):
        if call.parameters.get(unknown) is not None:
            reason = f"the sandbox does not evaluate rules: {unknown} is not available"
            raise AwsError(ErrorKind.INVALID_ALARM_VALUE, reason=reason)
    size = _page_size(call)
    found = {
        alarm.name: alarm
        for alarm in _candidates(call, names)
        if (_COMPOSITE if alarm.is_composite else _METRIC) in types
        and state in (None, alarm.state)
        and alarm.name.startswith(prefix or "")
        and (action is None or _has_action(alarm, action))
    }
    page, token = _page(call, sorted(found), size)
    alarms = [found[name] for name in page]
    lane = call.principal.lane
    response: Response = {
        "MetricAlarms": [_describe(lane, alarm) for alarm in alarms if not alarm.is_composite],
        "CompositeAlarms": [_describe(lane, alarm) for alarm in alarms if alarm.is_composite],
        "LogAlarms": [],
    }
    return response if token is None else response | {"NextToken": token}


def put_metric_alarm(call: ServiceCall) -> Response:
    """Perform PutMetricAlarm.

    Raises:
        AwsError: the call is refused.
    """
    return _put(call, _METRIC_FIELDS, is_composite=False)


def put_composite_alarm(call: ServiceCall) -> Response:
    """Perform PutCompositeAlarm.

    Raises:
        AwsError: the call is refused.
    """
    _required(call, "AlarmRule", 1, _RULE_MAX)
    return _put(call, _COMPOSITE_FIELDS, is_composite=True)


def set_alarm_state(call: ServiceCall) -> Response:
    """Perform SetAlarmState; the alarm keeps this state, as nothing evaluates it.

    Raises:
        AwsError: the call is refused.
    """
    name, lane = _name(call), call.principal.lane
    state = _required(call, "StateValue", 1, choices=STATES)
    reason = _required(call, "StateReason", 0, _REASON_MAX)
    data = _text(call, "StateReasonData", 0, _REASON_DATA_MAX)
    try:
        json.loads(data or "{}")
    except (ValueError, RecursionError):
        raise AwsError(ErrorKind.ALARM_REASON_DATA) from None
    alarm = call.alarms.find(lane, name)
    if alarm is None:
        raise AwsError(ErrorKind.ALARM_MISSING)
    _store(call, alarm.with_state(state, reason, call.wall_s, data))
    return {}


def delete_alarms(call: ServiceCall) -> Response:
    """Perform DeleteAlarms: as AWS does, it deletes those that exist and accepts other names.

    Raises:
        AwsError: the call is refused.
    """
    names = _names(call)
    if names is None:
        raise query_validation_error([_missing("AlarmNames")])
    lane = call.principal.lane
    existing = [name for name in names if call.alarms.find(lane, name) is not None]
    for name in existing:
        try:
            call.alarms.delete(lane, name)
        except ValueError as error:
            raise AwsError(ErrorKind.ALARM_LIMIT, reason=str(error)) from None
    return {}


def alarm_arn(lane: Lane, name: str) -> str:
    """Return the ARN of an alarm."""
    account, region = lane
    return f"arn:{partition(region)}:cloudwatch:{region}:{account}:alarm:{name}"


def _put(call: ServiceCall, fields: Mapping[str, type], *, is_composite: bool) -> Response:
    name = _name(call)
    configuration = {
        field: value
        for field, kind in fields.items()
        if (value := _field(call, field, kind)) is not None
    }
    if len(json.dumps(configuration)) > CONFIGURATION_MAX:
        raise query_validation_error(
            [f"the request must not be larger than {CONFIGURATION_MAX} bytes"]
        )
    old, now = call.alarms.find(call.principal.lane, name), call.wall_s
    if old is not None and old.is_composite is not is_composite:
        reason = "an alarm of another type has this name"
        raise AwsError(ErrorKind.INVALID_ALARM_VALUE, reason=reason)
    state, reason = (
        ("INSUFFICIENT_DATA", _INITIAL_REASON) if old is None else (old.state, old.reason)
    )
    alarm = SandboxAlarm(
        name,
        state,
        reason,
        updated_s=now if old is None else old.updated_s,
        transitioned_s=now if old is None else old.transitioned_s,
        configured_s=now,
        reason_data=None if old is None else old.reason_data,
        is_composite=is_composite,
        configuration=configuration,
    )
    _store(call, alarm)
    return {}


def _store(call: ServiceCall, alarm: SandboxAlarm) -> None:
    try:
        call.alarms.store(call.principal.lane, alarm)
    except ValueError as error:
        raise AwsError(ErrorKind.ALARM_LIMIT, reason=str(error)) from None


def _describe(lane: Lane, alarm: SandboxAlarm) -> Response:
    described: Response = {
        "AlarmName": alarm.name,
        "AlarmArn": alarm_arn(lane, alarm.name),
        "AlarmConfigurationUpdatedTimestamp": alarm.configured_s,
        "ActionsEnabled": True,
        **{name: [] for name in _ACTIONS},
        **alarm.configuration,
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.updated_s,
        "StateTransitionedTimestamp": alarm.transitioned_s,
    }
    return (
        described
        if alarm.reason_data is None
        else described | {"StateReasonData": alarm.reason_data}
    )


def _candidates(call: ServiceCall, names: Sequence[str] | None) -> list[SandboxAlarm]:
    lane = call.principal.lane
    if names is None:
        return call.alarms.of_lane(lane)
    return [alarm for name in names if (alarm := call.alarms.find(lane, name)) is not None]


def _has_action(alarm: SandboxAlarm, prefix: str) -> bool:
    actions = [each for name in _ACTIONS for each in alarm.configuration.get(name, ())]
    return any(str(action).startswith(prefix) for action in actions)


def _page(call: ServiceCall, names: Sequence[str], size: int) -> tuple[list[str], str | None]:
    token = call.parameter("NextToken", str, "a String")
    try:
        return page_after(names, token, size)
    except AwsError:
        raise AwsError(ErrorKind.ALARM_TOKEN) from None


def _page_size(call: ServiceCall) -> int:
    size: int | None = call.parameter("MaxRecords", int, "an Integer")
    if size is None:
        return PAGE_SIZE
    violations = range_violations(size, "maxRecords", 1, PAGE_SIZE)
    if violations:
        raise query_validation_error(violations)
    return size


def _names(call: ServiceCall) -> list[str] | None:
    names = call.parameter("AlarmNames", list, "an Array")
    if names is None:
        return None
    if not all(isinstance(name, str) for name in names):
        raise AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted="a String")  # noqa: S106
    if len(names) > NAMES_MAX:
        rule = f"have length less than or equal to {NAMES_MAX}"
        raise query_validation_error([violation(f"{names!a:.200}", "alarmNames", rule)])
    if not all(map(is_alarm_name, names)):
        rule = f"satisfy constraint: [Member must have length between 1 and {NAME_MAX}]"
        raise query_validation_error([violation(f"{names!a:.200}", "alarmNames", rule)])
    return list(names)


def _types(call: ServiceCall) -> Sequence[str]:
    types = call.parameter("AlarmTypes", list, "an Array")
    if any(each not in _TYPES for each in types or ()):
        rule = f"satisfy enum value set: [{', '.join(_TYPES)}]"
        raise query_validation_error([violation(f"{types!a:.200}", "alarmTypes", rule)])
    return types or (_METRIC,)


def _name(call: ServiceCall) -> str:
    name = _required(call, "AlarmName", 1)
    if not is_alarm_name(name):
        rule = "not contain control characters"
        raise query_validation_error([violation(f"{name!a:.200}", "alarmName", rule)])
    return name


def _required(
    call: ServiceCall,
    name: str,
    shortest: int,
    longest: int = NAME_MAX,
    choices: Sequence[str] = (),
) -> str:
    text = _text(call, name, shortest, longest, choices)
    if text is None:
        raise query_validation_error([_missing(name)])
    return text


def _text(
    call: ServiceCall,
    name: str,
    shortest: int,
    longest: int = NAME_MAX,
    choices: Sequence[str] = (),
) -> str | None:
    text: str | None = call.parameter(name, str, "a String")
    if text is None:
        return None
    member = f"{name[0].lower()}{name[1:]}"
    if not shortest <= len(text) <= longest:
        rule = f"have length between {shortest} and {longest}"
        raise query_validation_error([violation(f"{text:.200}", member, rule)])
    if choices and text not in choices:
        rule = f"satisfy enum value set: [{', '.join(choices)}]"
        raise query_validation_error([violation(f"{text:.200}", member, rule)])
    return text


def _field(call: ServiceCall, name: str, kind: type) -> Any:
    """Return a field of an alarm's configuration, or None if it is missing."""
    value = call.parameters.get(name)
    if kind is float and type(value) is int:
        return value
    value = call.parameter(name, kind, _EXPECTED.get(kind, "a Double"))
    if not _is_shallow(value, _DEPTH_MAX):
        raise AwsError(ErrorKind.WRONG_TYPE, token="VALUE", wanted="a field of an alarm")  # noqa: S106
    return value


def _is_shallow(value: Any, depth: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_is_shallow(each, depth - 1) for each in inner)


def _missing(name: str) -> str:
    return violation("null", f"{name[0].lower()}{name[1:]}", "not be null").replace(
        "'null'", "null"
    )
