"""CloudWatch alarms: some given for every lane, some made or changed in single lanes.

No metric is evaluated: an alarm keeps its state until a caller, an admin or its start changes it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bulkeic.sandbox.state.fleet import Lane

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
ALARMS_LIMIT = 50_000
NAME_MAX = 255
_NAME = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{NAME_MAX}}}")
_START = re.compile(rf"({'|'.join(STATES)})(?:@after=(\d{{1,9}}))?", re.ASCII | re.IGNORECASE)
_INITIAL_REASON = "The sandbox started with this state."
# What a rehearsal needs an alarm for: the errors of functions.
_GIVEN_METRIC = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Statistic": "Sum",
    "Dimensions": [],
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 0.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


@dataclass(frozen=True, slots=True)
class AlarmStart:
    """The state of a given alarm.

    Attributes:
        state: one of STATES.
        after: the number of changes of configurations, in all lanes, after which it has this
            state. Before that it is OK.
    """

    state: str
    after: int = 0


@dataclass(frozen=True, slots=True)
class SandboxAlarm:
    """An alarm.

    Attributes:
        name: its name.
        state: one of STATES.
        reason: why it has this state.
        updated_s: Unix time in seconds of the last call that set the state.
        transitioned_s: Unix time in seconds of the last call that changed it.
        configured_s: Unix time in seconds of its last configuration.
        reason_data: the reason as JSON, or None.
        is_composite: whether it is a composite alarm, not one of a metric.
        configuration: its further fields, as AWS names them.
    """

    name: str
    state: str
    reason: str
    updated_s: float
    transitioned_s: float
    configured_s: float
    reason_data: str | None = None
    is_composite: bool = False
    configuration: Mapping[str, Any] = field(default_factory=lambda: _GIVEN_METRIC)

    def with_state(
        self, state: str, reason: str, wall_s: float, reason_data: str | None = None
    ) -> "SandboxAlarm":
        """Return the alarm with a state."""
        return replace(
            self,
            state=state,
            reason=reason,
            reason_data=reason_data,
            updated_s=wall_s,
            transitioned_s=self.transitioned_s if state == self.state else wall_s,
        )


class SandboxAlarms:
    """The alarms of all lanes.

    Args:
        starts: the alarms of every lane, by name, each as `alarm_start_from_text` reads it.
        any_name: whether an alarm of any other name exists when it is asked for, and is OK.
        wall_s: Unix time in seconds.

    Raises:
        ValueError: a name or a start is invalid.
    """

    def __init__(self, starts: Mapping[str, str], *, any_name: bool, wall_s: float) -> None:
        self._any_name = any_name
        self._wall_s = wall_s
        self._changes = 0
        self._of_lanes: dict[Lane, dict[str, SandboxAlarm | None]] = {}
        parsed = alarm_starts(starts)
        self._everywhere = {
            name: new_alarm(name, "OK" if start.after else start.state, _INITIAL_REASON, wall_s)
            for name, start in parsed.items()
        }
        self._count = len(self._everywhere)
        self._scheduled = sorted(
            ((start.after, name, start.state) for name, start in parsed.items() if start.after),
            reverse=True,
        )

    def find(self, lane: Lane, name: str) -> SandboxAlarm | None:
        """Return the alarm of a lane with a name, or None."""
        own = self._of_lanes.get(lane, {})
        if name in own:
            return own[name]
        given = self._everywhere.get(name)
        if given is None and self._any_name:
            return new_alarm(name, "OK", _INITIAL_REASON, self._wall_s)
        return given

    def of_lane(self, lane: Lane) -> list[SandboxAlarm]:
        """Return the alarms of a lane by name; not those that exist only when asked for."""
        alarms = self._everywhere | self._of_lanes.get(lane, {})
        return [alarm for _, alarm in sorted(alarms.items()) if alarm is not None]

    def store(self, lane: Lane, alarm: SandboxAlarm) -> None:
        """Add or replace an alarm of a lane.

        Raises:
            ValueError: there are too many alarms.
        """
        self._store(lane, alarm.name, alarm)

    def delete(self, lane: Lane, name: str) -> None:
        """Delete an alarm of a lane, if it exists.

        Raises:
            ValueError: there are too many alarms, deleted ones of every lane included.
        """
        if name in self._everywhere or self._any_name:
            self._store(lane, name, None)
        elif self._of_lanes.get(lane, {}).pop(name, None) is not None:
            self._count -= 1

    def set_state(
        self, name: str, state: str, reason: str, wall_s: float, lane: Lane | None
    ) -> None:
        """Set the state of an alarm, which is added if it is missing.

        Args:
            name: its name.
            state: one of STATES.
            reason: why.
            wall_s: Unix time in seconds.
            lane: (account, Region), or None for every lane.

        Raises:
            ValueError: the name or the state is invalid, or there are too many alarms.
        """
        _check_name(name)
        if state not in STATES:
            raise ValueError(f"state: {state!r:.200} is not one of {', '.join(STATES)}")
        if lane is not None:
            found = self.find(lane, name) or new_alarm(name, state, reason, wall_s)
            self.store(lane, found.with_state(state, reason, wall_s))
            return
        if name not in self._everywhere:
            self._check_room()
            self._count += 1
        given = self._everywhere.get(name) or new_alarm(name, state, reason, wall_s)
        self._everywhere[name] = given.with_state(state, reason, wall_s)
        for own in self._of_lanes.values():
            kept = own.get(name)
            if kept is not None:
                own[name] = kept.with_state(state, reason, wall_s)
            elif name in own:
                del own[name]
                self._count -= 1

    def count_change(self, wall_s: float) -> None:
        """Count a change of a configuration; set the alarms that were waiting for it."""
        self._changes += 1
        while self._scheduled and self._scheduled[-1][0] <= self._changes:
            after, name, state = self._scheduled.pop()
            changes = "1 change" if after == 1 else f"{after:,} changes"
            self.set_state(name, state, f"The sandbox set it after {changes}.", wall_s, None)

    def to_json(self) -> dict[str, Any]:
        """Return all alarms as an object for JSON; an alarm of every lane has the lane None."""
        everywhere = [(None, alarm) for _, alarm in sorted(self._everywhere.items())]
        own = [
            ("/".join(lane), alarm)
            for lane, alarms in sorted(self._of_lanes.items())
            for _, alarm in sorted(alarms.items())
            if alarm is not None
        ]
        scheduled = [
            {"name": name, "state": state, "after": after}
            for after, name, state in reversed(self._scheduled)
        ]
        alarms = [
            {"name": alarm.name, "lane": lane, "state": alarm.state, "reason": alarm.reason}
            for lane, alarm in everywhere + own
        ]
        return {"alarms": alarms, "changes": self._changes, "scheduled": scheduled}

    def _store(self, lane: Lane, name: str, alarm: SandboxAlarm | None) -> None:
        own = self._of_lanes.get(lane, {})
        if name not in own:
            self._check_room()
            self._count += 1
        self._of_lanes.setdefault(lane, own)[name] = alarm

    def _check_room(self) -> None:
        if self._count >= ALARMS_LIMIT:
            raise ValueError(f"the sandbox has {ALARMS_LIMIT:,} alarms, which is its limit")


def new_alarm(name: str, state: str, reason: str, wall_s: float) -> SandboxAlarm:
    """Return a new alarm of the errors of all functions."""
    return SandboxAlarm(name, state, reason, wall_s, wall_s, wall_s)


def alarm_starts(texts: Mapping[str, str]) -> dict[str, AlarmStart]:
    """Return the starts of given alarms by name.

    Raises:
        ValueError: a name or a start is invalid; the message names the alarm.
    """
    starts = {}
    for name, text in texts.items():
        _check_name(name)
        match = _START.fullmatch(text)
        if match is None:
            raise ValueError(
                f"alarms: {name}: {text!r:.200} is invalid; expected {', '.join(STATES)}, or one "
                "of them with @after=N for after N changes"
            )
        starts[name] = AlarmStart(match[1].upper(), int(match[2] or 0))
    return starts


def is_alarm_name(text: str) -> bool:
    """Whether a text can be the name of an alarm: UTF-8 without control characters."""
    return _NAME.fullmatch(text) is not None


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not is_alarm_name(name):
        raise ValueError(f"alarms: {name!a:.300} is not a name of 1 to {NAME_MAX} characters")
