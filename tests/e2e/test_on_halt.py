"""``--on-halt rollback``: a halted run restores what it changed, the last wave first."""

import json
import shlex
import signal
from typing import Any

import pytest

from .conftest import ACCOUNT, Bulkeic, Server
from .forks import Process
from .rollout_helpers import (
    GET,
    PUT,
    REGIONS,
    UPDATE,
    asked,
    change,
    line_with,
    load,
    resume,
    rows,
    states,
    until,
    words,
    write_rows,
)

BACK = ("--yes", "--on-halt", "rollback")
QUEUE = f"arn:aws:sqs:{REGIONS[0]}:{ACCOUNT}:dead"
WAIT = "touch asked; while ! test -e go; do sleep 0.02; done; exit 1"
HANGS = {"lanes": {f"{ACCOUNT}/{REGIONS[0]}": {"hang": 1}}}


def configured(server: Server, number: int) -> Any:
    """Gives functions of one lane various configurations: the state to come back to."""
    configs: dict[str, dict[str, Any] | None] = {
        f"fn-{n}": {
            "MaximumRetryAttempts": 2 * (n % 2),
            "MaximumEventAgeInSeconds": 600 + n,
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
        }
        for n in range(number)
    }
    load(server, configs)
    return states(server)


def written(server: Server) -> list[str]:
    """The functions that were restored, in order."""
    return [name for operation, (_, name) in asked(server) if operation == PUT]


def halts_after(number: int) -> str:
    return f'grep -q \'"number": {number}, "of"\' && exit 1; exit 0'


def test_a_halted_run_is_rolled_back_the_last_wave_first(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 6)
    write_rows(bulkeic, REGIONS[:1], 6)
    flags = ("--waves", "1,3,5,100%", "--gate", halts_after(3), "--concurrency", 1)

    result = bulkeic(*words(server, *BACK, *flags, "--output", "json"))

    assert result.code == 3, result.err
    assert states(server) == before
    assert written(server) == ["fn-4", "fn-3", "fn-2", "fn-1", "fn-0"]
    assert {name for operation, (_, name) in asked(server) if operation == UPDATE} == set(
        written(server)
    )
    summary = result.summary
    assert (summary["halted"], summary["updated"], summary["pending"]) == ("gate", 5, 1)
    assert summary["rollback"]["updated"] == 5
    assert summary["rollback"]["exit_code"] == 0
    assert summary["exit_code"] == 3
    back = bulkeic.folder / "run-rollback.db"
    assert summary["rollback"]["run"] == str(back.relative_to(bulkeic.folder))
    assert rows(back, "SELECT number, targets, verified FROM wave") == [
        (1, 2, 2), (2, 2, 2), (3, 1, 1)
    ]  # fmt: skip
    lines = result.lines
    assert "halted (gate): rolling back, the last wave first" in lines
    assert lines[-1] == "rolled back: every target that the run changed has what it had before"
    assert not any(line.startswith("resume with") for line in lines)

    report = bulkeic("report", "run.db").out.splitlines()
    assert f"halted and rolled back by {back}" in report
    assert not any(line.startswith(("resume with", "retry with")) for line in report)
    assert f"rolls back {bulkeic.folder / 'run.db'}" in bulkeic("report", back).out.splitlines()

    refused = bulkeic(*resume(server, "--yes"))
    assert refused.code == 2
    rule = "run file 'run.db' was halted and rolled itself back; resume the rollback with: "
    assert refused.lines[0].startswith(f"bulkeic: {rule}bulkeic apply {back} --yes ")
    assert server.calls() == 5


def test_the_waves_of_rows_are_rolled_back_in_reverse(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 6)
    waves = (2, 1, 4, 1, 2, 5)
    lines = [f"fn-{number},{wave}" for number, wave in enumerate(waves)]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,Wave", *lines]))
    flags = ("--gate", 'grep -q \'"number": 4, "of": 5\' && exit 1; exit 0', "--concurrency", 1)

    result = bulkeic(*words(server, *BACK, *flags))

    assert result.code == 3, result.err
    assert states(server) == before
    assert written(server) == ["fn-2", "fn-4", "fn-0", "fn-3", "fn-1"]
    back = bulkeic.folder / "run-rollback.db"
    assert rows(back, "SELECT number, targets, verified FROM wave") == [
        (2, 1, 1), (4, 2, 2), (5, 2, 2)
    ]  # fmt: skip


