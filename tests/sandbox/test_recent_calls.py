"""What the live page is told: pure counts, with the time as an argument."""

from collections.abc import Callable
from typing import Any

from bulkeic.sandbox import Faults
from bulkeic.sandbox.stats import call_stats as limits
from bulkeic.sandbox.stats.call_stats import LANES_SHOWN, CallStats
from bulkeic.sandbox.stats.recent_calls import CALLS, LANES_LIMIT, SECONDS, RecentCall

from .sandbox_client import ACCOUNT, REGION, Running, update_bytes

T = 1_763_880_000.0


def stats_of(*calls: RecentCall) -> CallStats:
    stats = CallStats()
    for call in calls:
        stats.called(call)
    return stats


def call(
    time_s: float = T, lane: int = 0, outcome: str = "200", function: str = "fn"
) -> RecentCall:
    return RecentCall(time_s, (f"{lane:012}", REGION), "Update", function, outcome, 0.06)


def live(stats: CallStats, time_s: float) -> Any:
    return stats.live_json(0, time_s)


def test_a_second_counts_when_it_is_over() -> None:
    stats = stats_of(call(T), call(T + 0.9, outcome="429"), call(T + 1.5))
    assert live(stats, T + 0.9)["seconds"][-1] == [0, 0]
    assert live(stats, T + 1)["seconds"][-1] == [2, 1]
    later = live(stats, T + 2)
    assert later["seconds"][-2:] == [[2, 1], [1, 0]]
    assert (later["lanes"][0]["last"], later["lanes"][0]["recent"]) == ([1, 0], [3, 1])
    assert len(later["seconds"]) == SECONDS


def test_lanes_rest_and_are_still_told() -> None:
    stats = stats_of(call(T, lane=1), *(call(T + second, lane=2) for second in range(20)))
    told = live(stats, T + 20)
    assert (told["lanes_seen"], told["lanes_busy"]) == (2, 1)
    assert [lane["recent"] for lane in told["lanes"]] == [[5, 0], [0, 0]]
    assert [lane["calls"] for lane in told["lanes"]] == [20, 1]
    assert live(stats, T + 1000)["lanes_busy"] == 0


def test_a_clock_set_back_starts_anew() -> None:
    stats = stats_of(call(T), call(T - 3600))
    assert sum(calls for calls, _ in live(stats, T - 3599)["seconds"]) == 1
    assert live(stats, T - 3599)["calls"] == 2


def test_nothing_grows_without_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "LANES_LIMIT", LANES_LIMIT + 50)
    stats = stats_of(*(call(lane=lane, function="x" * 9999) for lane in range(LANES_LIMIT + 100)))
    told = live(stats, T + 1)
    assert len(told["lanes"]) == LANES_SHOWN
    assert (told["lanes_seen"], told["lanes_busy"]) == (LANES_LIMIT + 51, LANES_LIMIT)
    assert told["seconds"][-1] == [LANES_LIMIT + 100, 0]
    assert len(told["last_calls"]) == CALLS
    assert {len(shown["function"]) for shown in told["last_calls"]} == {200}
    by_lane = stats.to_json(0)["by_lane"]
    assert by_lane["other/lanes"] == {"calls": 50, "throttled": 0}
    assert sum(lane["calls"] for lane in by_lane.values()) == LANES_LIMIT + 100


def test_the_busiest_lanes_are_the_ones_told() -> None:
    busy = [call(T, lane=LANES_SHOWN + 99) for _ in range(2)]
    stats = stats_of(*(call(T, lane=lane) for lane in range(LANES_SHOWN + 99)), *busy)
    assert live(stats, T + 1)["lanes"][0]["calls"] == 2


def test_a_call_that_is_never_answered_was_held_for_no_time() -> None:
    hung, answered = live(stats_of(call(), call(outcome="hang")), T)["last_calls"]
    assert (hung["held_ms"], answered["held_ms"]) == (None, 60.0)


def test_each_kind_of_call_is_told(start: Callable[..., Running]) -> None:
    running = start(rate=5, burst=float("inf"), faults=Faults(latency_s=0.001))
    running.talk(update_bytes("fn%20x"))
    running.talk(b"GET /what HTTP/1.1\r\nConnection: close\r\n\r\n")
    told = running.window("GET", "live")[1]
    assert told["quota"] == {"rate": 5, "burst": None}
    unknown, update = told["last_calls"]
    assert (unknown["lane"], unknown["function"], unknown["status"]) == (None, "/what", "404")
    assert (update["lane"], update["function"]) == (f"{ACCOUNT}/{REGION}", "fn x")
    assert update["held_ms"] == 1.0
    running.window("POST", "reset-stats")
    assert running.window("GET", "live")[1]["last_calls"] == []
