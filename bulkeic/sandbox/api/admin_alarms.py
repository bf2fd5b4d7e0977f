"""The admin endpoints of alarms and change calendars, which `admin_api` lists."""

import re
from typing import Any

from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet import Lane

_LANE = re.compile(r"(\d{12})/([a-z]{2,}(?:-[a-z]+)+-\d)", re.ASCII)
_REASON = "Set with POST /_sandbox/alarms."
_ALARM_KEYS = {"name", "state", "lane", "reason"}


def read_alarms(state: SharedState, _: Any) -> Any:
    """Return all alarms as an object for JSON."""
    return state.alarms.to_json()


def read_calendars(state: SharedState, _: Any) -> Any:
    """Return all calendars as an object for JSON."""
    return state.calendars.to_json()


def set_alarm(state: SharedState, data: Any, wall_s: float) -> Any:
    """Set the state of an alarm, in one lane or in all.

    Args:
        state: the state to change.
        data: decoded JSON: an object with name and state, and optionally lane and reason.
        wall_s: Unix time in seconds.

    Raises:
        ValueError: the data is invalid; nothing is changed.
    """
    _check_strings("alarms", data, required={"name", "state"}, known=_ALARM_KEYS)
    lane = _lane(data["lane"]) if "lane" in data else None
    reason = data.get("reason", _REASON)
    state.alarms.set_state(data["name"], data["state"].upper(), reason, wall_s, lane)
    return {}


def set_calendar(state: SharedState, data: Any, _: float) -> Any:
    """Set the state of a calendar.

    Args:
        state: the state to change.
        data: decoded JSON: an object with name and state.

    Raises:
        ValueError: the data is invalid; nothing is changed.
    """
    required = {"name", "state"}
    _check_strings("calendars", data, required=required, known=required)
    state.calendars.set_state(data["name"], data["state"])
    return {}


def _lane(text: str) -> Lane:
    match = _LANE.fullmatch(text)
    if match is None:
        raise ValueError(f"lane: {text!r:.200} is not account/Region")
    return match[1], match[2]


def _check_strings(name: str, data: Any, *, required: set[str], known: set[str]) -> None:
    if not isinstance(data, dict) or not required <= set(data) <= known:
        optional = sorted(known - required)
        can = f" and can have {optional}" if optional else ""
        raise ValueError(f"{name}: {data!r:.200} must have {sorted(required)}{can}")
    if not all(isinstance(value, str) for value in data.values()):
        raise ValueError(f"{name}: {data!r:.200} has a value that is not a string")
