"""Waves: each is verified before the next starts, and a stop keeps the next from starting."""

import signal
from collections.abc import Callable

import pytest

from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import (
    GET,
    REGIONS,
    UPDATE,
    Place,
    asked,
    change,
    line_with,
    resume,
    rows,
    states,
    terminal,
    until,
    wave_lines,
    words,
    write_rows,
)

Start = Callable[..., Server]
HANGS = {"lanes": {f"{ACCOUNT}/{REGIONS[1]}": {"hang": 1}}}
REFUSES = {"lanes": {f"{ACCOUNT}/{REGIONS[0]}": {"refuse": 1}}}
CONTINUE = "continue with the next wave? [y/N] "


def waves_asked(server: Server, sizes: list[int]) -> list[set[Place]]:
    """The targets of each wave, as the server saw them: read and changed, then verified."""
    calls, waves = asked(server), []
    for size in sizes:
        work, calls = calls[: 2 * size], calls[2 * size :]
        again, calls = calls[:size], calls[size:]
        changed = {place for operation, place in work if operation == UPDATE}
        assert len(changed) == size
        assert {place for operation, place in work if operation == GET} == changed
        assert {operation for operation, _ in again} == {GET}
        assert {place for _, place in again} == changed
        waves.append(changed)
    assert calls == []
    return waves


def regions_of(wave: set[Place]) -> list[str]:
    return sorted(region for region, _ in wave)


def test_waves_are_spread_over_the_lanes_and_verified_one_by_one(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS, 4)

    result = bulkeic(*words(server, "--yes", "--waves", "1,10%,50%,100%", "--output", "json"))

    assert result.code == 0, result.err
    assert result.summary["calls"] == 48
    first, second, third, fourth = waves_asked(server, [1, 1, 6, 8])
    assert first == {(REGIONS[0], "fn-0")}
    assert second == {(REGIONS[1], "fn-0")}
    assert regions_of(third) == sorted([*REGIONS, *REGIONS[2:]])
    assert first | second | third == {(region, f"fn-{n}") for region in REGIONS for n in (0, 1)}
    assert regions_of(fourth) == sorted(REGIONS * 2)
    shown = [line for line in result.lines if "wave" in line]
    assert shown[0] == "in 4 waves of 1, 1, 6, 8; each wave is verified"
    assert shown[1:] == [
        line
        for wave, targets in enumerate(("1 target", "1 target", "6 targets", "8 targets"), 1)
        for line in (
            f"wave {wave} of 4: {targets}",
            f"wave {wave} of 4: done, {targets.split()[0]} verified, 0 failed",
        )
    ]
    waves = wave_lines(bulkeic)
    assert [line.partition(":")[0] for line in waves] == [
        "wave 1, 1 target", "wave 2, 1 target", "wave 3, 6 targets", "wave 4, 8 targets"
    ]  # fmt: skip
    assert waves[3].endswith(", 8 verified, 0 drifted")


@pytest.mark.parametrize(
    ("flags", "waves"),
    [((), [REGIONS[:1], REGIONS[1:2], REGIONS[2:3]]), (("1,100%",), [REGIONS[:1], REGIONS[1:3]])],
)
def test_waves_by_region_take_whole_regions_in_file_order(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...], waves: list[tuple[str, ...]]
) -> None:
    write_rows(bulkeic, REGIONS[:3], 2)
    sizes = ("--waves", *flags) if flags else ()

    result = bulkeic(*words(server, "--yes", "--wave-by", "region", *sizes))

    assert result.code == 0, result.err
    found = waves_asked(server, [2 * len(regions) for regions in waves])
    assert [set(regions_of(wave)) for wave in found] == [set(regions) for regions in waves]


