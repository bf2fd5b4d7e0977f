"""The data of the admin page: pure counts, with the time as an argument."""

from typing import Any

from bulkeic.sandbox import Faults
from bulkeic.sandbox.stats import call_stats
from bulkeic.sandbox.stats.call_stats import LANES_SHOWN, CallStats
from bulkeic.sandbox.stats.recent_calls import CALLS, LANES_LIMIT, SECONDS, RecentCall

from .sandbox_client import ACCOUNT, REGION, StartSandbox, update_bytes

T = 1_763_880_000.0


def stats_of(*calls: RecentCall) -> CallStats:
    stats = CallStats()
    for call in calls:
        stats.record(call)
    return stats


def call(time_s: float = T, lane: int = 0, status: str = "200", function: str = "fn") -> RecentCall:
    return RecentCall(time_s, (f"{lane:012}", REGION), "Update", function, status, 0.06)


def page_data(stats: CallStats, time_s: float) -> Any:
    return stats.admin_page_json(0, time_s)


def test_only_complete_seconds_are_reported() -> None:
    stats = stats_of(call(T), call(T + 0.9, status="429"), call(T + 1.5))
    assert page_data(stats, T + 0.9)["seconds"][-1] == [0, 0]
    assert page_data(stats, T + 1)["seconds"][-1] == [2, 1]
    later = page_data(stats, T + 2)
    assert later["seconds"][-2:] == [[2, 1], [1, 0]]
    assert (later["lanes"][0]["last"], later["lanes"][0]["recent"]) == ([1, 0], [3, 1])
    assert len(later["seconds"]) == SECONDS


def test_idle_lanes_are_still_listed() -> None:
    stats = stats_of(call(T, lane=1), *(call(T + second, lane=2) for second in range(20)))
    data = page_data(stats, T + 20)
    assert (data["lanes_seen"], data["lanes_busy"]) == (2, 1)
    assert [lane["recent"] for lane in data["lanes"]] == [[5, 0], [0, 0]]
    assert [lane["calls"] for lane in data["lanes"]] == [20, 1]
    assert page_data(stats, T + 1000)["lanes_busy"] == 0


def test_a_clock_set_back_drops_recorded_seconds() -> None:
    stats = stats_of(call(T), call(T - 3600))
    assert sum(calls for calls, _ in page_data(stats, T - 3599)["seconds"]) == 1
    assert page_data(stats, T - 3599)["calls"] == 2


def test_counts_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(call_stats, "LANES_LIMIT", LANES_LIMIT + 50)
    stats = stats_of(*(call(lane=lane, function="x" * 9999) for lane in range(LANES_LIMIT + 100)))
    data = page_data(stats, T + 1)
    assert len(data["lanes"]) == LANES_SHOWN
    assert (data["lanes_seen"], data["lanes_busy"]) == (LANES_LIMIT + 51, LANES_LIMIT)
    assert data["seconds"][-1] == [LANES_LIMIT + 100, 0]
    assert len(data["last_calls"]) == CALLS
    assert {len(shown["function"]) for shown in data["last_calls"]} == {200}
    by_lane = stats.to_json(0)["by_lane"]
    assert by_lane["other/lanes"] == {"calls": 50, "throttled": 0}
    assert sum(lane["calls"] for lane in by_lane.values()) == LANES_LIMIT + 100


def test_the_busiest_lanes_are_listed() -> None:
    busy = [call(T, lane=LANES_SHOWN + 99) for _ in range(2)]
    stats = stats_of(*(call(T, lane=lane) for lane in range(LANES_SHOWN + 99)), *busy)
    assert page_data(stats, T + 1)["lanes"][0]["calls"] == 2


def test_an_unanswered_call_has_no_delay() -> None:
    hung, answered = page_data(stats_of(call(), call(status="hang")), T)["last_calls"]
    assert (hung["held_ms"], answered["held_ms"]) == (None, 60.0)


def test_latest_calls_of_each_kind(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(rate=5, burst=float("inf"), faults=Faults(latency_s=0.001))
    sandbox.send_raw(update_bytes("fn%20x"))
    sandbox.send_raw(b"GET /what HTTP/1.1\r\nConnection: close\r\n\r\n")
    data = sandbox.admin("GET", "live")[1]
    assert data["quota"] == {"rate": 5, "burst": None}
    unknown, update = data["last_calls"]
    assert (unknown["lane"], unknown["function"], unknown["status"]) == (None, "/what", "404")
    assert (update["lane"], update["function"]) == (f"{ACCOUNT}/{REGION}", "fn x")
    assert update["held_ms"] == 1.0
    sandbox.admin("POST", "reset-stats")
    assert sandbox.admin("GET", "live")[1]["last_calls"] == []