def test_a_manual_rollback_of_waves_of_rows_has_no_waves(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 2)
    bulkeic.write("targets.csv", "FunctionName,Wave\nfn-0,2\nfn-1,1\n")
    done = bulkeic(*words(server, "--yes"))

    back = bulkeic("rollback", "run.db", "--endpoint-url", server.url, "--run", "back.db", "--yes")

    assert (done.code, back.code) == (0, 0), back.err
    assert states(server) == before
    assert rows(bulkeic.folder / "back.db", "SELECT * FROM wave") == []


def test_a_halt_after_the_last_wave_is_rolled_back(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 4)
    write_rows(bulkeic, REGIONS[:1], 4)

    result = bulkeic(*words(server, *BACK, "--waves", "50%,100%", "--gate", halts_after(2)))

    assert result.code == 3, result.err
    assert states(server) == before


def test_too_many_failures_roll_a_run_without_waves_back(bulkeic: Bulkeic, server: Server) -> None:
    configured(server, 4)
    state = server.window("state")
    state[f"{ACCOUNT}/{REGIONS[0]}"]["fn-missing"] = {"$LATEST": None}
    server.window("state", state, "PUT")
    before = states(server)
    missing = "\n".join(f"fn-{n}" for n in (0, 1, 2, 3, "missing"))
    bulkeic.write("targets.csv", f"FunctionName\n{missing}\n")
    flags = ("--max-failures", 1, "--rate", 20, "--burst", 1)

    result = bulkeic(*words(server, *BACK, *flags))

    assert result.code == 3, result.err
    assert states(server) == before
    changed = [name for operation, (_, name) in asked(server) if operation == UPDATE]
    assert set(written(server)) == set(changed) != set()
    assert "halted (failures): rolling back, the last wave first" in result.lines


def test_drift_is_rolled_back_but_what_others_changed_is_reported(
    bulkeic: Bulkeic, server: Server
) -> None:
    configured(server, 4)
    write_rows(bulkeic, REGIONS[:1], 4)
    server.window("faults", {"latency_s": 0.3}, "PUT")
    process = bulkeic.start(*words(server, *BACK, "--waves", "50%,100%", "--concurrency", 2))
    until(lambda: server.calls() == 2, "the first wave is written")
    until(lambda: all_written(server), "the first wave is stored")
    change(server, (REGIONS[0], "fn-0"), MaximumRetryAttempts=2)
    server.window("faults", {}, "PUT")
    _, err = process.communicate(timeout=20)

    lines = err.splitlines()
    assert process.returncode == 1, err
    assert "halted (drift): rolling back, the last wave first" in lines
    assert "THE ROLLBACK IS NOT COMPLETE: 1 failed, 0 pending; run file: run-rollback.db" in lines
    assert "ChangedSince" in err
    assert lines[-1].startswith("retry with: bulkeic apply run-rollback.db --retry-failed ")
    assert written(server) == ["fn-1"]


def all_written(server: Server) -> bool:
    now = states(server)
    return all(
        (now[REGIONS[0], name] or {}).get("MaximumRetryAttempts") == 1 for name in ("fn-0", "fn-1")
    )


def halted_with_hanging_server(bulkeic: Bulkeic, server: Server, *flags: object) -> Process:
    """A run of four targets whose gate halts, and whose rollback gets no answers."""
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(*words(server, *BACK, "--waves", "50%,100%", "--gate", WAIT, *flags))
    until((bulkeic.folder / "asked").exists, "the gate is asked")
    server.window("faults", HANGS, "PUT")
    (bulkeic.folder / "go").touch()
    return process


