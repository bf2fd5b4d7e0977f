"""The admin endpoints, under /_sandbox/: they show and change the sandbox.

    GET  (nothing)    the admin page, which shows calls as they arrive
    GET  live         the data of that page
    GET  stats        counts of calls
    GET  targets      counts of calls for each target
    POST reset-stats  set all counts to zero
    GET  functions    what a complete discovery must find: an array of functions, each with its
                      account, Region, facts, tags, versions, aliases and configurations
    GET  state        all configurations, and the facts of functions that have own ones
    PUT  state        replace all functions with their configurations and facts
    GET  faults       the faults; `lanes` holds the overrides of single lanes
    PUT  faults       replace the faults; missing fields get their defaults
    GET  accounts     organization, enabled Regions, denied roles and denied operations
    PUT  accounts     replace them; missing fields get their defaults
    GET  organization the IDs of the organization's units by path; the root's path is empty
    POST hold         add the functions of an array of {account_id, region, function_name} with an
                      optional qualifier and optional facts; adds none if one is malformed
    GET  alarms       the alarms, and those that change after a number of changes
    POST alarms       set the state of the alarm {name, state} in every lane, or in an optional
                      lane "account/Region", with an optional reason; adds it if it is missing
    GET  calendars    the change calendars by name
    POST calendars    set the state of the calendar {name, state}; adds it if it is missing

They need no credentials, take no quota and no latency, suffer no faults and are not counted. An
error is answered with {"error": ...}.
"""

import json
from collections.abc import Callable
from math import inf, isfinite
from typing import Any

from bulkeic.sandbox.api import admin_alarms, admin_page
from bulkeic.sandbox.behavior.account_options import (
    AccountRules,
    accounts_from_json,
    accounts_to_json,
)
from bulkeic.sandbox.behavior.scenario import (
    faults_from_json,
    faults_to_json,
    lane_overrides_from_json,
    lane_overrides_to_json,
)
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet import Fleet
from bulkeic.sandbox.state.fleet_file import fleet_from_json, fleet_to_json, functions_to_json
from bulkeic.sandbox.state.function_arns import LATEST, check_function_identity
from bulkeic.sandbox.state.function_facts import FunctionFacts, facts_from_json

ROOT = "/_sandbox/"


def handle(state: SharedState, request: HttpRequest, wall_s: float) -> HttpReply:
    """Return the reply to a request whose path begins with ROOT.

    Args:
        state: the state to show or change.
        request: the request.
        wall_s: Unix time in seconds.
    """
    name = request.path.removeprefix(ROOT)
    if request.method == "GET" and name in _VIEWS:
        return _VIEWS[name](state, wall_s)
    handler = _HANDLERS.get((request.method, name))
    addition = _ADDITIONS.get(name) if request.method == "POST" else None
    if handler is None and addition is None:
        exists = {*_VIEWS, *_ADDITIONS, *(other for _, other in _HANDLERS)}
        return _reply(
            405 if name in exists else 404, {"error": f"no {request.method} {request.path}"}
        )
    try:
        if addition is not None:
            return _reply(200, addition(state, json.loads(request.body), wall_s))
        data = json.loads(request.body) if request.method == "PUT" else None
        return _reply(200, handler(state, data) if handler else None)
    except (ValueError, RecursionError) as error:
        return _reply(400, {"error": str(error)})


def _reply(status: int, data: Any) -> HttpReply:
    return HttpReply(status, json.dumps(data, separators=(",", ":")).encode())


def _page(_: SharedState, __: float) -> HttpReply:
    return HttpReply(200, admin_page.BODY, "text/html; charset=utf-8", dict(admin_page.HEADERS))


def _page_data(state: SharedState, wall_s: float) -> HttpReply:
    # JSON has no infinity: null means unlimited.
    limits = {"rate": state.options.rate or inf, "burst": state.options.burst}
    quota = {name: limit if isfinite(limit) else None for name, limit in limits.items()}
    data = state.stats.admin_page_json(state.connections, wall_s)
    return _reply(200, data | {"quota": quota})


