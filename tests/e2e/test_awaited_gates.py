"""Gates that must still be asked: a run is not complete until its last gate has agreed."""

import signal
from contextlib import closing

import pytest
from msgspec.structs import replace

from bulkeic.store.run_file import RunFile

from .conftest import Bulkeic, Server
from .rollout_helpers import (
    REGIONS,
    change,
    line_with,
    load,
    resume,
    states,
    until,
    words,
    write_rows,
)


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("--gate", "exit 75", "--gate-interval", "1h"), "the gate holds"),
        (("--gate", "true", "--bake", "1h"), "bakes for"),
    ],
)
def test_a_run_whose_last_gate_has_not_agreed_is_not_complete(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...], text: str
) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(*words(server, "--yes", "--waves", "100%", *flags))
    line_with(process, text)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert err.splitlines()[-1].startswith("resume with: bulkeic apply run.db ")
    assert bulkeic(*resume(server, "--yes", "--gate", "exit 1")).code == 3
    assert bulkeic(*resume(server, "--yes", "--gate", "true")).code == 0


def test_a_gate_that_halted_before_waves_without_changes_is_asked_again(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", "FunctionName,Wave\nfn-0,1\nfn-1,2\n")
    planned = bulkeic("plan", *words(server)[1:])

    halted = bulkeic(*resume(server, "--yes", "--gate", "exit 1"))
    again = bulkeic(*resume(server, "--yes", "--gate", "exit 1"))
    passed = bulkeic(*resume(server, "--yes", "--gate", "true"))

    assert (planned.code, halted.code, again.code, passed.code) == (0, 3, 3, 0), again.err
    assert halted.lines[-1].startswith("resume with: bulkeic apply run.db ")


def test_a_wave_that_works_again_asks_even_if_the_clock_was_set_back(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": None})
    bulkeic.write("targets.csv", "FunctionName\nfn-0\nfn-1\n")
    first = bulkeic(*words(server, "--yes", "--waves", "100%", "--gate", "true"))
    with closing(RunFile(bulkeic.folder / "run.db")) as run:
        (record,) = run.gates.all()
        run.gates.save(replace(record, answered_at="2999-01-01T00:00:00.000Z"))
    load(server, {"fn-0": {"MaximumRetryAttempts": 1}, "fn-1": {"MaximumRetryAttempts": 2}})

    again = bulkeic(*resume(server, "--yes", "--retry-failed", "--gate", "exit 1"))

    assert (first.code, again.code) == (1, 3), again.err
    assert "stopped: wave 1 of 1: halted by the gate: exit code 1" in again.lines


def test_drift_neither_bakes_nor_asks_the_gate(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    server.window("faults", {"latency_s": 0.3}, "PUT")
    flags = ("--bake", "1h", "--gate", "touch asked", "--concurrency", 2)
    process = bulkeic.start(*words(server, "--yes", "--waves", "50%,100%", *flags))
    until(lambda: server.calls() == 2, "the first wave is written")
    until(lambda: is_written(server, "fn-0") and is_written(server, "fn-1"), "it is stored")
    change(server, (REGIONS[0], "fn-0"), MaximumRetryAttempts=2)
    server.window("faults", {}, "PUT")
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "drifted" in err
    assert "bakes" not in err
    assert not (bulkeic.folder / "asked").exists()


def is_written(server: Server, name: str) -> bool:
    config = states(server).get((REGIONS[0], name)) or {}
    return config.get("MaximumRetryAttempts") == 1