def test_a_rollback_that_is_killed_is_resumed(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 4)
    process = halted_with_hanging_server(bulkeic, server, "--timeout", 1)
    line_with(process, "halted (gate): rolling back")
    until(lambda: server.calls(GET) > 4, "the rollback reads a target")
    process.kill()
    process.communicate(timeout=20)
    server.window("faults", {}, "PUT")
    assert states(server) != before

    refused = bulkeic(*resume(server, "--yes"))
    command = refused.lines[0].rpartition("resume the rollback with: bulkeic ")[2]
    resumed = bulkeic(*shlex.split(command))

    assert (refused.code, resumed.code) == (2, 0), refused.err + resumed.err
    assert states(server) == before
    assert "wave 1 of 1: done, 2 verified, 0 failed" in resumed.lines


@pytest.mark.parametrize("restored", [1, 3, 5])
def test_a_rollback_that_is_killed_anywhere_restores_every_field(
    bulkeic: Bulkeic, server: Server, restored: int
) -> None:
    before = configured(server, 6)
    write_rows(bulkeic, REGIONS[:1], 6)
    server.window("faults", {"latency_s": 0.05}, "PUT")
    flags = ("--waves", "2,4,100%", "--gate", halts_after(3), "--concurrency", 1)
    process = bulkeic.start(*words(server, *BACK, *flags))
    until(lambda: server.calls(PUT) >= restored, "the rollback restores its targets")
    process.kill()
    process.communicate(timeout=20)
    server.window("faults", {}, "PUT")

    refused = bulkeic(*resume(server, "--yes"))
    command = refused.lines[0].rpartition("resume the rollback with: bulkeic ")[2]
    resumed = bulkeic(*shlex.split(command))

    assert (refused.code, resumed.code) == (2, 0), refused.err + resumed.err
    assert states(server) == before
    back = bulkeic.folder / "run-rollback.db"
    assert rows(back, "SELECT targets, verified FROM wave") == [(2, 2)] * 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_rollback_that_is_interrupted_says_so_and_is_resumed(
    bulkeic: Bulkeic, server: Server, number: int
) -> None:
    before = configured(server, 4)
    process = halted_with_hanging_server(bulkeic, server, "--timeout", 1, "--output", "json")
    line_with(process, "halted (gate): rolling back")
    until(lambda: server.calls(GET) > 4, "the rollback reads a target")
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    server.window("faults", {}, "PUT")

    lines = err.splitlines()
    assert process.returncode == 3, err
    assert "THE ROLLBACK IS NOT COMPLETE: 0 failed, 2 pending; run file: run-rollback.db" in lines
    assert lines[-1].startswith("resume with: bulkeic apply run-rollback.db ")
    assert json.loads(out)["rollback"]["pending"] == 2
    assert bulkeic(*shlex.split(lines[-1])[3:]).code == 0
    assert states(server) == before


def test_a_rollback_that_cannot_start_names_the_command(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 4)
    write_rows(bulkeic, REGIONS[:1], 4)
    (bulkeic.folder / "run-rollback.db.loading").mkdir()

    result = bulkeic(*words(server, *BACK, "--waves", "50%,100%", "--gate", "exit 1"))

    assert result.code == 3, result.err
    assert any(line.startswith("THE ROLLBACK FAILED: ") for line in result.lines)
    assert result.lines[-1].startswith("roll back with: bulkeic rollback run.db ")
    assert bulkeic(*shlex.split(result.lines[-1])[4:], "--yes").code == 0
    assert states(server) == before


def test_a_rollback_that_restores_nothing_is_retried(bulkeic: Bulkeic, server: Server) -> None:
    configured(server, 2)
    write_rows(bulkeic, REGIONS[:1], 2)
    process = bulkeic.start(*words(server, *BACK, "--waves", "50%,100%", "--gate", WAIT))
    until((bulkeic.folder / "asked").exists, "the gate is asked")
    change(server, (REGIONS[0], "fn-0"), MaximumRetryAttempts=2)
    (bulkeic.folder / "go").touch()
    _, err = process.communicate(timeout=20)

    lines = err.splitlines()
    assert process.returncode == 1, err
    assert "THE ROLLBACK IS NOT COMPLETE: 1 failed, 0 pending; run file: run-rollback.db" in lines
    assert lines[-1].startswith("retry with: bulkeic apply run-rollback.db --retry-failed ")


