"""The options that decide when a run works and when it continues."""

from typing import Annotated

import msgspec

from bulkeic.app.options.pace_options import WRITES
from bulkeic.core.errors import InputError
from bulkeic.core.options.moments import Moment, parse_moment
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import Duration, ParsedText
from bulkeic.core.rollout.alarms import parse_alarm
from bulkeic.core.rollout.change_calendar import ChangeCalendar, parse_calendar

DAY = Duration(0, 86400)
_UP_TO_A_DAY = Duration(0, 86400, is_above=True)
# Shorter than the time after which alarms that cannot be read halt a run, and within the quota.
_ALARM_INTERVAL = Duration(0.2, 30)


def _parse_command(text: str) -> str:
    """A command for the shell.

    Raises:
        InputError: it is empty.
    """
    if not text.strip():
        raise InputError("it is empty; expected a command, for example ./check.sh")
    return text


SHELL_COMMAND = ParsedText("COMMAND", _parse_command)
_MOMENT = ParsedText("TIME|DURATION", parse_moment)


class WindowOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The time in which a run may work."""

    until: Annotated[Moment | None, Flag(
        "--until", "Stop gracefully before this time, such as 2026-11-27T18:00Z, or after this "
        "duration.", OptionGroup.SAFETY, _MOMENT, "no limit", repeat=Repeat.NEVER, commands=WRITES
    )] = None  # fmt: skip
    not_before: Annotated[Moment | None, Flag(
        "--not-before", "Wait until this time, or for this duration, before the first call to "
        "Lambda.", OptionGroup.SAFETY, _MOMENT, "now", repeat=Repeat.NEVER, commands=WRITES
    )] = None  # fmt: skip


class GateOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The command that is asked after each wave, and how long it may take."""

    command: Annotated[str | None, Flag(
        "--gate", "Run this shell command after each wave, with a JSON document on stdin. "
        "Exit code 0 continues, 75 holds, any other one halts the run.", OptionGroup.ROLLOUT,
        SHELL_COMMAND, repeat=Repeat.RESUME, commands=frozenset({"apply"}),
        configurable=Configurable.BY_USER)] = None  # fmt: skip
    interval_s: Annotated[float, Flag(
        "--gate-interval", "Time after which a gate that holds is asked again.",
        OptionGroup.ROLLOUT, _UP_TO_A_DAY, repeat=Repeat.RESUME,
        commands=frozenset({"apply"}), requires=("--gate",))] = 60.0  # fmt: skip
    timeout_s: Annotated[float, Flag(
        "--gate-timeout", "Time limit for the gate. A gate that takes longer is ended, and halts "
        "the run.", OptionGroup.ROLLOUT, _UP_TO_A_DAY, repeat=Repeat.RESUME,
        commands=frozenset({"apply"}), requires=("--gate",))] = 60.0  # fmt: skip


class MonitoringOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The alarms and the calendar that decide whether a run goes on."""

    alarms: Annotated[tuple[str, ...], Flag(
        "--alarm", "CloudWatch alarm to watch, in every account and Region of the run, or the one "
        "of an ARN. May contain {account} and {region}. ALARM halts the run, INSUFFICIENT_DATA "
        "holds it between waves. Can be repeated.", OptionGroup.ROLLOUT,
        ParsedText("NAME|ARN", parse_alarm), "none", is_multiple=True, repeat=Repeat.RESUME,
        commands=frozenset({"apply"}))] = ()  # fmt: skip
    alarm_interval_s: Annotated[float, Flag(
        "--alarm-interval", "Time between two looks at each alarm.", OptionGroup.ROLLOUT,
        _ALARM_INTERVAL, repeat=Repeat.RESUME, commands=frozenset({"apply"}),
        requires=("--alarm",))] = 10.0  # fmt: skip
    calendar: Annotated[ChangeCalendar | None, Flag(
        "--change-calendar", "Start each wave only while this change calendar of Systems Manager "
        "is open.", OptionGroup.ROLLOUT, ParsedText("ARN", parse_calendar), repeat=Repeat.RESUME,
        commands=frozenset({"apply"}))] = None  # fmt: skip

    @property
    def are_given(self) -> bool:
        """Whether there is anything to watch."""
        return bool(self.alarms) or self.calendar is not None
