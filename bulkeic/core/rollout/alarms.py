"""CloudWatch alarms that a run watches: which ones, and what their states mean.

=========================  ====================  ================  =================
an alarm                   before the run        before a wave     while a wave works
=========================  ====================  ================  =================
is OK                      starts                continues         goes on
is in ALARM                refused               halts             halts
has INSUFFICIENT_DATA      starts                holds             goes on
cannot be read             refused               holds             halts after 60 s
does not exist             refused               holds             halts after 60 s
=========================  ====================  ================  =================

Only alarms that are known to be OK let a wave start. One in ALARM decides for all.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.rollout.gates import ConditionAnswer, GateDecision
from bulkeic.core.targets.names import check_account, check_region, partition_of
from bulkeic.core.targets.templates import check_template, fill_template, is_template

_NAMES = ("account", "region", "partition")
_NAME_CHARACTERS = 255
# What the placeholders may become.
_SAMPLE = {"account": "123456789012", "region": "us-east-1", "partition": "aws"}
_EXAMPLE = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:name"
_match_arn = re.compile(
    r"arn:(?P<partition>[^:]*):cloudwatch:(?P<region>[^:]*):(?P<account>[^:]*):alarm:(?P<name>.*)",
    re.DOTALL,
).fullmatch


class AlarmState(StrEnum):
    """The state of an alarm, in CloudWatch's words."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Alarm(msgspec.Struct, frozen=True, order=True):
    """One alarm.

    Attributes:
        lane: its account and Region.
        name: of the alarm.
    """

    lane: Lane
    name: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        lane = self.lane
        start = f"arn:{partition_of(lane.region)}:cloudwatch:{lane.region}:{lane.account_id}"
        return f"{start}:alarm:{self.name}"

    def __str__(self) -> str:
        return f"{quoted(self.name)} of {self.lane}"


class AlarmLook(msgspec.Struct, frozen=True):
    """What one look at all alarms has found.

    Attributes:
        states: of the alarms that could be read; ``None``: the alarm does not exist.
        unreadable: lanes whose alarms could not be read, each with the reason.
    """

    states: Mapping[Alarm, AlarmState | None]
    unreadable: Mapping[Lane, str]

    def having(self, state: AlarmState | None) -> list[Alarm]:
        """The alarms with a state, in order; ``None``: those that do not exist."""
        return sorted(alarm for alarm, found in self.states.items() if found is state)


def parse_alarm(text: str) -> str:
    """Checks a name or an ARN, maybe a template, and returns it.

    Raises:
        InputError: it is neither.
    """
    check_template(text, _NAMES, "")
    alarm_of(text, None)
    return text


def alarm_of(pattern: str, lane: Lane | None) -> Alarm:
    """The alarm that a pattern stands for in a lane.

    Args:
        pattern: a name or an ARN, maybe a template.
        lane: account and Region; ``None``: any, to check the pattern.

    Raises:
        InputError: the text that it becomes is not a name or an ARN.
    """
    values = _SAMPLE if lane is None else _values(lane)
    text = fill_template(pattern, values)
    name, place = text, lane or Lane(_SAMPLE["account"], _SAMPLE["region"])
    if text.startswith("arn:"):
        match = _match_arn(text)
        if match is None:
            raise InputError(f"{quoted(pattern)} is not an alarm's ARN; expected {_EXAMPLE}")
        name = match["name"]
        place = Lane(check_account(match["account"]), check_region(match["region"]))
        is_filled = lane is not None or not is_template(pattern.partition(":alarm:")[0])
        if is_filled and match["partition"] != partition_of(place.region):
            raise InputError(
                f"{quoted(text)} has a partition without the Region {place.region}; "
                f"expected arn:{partition_of(place.region)}:cloudwatch:…"
            )
    if not 0 < len(name) <= _NAME_CHARACTERS or not name.isprintable():
        raise InputError(
            f"{quoted(name)} is not an alarm's name; expected 1 to {_NAME_CHARACTERS} characters, "
            "none of them a control character"
        )
    return Alarm(place, name)


def _values(lane: Lane) -> dict[str, str]:
    return {
        "account": lane.account_id,
        "region": lane.region,
        "partition": partition_of(lane.region),
    }


def expand_alarms(patterns: Sequence[str], lanes: Iterable[Lane]) -> dict[Lane, tuple[str, ...]]:
    """The names of the alarms to ask for in each account and Region, each once.

    Args:
        patterns: names and ARNs, maybe templates.
        lanes: to which the run writes.

    Raises:
        InputError: a pattern becomes something else in one of the lanes.
    """
    found: dict[Lane, dict[str, None]] = {}
    for lane in lanes:
        for pattern in patterns:
            alarm = alarm_of(pattern, lane)
            found.setdefault(alarm.lane, {})[alarm.name] = None
    return {lane: tuple(names) for lane, names in found.items()}


def answer_of(look: AlarmLook) -> ConditionAnswer:
    """Whether a wave may start; see the table of this module."""
    ringing, waiting = look.having(AlarmState.ALARM), look.having(AlarmState.INSUFFICIENT_DATA)
    missing = look.having(None)
    if ringing:
        return ConditionAnswer(GateDecision.HALT, _grouped(ringing, "in ALARM"), ringing[0].arn)
    for lane, problem in sorted(look.unreadable.items()):
        return ConditionAnswer(GateDecision.HOLD, _unreadable(look, lane, problem))
    for alarms, text in ((missing, "missing"), (waiting, AlarmState.INSUFFICIENT_DATA.value)):
        if alarms:
            return ConditionAnswer(GateDecision.HOLD, _grouped(alarms, text), alarms[0].arn)
    if not look.states:
        return ConditionAnswer(GateDecision.HOLD, "no alarm was read")
    every = list(look.states)
    return ConditionAnswer(
        GateDecision.CONTINUE, _grouped(every, "OK"), every[0].arn if len(every) == 1 else ""
    )


def refusals(look: AlarmLook) -> list[str]:
    """Why a run must not start, grouped, each with the way out; none: it may."""
    found = []
    for lane, problem in sorted(look.unreadable.items()):
        found.append(f"{_unreadable(look, lane, problem)}; check --alarm and the permissions")
        break
    missing, ringing = look.having(None), look.having(AlarmState.ALARM)
    if missing:
        found.append(f"{_grouped(missing, 'missing')}; create it, or correct --alarm")
    if ringing:
        found.append(f"{_grouped(ringing, 'in ALARM')}; start when it is OK, or omit it")
    return found


def _grouped(alarms: Sequence[Alarm], state: str) -> str:
    """How many alarms have a state, with an example."""
    if len(alarms) == 1:
        return f"alarm {alarms[0]} is {state}"
    lanes = len({alarm.lane for alarm in alarms})
    where = "" if lanes == 1 else f" in {lanes:,} lanes"
    return f"{len(alarms):,} alarms{where} are {state}, for example {alarms[0]}"


def _unreadable(look: AlarmLook, lane: Lane, problem: str) -> str:
    lanes = len(look.unreadable)
    if lanes == 1:
        return f"the alarms of {lane} cannot be read: {problem}"
    return f"the alarms of {lanes:,} lanes cannot be read, for example those of {lane}: {problem}"