def test_drift_in_a_wave_stops_the_rollout(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 2)
    first, held = ((region, "fn-0") for region in REGIONS[:2])
    server.window("faults", HANGS, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--waves", "50%,100%", "--timeout", 0.5))
    until(lambda: server.calls() == 1, "the first target of the wave is written")
    change(server, first, MaximumRetryAttempts=2)
    server.window("faults", {}, "PUT")
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert {place for operation, place in asked(server) if operation == UPDATE} == {first, held}
    assert {place for _, place in asked(server)} == {first, held}
    drift = "targets.csv:2 fn-0: MaximumRetryAttempts is 2, wanted 1"
    stopped = f"stopped: wave 1 of 2: 1 of 2 targets drifted, for example {drift}"
    lines = err.splitlines()
    assert stopped in lines
    assert lines[-2].startswith("roll back with: bulkeic rollback run.db ")
    assert lines[-1].startswith("resume with: bulkeic apply run.db ")
    waves = wave_lines(bulkeic)
    assert waves[0].endswith(f", 2 verified, 1 drifted, {stopped}")
    assert waves[1] == "wave 2, 2 targets: not started"

    resumed = bulkeic(*lines[-1].split()[3:])

    assert resumed.code == 0, resumed.err
    retries = {place: config and config["MaximumRetryAttempts"] for place, config in _all(server)}
    assert retries == {first: 2, held: 1} | {(region, "fn-1"): 1 for region in REGIONS[:2]}


def _all(server: Server) -> list[tuple[Place, dict[str, object] | None]]:
    return list(states(server).items())


def test_ctrl_c_ends_a_pause_and_the_run_resumes_with_its_waves(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(*words(server, "--yes", "--waves", "25%,100%", "--wave-pause", 50))
    line_with(process, "the next wave starts in 50 s")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert server.calls() == 1
    assert wave_lines(bulkeic)[0].endswith("1 verified, 0 drifted, stopped: interrupted")
    again = bulkeic(*resume(server, "--yes", "--waves", "1,100%"))
    assert again.code == 2
    assert again.err == (
        "bulkeic: run file 'run.db' has waves already, made with --waves 25%,100%, and "
        "--waves 1,100% would change that; omit the flag\n"
    )

    resumed = bulkeic(*err.splitlines()[-1].split()[3:], "--waves", "25%,100%")

    assert resumed.code == 0, resumed.err
    assert "in 2 waves of 1, 3; 1 done; each wave is verified" in resumed.lines
    waves_asked(server, [1, 3])


@pytest.mark.parametrize(
    ("answer", "says"),
    [("n\n", "not confirmed to continue after wave 2 of 3"), (None, "interrupted")],
)
def test_apply_asks_on_a_terminal_before_each_wave(
    bulkeic: Bulkeic, server: Server, answer: str | None, says: str
) -> None:
    write_rows(bulkeic, REGIONS[:1], 3)
    with terminal(bulkeic, *words(server, "--waves", "1,2,100%")) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        screen.answer(CONTINUE, "y\n")
        if answer is None:
            screen.wait_for(CONTINUE)
            screen.process.send_signal(signal.SIGINT)
        else:
            screen.answer(CONTINUE, answer)
        assert screen.end() == 3, screen.screen

    assert f"stopped: {says}" in screen.screen
    assert server.calls() == 2
    assert wave_lines(bulkeic)[1].endswith(f"stopped: {says}")

    with terminal(bulkeic, *resume(server)) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        assert screen.end() == 0, screen.screen

    assert "go on" not in screen.screen
    waves_asked(server, [1, 1, 1])


def test_a_failure_stops_before_the_next_wave_until_the_run_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:2], 2)
    server.window("faults", REFUSES, "PUT")

    stopped = bulkeic(*words(server, "--yes", "--waves", "50%,100%"))

    assert stopped.code == 3
    assert (
        "stopped: 1 failed in wave 1 of 2; check them, then set --max-failures to continue"
    ) in stopped.lines
    assert {name for _, (_, name) in asked(server)} == {"fn-0"}

    server.window("faults", {}, "PUT")
    resumed = bulkeic(*resume(server, "--yes", "--output", "json"))

    assert resumed.code == 1, resumed.err
    assert (resumed.summary["updated"], resumed.summary["failed"]) == (3, 1)
    assert [place for operation, place in asked(server) if operation == UPDATE][1:] != []
    assert (REGIONS[0], "fn-0") not in states(server)