def test_ctrl_c_while_a_halted_run_ends_prevents_its_rollback(
    bulkeic: Bulkeic, server: Server
) -> None:
    changed, missing, slow = REGIONS[:3]
    lanes: dict[str, Any] = {
        f"{ACCOUNT}/{region}": {"fn-0": {"$LATEST": {}}} for region in (changed, slow)
    }
    server.window("state", lanes | {f"{ACCOUNT}/{missing}": {"fn-0": {"$LATEST": None}}}, "PUT")
    delays = {f"{ACCOUNT}/{missing}": {"latency_s": 0.2}, f"{ACCOUNT}/{slow}": {"latency_s": 1.5}}
    server.window("faults", {"lanes": delays}, "PUT")
    write_rows(bulkeic, REGIONS[:3], 1)
    process = bulkeic.start(*words(server, *BACK, "--max-failures", 1))
    line_with(process, "ResourceNotFoundException")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert "rolling back" not in err
    assert err.splitlines()[-1].startswith("resume with: bulkeic apply run.db ")
    assert states(server)[changed, "fn-0"] != {}


def test_an_interrupted_run_is_not_rolled_back(bulkeic: Bulkeic, server: Server) -> None:
    configured(server, 4)
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(
        *words(server, *BACK, "--waves", "50%,100%", "--gate", "touch asked; sleep 1000")
    )
    until((bulkeic.folder / "asked").exists, "the gate is asked")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert err.splitlines()[-1].startswith("resume with: bulkeic apply run.db ")
    assert "--on-halt rollback" in err.splitlines()[-1]
    assert written(server) == []


def test_a_halted_rehearsal_is_rolled_back_in_the_sandbox(bulkeic: Bulkeic) -> None:
    write_rows(bulkeic, REGIONS[:2], 2)

    result = bulkeic(
        "apply", "targets.csv", "--sandbox", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--waves", "50%,100%", "--gate", "exit 1", "--on-halt", "rollback",
    )  # fmt: skip

    assert result.code == 3, result.err
    assert result.lines[-1].startswith("rolled back: every target")


def test_only_what_a_plan_has_changed_is_rolled_back(bulkeic: Bulkeic, server: Server) -> None:
    before = configured(server, 4)
    write_rows(bulkeic, REGIONS[:1], 4)
    planned = bulkeic("plan", *words(server)[1:])

    halted = bulkeic(*resume(server, *BACK, "--waves", "50%,100%", "--gate", "exit 1"))

    assert (planned.code, halted.code) == (0, 3), halted.err
    assert states(server) == before
    assert len(written(server)) == 2


WRONG = {
    ("--max-failures", "1", "--no-before-image"): (
        "--on-halt rollback needs before-images; omit --no-before-image"
    ),
    (): (
        "--on-halt rollback requires waves, --alarm, or --max-failures below 100%; nothing else "
        "halts a run"
    ),
    ("--max-failures", "100%"): (
        "--on-halt rollback requires waves, --alarm, or --max-failures below 100%; nothing else "
        "halts a run"
    ),
}


@pytest.mark.parametrize("flags", WRONG)
def test_a_rollback_that_could_never_happen_is_refused(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)

    result = bulkeic(*words(server, *BACK, *flags))

    assert result.code == 2
    assert WRONG[flags] in result.lines[-1]
    assert server.stats()["calls"] == 0


def test_a_run_that_cannot_be_rolled_back_is_refused_when_it_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)
    code, _ = bulkeic.asked("n\n", *words(server, "--no-before-image"))

    refused = bulkeic(*resume(server, *BACK, "--max-failures", 1))

    assert (code, refused.code) == (3, 2)
    assert "stores no before-images, so it cannot be rolled back; omit --on-halt" in refused.err
