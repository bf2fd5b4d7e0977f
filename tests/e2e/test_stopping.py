"""--max-failures: after too many failures, no more calls start."""

from collections.abc import Callable

from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import REGIONS, resume, states, until, wave_lines, words, write_rows

Start = Callable[..., Server]
IN_FLIGHT = 64
HALF = {"lanes": {f"{ACCOUNT}/{REGIONS[0]}": {"refuse": 1}}}


def test_too_many_failures_stop_the_run_after_the_calls_in_flight(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:2], 1000)
    server.window("faults", {"latency_s": 0.5}, "PUT")
    process = bulkeic.start(
        *words(server, "--yes", "--max-failures", 5, "--output", "json", "--no-before-image")
    )
    until(lambda: server.calls() > IN_FLIGHT, "some targets are done")
    server.window("faults", {"latency_s": 0.5, "refuse": 1}, "PUT")
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    stats = server.stats()
    failed, updated = stats["by_status"]["403"], stats["by_status"]["200"] - 1  # one was STS's
    assert 5 < failed <= 5 + IN_FLIGHT
    assert server.calls() == failed + updated < 2000
    assert len(states(server)) == updated
    lines = err.splitlines()
    assert (
        f"2,000 targets: {updated} updated, {failed} failed, {2000 - failed - updated:,} pending"
        in (line for line in lines)
    )
    assert "stopped: 5 failed, the maximum allowed" in lines
    assert lines[-1].startswith("resume with: bulkeic apply run.db ")
    assert "--max-failures 5" in lines[-1]


def test_failures_are_counted_from_zero_when_a_run_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 40)
    server.window("faults", {"refuse": 1}, "PUT")
    one = ("--max-failures", "5%", "--concurrency", 1, "--yes")

    first = bulkeic(*words(server, *one, "--no-before-image"))
    second = bulkeic(*first.lines[-1].split()[3:])
    assert (first.code, second.code, server.calls()) == (3, 3, 4)
    assert "40 targets: 0 updated, 4 failed, 36 pending" in second.lines

    server.window("faults", {"throttle": 0.2, "conflict": 0.1}, "PUT")
    third = bulkeic(
        *resume(server, "--yes", "--max-failures", 1, "--max-attempts", 20, "--output", "json")
    )

    assert third.code == 1, third.err
    counts = third.summary
    assert (counts["updated"], counts["failed"], counts["pending"]) == (36, 4, 0)
    refusals = [server.stats()["by_status"].get(status, 0) for status in ("429", "409")]
    assert [counts["throttles"], counts["conflicts"]] == refusals
    assert any(refusals)


def test_failures_are_counted_over_all_waves(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 3)
    server.window("faults", HALF, "PUT")

    result = bulkeic(*words(server, "--yes", "--waves", "2,4,100%", "--max-failures", 2))

    assert result.code == 3, result.err
    assert "wave 1 of 3: done, 1 verified, 1 failed" in result.lines
    assert "stopped: 2 failed, the maximum allowed" in result.lines
    waves = wave_lines(bulkeic)
    assert waves[1].endswith(", not done, stopped: 2 failed, the maximum allowed")
    assert waves[2] == "wave 3, 2 targets: not started"
    assert set(states(server)) <= {(REGIONS[1], "fn-0"), (REGIONS[1], "fn-1")}