def test_a_run_killed_in_a_wave_resumes_with_its_waves(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:3], 2)
    server.window("faults", HANGS, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--wave-by", "region"))
    lane = f"{ACCOUNT}/{REGIONS[1]}"
    until(lambda: lane in server.stats()["by_lane"], "the second wave has started")
    process.kill()
    process.communicate(timeout=20)
    settled = [waves_settled(bulkeic), rows(bulkeic.folder / "run.db", BEGUN)]
    server.window("faults", {}, "PUT")
    server.window("reset-stats", method="POST")

    resumed = bulkeic(*resume(server, "--yes"))

    assert resumed.code == 0, resumed.err
    assert "in 3 waves of 2, 2, 2; 1 done; each wave is verified" in resumed.lines
    assert [waves_settled(bulkeic), rows(bulkeic.folder / "run.db", BEGUN)] == settled
    second, third = waves_asked(server, [2, 2])
    assert (set(regions_of(second)), set(regions_of(third))) == ({REGIONS[1]}, {REGIONS[2]})


BEGUN = "SELECT number, started_at FROM wave WHERE number < 3"


def waves_settled(bulkeic: Bulkeic) -> list[list[tuple[object, ...]]]:
    queries = ("SELECT number, targets FROM wave", "SELECT * FROM wave_lane")
    return [rows(bulkeic.folder / "run.db", query) for query in queries]


def test_a_plan_is_applied_in_waves(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 2)
    planned = bulkeic("plan", *words(server)[1:])
    server.window("reset-stats", method="POST")

    applied = bulkeic(*resume(server, "--yes", "--waves", "50%,100%"))

    assert (planned.code, applied.code) == (0, 0), applied.err
    first, _ = waves_asked(server, [2, 2])
    assert regions_of(first) == sorted(REGIONS[:2])


def test_waves_that_are_added_later_store_before_images(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:2], 2)
    code, _ = bulkeic.asked("n\n", *words(server))

    resumed = bulkeic(*resume(server, "--yes", "--waves", "1,100%"))

    assert (code, resumed.code) == (3, 0), resumed.err
    waves_asked(server, [1, 3])
    assert rows(bulkeic.folder / "run.db", "SELECT sum(may_be_sent) FROM before_image") == [(4,)]


def test_an_unverified_last_wave_is_verified_when_the_run_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)
    server.window("faults", {"latency_s": 0.7}, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--waves", "100%", "--timeout", 2.5))
    until(lambda: server.calls() == 2, "all targets are written")
    server.window("faults", {"hang": 1}, "PUT")
    until(lambda: server.calls(GET) == 4, "they are being read again")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "1 verified" not in wave_lines(bulkeic)[0]
    change(server, (REGIONS[0], "fn-1"), MaximumRetryAttempts=0)
    server.window("faults", {}, "PUT")

    resumed = bulkeic(*err.splitlines()[-1].split()[3:])

    assert resumed.code == 3, resumed.err
    assert "stopped: wave 1 of 1: 1 of 2 targets drifted, for example " in resumed.err
    assert server.calls() == 2


WRONG = {
    (
        "--waves",
        "10%,5%",
    ): "the wave '5%' is smaller than an earlier one; expected the same or more",
    ("--waves", "50%"): "the last wave is '50%'; expected 100%, so that every target is done",
    ("--waves", "0,100%"): "'0' is not a wave; expected numbers from 1 or percentages up to 100%",
    ("--wave-pause", "5"): "--wave-pause requires --waves, --wave-by region, --waves-file or a",
    ("--force", "--no-progress"): "--force requires a plan, a rollback or an interrupted run",
    ("--wave-by", "lane"): "--wave-by lane requires --waves, the number of targets in each wave",
}


@pytest.mark.parametrize("flags", WRONG)
def test_invalid_waves_are_reported_and_nothing_is_sent(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, str]
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)

    result = bulkeic(*words(server, "--yes", *flags))

    assert result.code == 2
    assert WRONG[flags] in result.lines[-1]
    assert len([line for line in result.lines if line and not line.startswith(("Us", "Tr"))]) == 1
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "run.db").exists()