def _stats(state: SharedState, _: Any) -> Any:
    return state.stats.to_json(state.connections)


def _targets(state: SharedState, _: Any) -> Any:
    return state.target_calls.to_json()


def _reset_stats(state: SharedState, _: Any) -> Any:
    state.stats.reset()
    state.target_calls.reset()
    return {}


def _read_state(state: SharedState, _: Any) -> Any:
    return fleet_to_json(state.fleet)


def _replace_state(state: SharedState, data: Any) -> Any:
    fleet = Fleet(state.fleet.default, any_function=state.options.any_function)
    fleet_from_json(data, fleet)
    state.fleet.replace_with(fleet)
    return {}


def _read_faults(state: SharedState, _: Any) -> Any:
    return faults_to_json(state.faults) | {"lanes": lane_overrides_to_json(state.lane_overrides)}


def _replace_faults(state: SharedState, data: Any) -> Any:
    faults = dict(data) if isinstance(data, dict) else data
    lanes = faults.pop("lanes", {}) if isinstance(faults, dict) else {}
    overrides = lane_overrides_from_json(lanes)
    state.set_faults(faults_from_json(faults), overrides)
    return _read_faults(state, None)


def _read_functions(state: SharedState, _: Any) -> Any:
    return functions_to_json(state.fleet)


def _read_accounts(state: SharedState, _: Any) -> Any:
    return accounts_to_json(state.accounts.options)


def _replace_accounts(state: SharedState, data: Any) -> Any:
    state.accounts = AccountRules(accounts_from_json(data))
    return _read_accounts(state, None)


def _read_organization(state: SharedState, _: Any) -> Any:
    organization = state.accounts.organization
    return {} if organization is None else dict(organization.units)


def _add_functions(state: SharedState, data: Any, _: float) -> Any:
    if not isinstance(data, list):
        raise ValueError("hold: not an array")  # noqa: TRY004 - callers expect one error type
    for identity, facts in [(_function_identity(item), _facts(item)) for item in data]:
        state.add_function(*identity, facts=facts)
    return {}


def _facts(item: Any) -> FunctionFacts | None:
    return facts_from_json(item["facts"]) if "facts" in item else None


def _function_identity(item: Any) -> tuple[str, str, str, str]:
    required = {"account_id", "region", "function_name"}
    optional = {"qualifier", "facts"}
    if not isinstance(item, dict) or not required <= set(item) <= required | optional:
        raise ValueError(
            f"hold: {item!r:.200} must have {sorted(required)} and can have 'qualifier' and 'facts'"
        )
    if not all(isinstance(value, str) for key, value in item.items() if key != "facts"):
        raise ValueError(f"hold: {item!r:.200} has a value that is not a string")
    qualifier = item.get("qualifier", LATEST)
    identity = (item["account_id"], item["region"], item["function_name"], qualifier)
    check_function_identity(*identity)
    return identity


_VIEWS: dict[str, Callable[[SharedState, float], HttpReply]] = {"": _page, "live": _page_data}
_HANDLERS: dict[tuple[str, str], Callable[[SharedState, Any], Any]] = {
    ("GET", "stats"): _stats,
    ("GET", "targets"): _targets,
    ("POST", "reset-stats"): _reset_stats,
    ("GET", "state"): _read_state,
    ("PUT", "state"): _replace_state,
    ("GET", "faults"): _read_faults,
    ("PUT", "faults"): _replace_faults,
    ("GET", "functions"): _read_functions,
    ("GET", "accounts"): _read_accounts,
    ("PUT", "accounts"): _replace_accounts,
    ("GET", "organization"): _read_organization,
    ("GET", "alarms"): admin_alarms.read_alarms,
    ("GET", "calendars"): admin_alarms.read_calendars,
}
_ADDITIONS: dict[str, Callable[[SharedState, Any, float], Any]] = {
    "hold": _add_functions,
    "alarms": admin_alarms.set_alarm,
    "calendars": admin_alarms.set_calendar,
}
