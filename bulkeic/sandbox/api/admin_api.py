"""The sandbox's own endpoints, under /_sandbox/: to look in, and to change what it does.

    GET  (nothing)    a page that shows calls as they come
    GET  live         what that page shows
    GET  stats        what was called
    GET  targets      what was called of each target
    POST reset-stats  count anew
    GET  state        all configurations
    PUT  state        replace them by these
    GET  faults       what goes wrong; `lanes` says what is different in single ones
    PUT  faults       replace it by this; fields that are left out get their defaults
    POST hold         make the functions of an array of {account_id, region, function_name} with an
                      optional qualifier; all of them or, if one is ill-formed, none

They need no credentials, take no quota and no latency, suffer no faults and are not counted. What
cannot be done is answered with {"error": ...}.
"""

import json
from collections.abc import Callable
from math import inf, isfinite
from typing import Any

from bulkeic.sandbox.api import admin_page
from bulkeic.sandbox.behavior.faults import faults_from_json, faults_to_json
from bulkeic.sandbox.behavior.lane_overrides import lanes_from_json, lanes_to_json
from bulkeic.sandbox.protocol.http_message import HttpReply, HttpRequest
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet import Fleet
from bulkeic.sandbox.state.fleet_file import from_json, to_json
from bulkeic.sandbox.state.function_arns import LATEST, check_place

ROOT = "/_sandbox/"


def answer(world: SharedState, request: HttpRequest, wall_s: float) -> HttpReply:
    """Answer a request whose path begins with ROOT.

    Args:
        world: what it looks into or changes.
        request: as read.
        wall_s: Unix time in seconds.
    """
    name = request.path.removeprefix(ROOT)
    if request.method == "GET" and name in _VIEWS:
        return _VIEWS[name](world, wall_s)
    handler = _HANDLERS.get((request.method, name))
    if handler is None:
        known = name in _VIEWS or any(name == other for _, other in _HANDLERS)
        return _reply(405 if known else 404, {"error": f"no {request.method} {request.path}"})
    try:
        data = json.loads(request.body) if request.method == "PUT" or name == "hold" else None
        return _reply(200, handler(world, data))
    except (ValueError, RecursionError) as error:
        return _reply(400, {"error": str(error)})


def _reply(status: int, data: Any) -> HttpReply:
    return HttpReply(status, json.dumps(data, separators=(",", ":")).encode())


def _page(_: SharedState, __: float) -> HttpReply:
    return HttpReply(200, admin_page.BODY, "text/html; charset=utf-8", dict(admin_page.HEADERS))


def _live(world: SharedState, wall_s: float) -> HttpReply:
    # No number of JSON says "any"; null does.
    limits = {"rate": world.options.rate or inf, "burst": world.options.burst}
    quota = {name: limit if isfinite(limit) else None for name, limit in limits.items()}
    live = world.stats.live_json(world.connections, wall_s) | {"quota": quota}
    return _reply(200, live)


def _stats(world: SharedState, _: Any) -> Any:
    return world.stats.to_json(world.connections)


def _targets(world: SharedState, _: Any) -> Any:
    return world.targets.to_json()


def _reset_stats(world: SharedState, _: Any) -> Any:
    world.stats.reset()
    world.targets.reset()
    return {}


def _state(world: SharedState, _: Any) -> Any:
    return to_json(world.fleet)


def _load_state(world: SharedState, data: Any) -> Any:
    loaded = Fleet(world.fleet.default, any_function=world.options.any_function)
    from_json(data, loaded)
    world.fleet.replace(loaded)
    return {}


def _faults(world: SharedState, _: Any) -> Any:
    return faults_to_json(world.faults) | {"lanes": lanes_to_json(world.lanes)}


def _set_faults(world: SharedState, data: Any) -> Any:
    sent = dict(data) if isinstance(data, dict) else data
    lanes = lanes_from_json(sent.pop("lanes", {})) if isinstance(sent, dict) else {}
    world.set_faults(faults_from_json(sent), lanes)
    return _faults(world, None)


def _hold(world: SharedState, data: Any) -> Any:
    if not isinstance(data, list):
        raise ValueError("hold: not an array")  # noqa: TRY004 - callers know one kind of error
    places = [_place(item) for item in data]
    for place in places:
        world.hold(*place)
    return {}


def _place(item: Any) -> tuple[str, str, str, str]:
    required = {"account_id", "region", "function_name"}
    if not isinstance(item, dict) or not required <= set(item) <= required | {"qualifier"}:
        raise ValueError(
            f"hold: {item!r:.200} is not account_id, region, function_name, [qualifier]"
        )
    if not all(isinstance(value, str) for value in item.values()):
        raise ValueError(f"hold: {item!r:.200} has a value that is not a string")
    qualifier = item.get("qualifier", LATEST)
    place = (item["account_id"], item["region"], item["function_name"], qualifier)
    check_place(*place)
    return place


_VIEWS: dict[str, Callable[[SharedState, float], HttpReply]] = {"": _page, "live": _live}
_HANDLERS: dict[tuple[str, str], Callable[[SharedState, Any], Any]] = {
    ("GET", "stats"): _stats,
    ("GET", "targets"): _targets,
    ("POST", "reset-stats"): _reset_stats,
    ("GET", "state"): _state,
    ("PUT", "state"): _load_state,
    ("GET", "faults"): _faults,
    ("PUT", "faults"): _set_faults,
    ("POST", "hold"): _hold,
}
