"""Gates: a command decides after each wave, and nothing it does can harm the run."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import (
    REGIONS,
    is_running,
    line_with,
    resume,
    rows,
    terminal,
    until,
    words,
    write_rows,
)

WAVES = ("--yes", "--waves", "50%,100%")
GATE = "SELECT wave, asks, decision, reason, output FROM gate ORDER BY id"


def start_rows(bulkeic: Bulkeic) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)


def gates(bulkeic: Bulkeic) -> list[tuple[Any, ...]]:
    return rows(bulkeic.folder / "run.db", GATE)


def gate_report(bulkeic: Bulkeic) -> list[str]:
    lines = bulkeic("report", "run.db").out.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("  gate after wave"))
    return lines[start:]


def test_a_gate_reads_a_document_after_each_wave_and_continues(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)

    result = bulkeic(*words(server, *WAVES, "--gate", "cat >> asked.jsonl; echo fine"))

    assert result.code == 0, result.err
    first, second = documents(bulkeic)
    assert first["run"] == str(bulkeic.folder / "run.db")
    assert (first["asked"], first["wave"]["number"], first["wave"]["of"]) == (1, 1, 2)
    assert first["next_wave"] == {"number": 2, "targets": 2}
    assert (first["counts"]["updated"], first["counts"]["pending"]) == (2, 2)
    assert first["failures"] == {"total": 0, "errors": {}}
    assert (second["wave"]["verified"], second["next_wave"]) == (2, None)
    assert gates(bulkeic) == [(1, 1, "continue", "exit code 0", "fine"),
                              (2, 1, "continue", "exit code 0", "fine")]  # fmt: skip
    assert "wave 1 of 2: the gate continues" in result.lines
    assert gate_report(bulkeic)[0].endswith(": continue, exit code 0")
    assert gate_report(bulkeic)[1] == "    fine"


def documents(bulkeic: Bulkeic) -> list[Any]:
    return [json.loads(line) for line in (bulkeic.folder / "asked.jsonl").read_text().splitlines()]


HALTS = {
    "exit 1": "exit code 1",
    "kill -KILL $$": "ended by SIGKILL",
    "kill -SEGV $$": "ended by SIGSEGV",
    "no-such-command-here": "exit code 127",
    "exec 0<&-; exit 3": "exit code 3",
}


@pytest.mark.parametrize("command", HALTS)
def test_a_gate_that_fails_in_any_way_halts_the_run(
    bulkeic: Bulkeic, server: Server, command: str
) -> None:
    start_rows(bulkeic)

    result = bulkeic(*words(server, *WAVES, "--gate", command))

    assert result.code == 3, result.err
    assert f"stopped: wave 1 of 2: halted by the gate: {HALTS[command]}" in result.lines
    assert server.calls() == 2
    assert [row[:4] for row in gates(bulkeic)] == [(1, 1, "halt", HALTS[command])]
    assert f": halt, {HALTS[command]}" in gate_report(bulkeic)[0]


def test_a_run_that_its_gate_halted_asks_again_when_it_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    halted = bulkeic(*words(server, *WAVES, "--gate", "test -e good"))
    command = halted.lines[-1].split()[3:6]
    assert halted.lines[-1].endswith("--gate 'test -e good'")
    again = bulkeic(*resume(server, "--yes", "--gate", "test -e good"))
    (bulkeic.folder / "good").touch()

    resumed = bulkeic(*resume(server, "--yes", "--gate", "test -e good"))

    assert command[:2] == ["apply", "run.db"]
    assert (halted.code, again.code, resumed.code) == (3, 3, 0), resumed.err
    assert server.calls() == 4
    assert [row[:3] for row in gates(bulkeic)] == [
        (1, 1, "halt"), (1, 1, "halt"), (1, 1, "continue"), (2, 1, "continue")
    ]  # fmt: skip
    nothing = bulkeic(*resume(server, "--yes", "--gate", "exit 1"))
    assert (nothing.code, nothing.lines[0]) == (0, "nothing left to do")


def test_a_gate_that_holds_is_asked_again_until_it_continues(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    gate = "cat >> asked.jsonl; echo waiting; test $(wc -l < asked.jsonl) -gt 3 || exit 75"

    result = bulkeic(*words(server, *WAVES, "--gate", gate + "; echo", "--gate-interval", 0.05))

    assert result.code == 0, result.err
    assert [line["asked"] for line in documents(bulkeic)] == [1, 2, 3, 4, 1]
    assert [row[:3] for row in gates(bulkeic)] == [(1, 4, "continue"), (2, 1, "continue")]
    assert "wave 1 of 2: the gate holds (exit code 75) and is asked every 1 s" in result.lines
    assert result.err.count("the gate holds") == 1
    assert "wave 1 of 2: the gate continues after 3 holds" in result.lines


def test_a_gate_that_hangs_is_ended_with_all_that_it_started(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    gate = "trap '' TERM; sleep 1000 & echo $! $$ > pids; echo began; wait; wait"

    result = bulkeic(*words(server, *WAVES, "--gate", gate, "--gate-timeout", 0.5))

    assert result.code == 3, result.err
    reason = "not ended within 0.5 s (--gate-timeout)"
    assert gates(bulkeic) == [(1, 1, "halt", reason, "began")]
    pids = (bulkeic.folder / "pids").read_text().split()
    until(lambda: not any(is_running(int(pid)) for pid in pids), "the group is ended")


def test_what_a_gate_leaves_running_is_ended_and_holds_nothing_up(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)

    result = bulkeic(*words(server, *WAVES, "--gate", "sleep 1000 & echo $! >> pids"))

    assert result.code == 0, result.err
    pids = (bulkeic.folder / "pids").read_text().split()
    assert len(pids) == 2
    until(lambda: not any(is_running(int(pid)) for pid in pids), "the group is ended")


def test_the_output_of_a_gate_is_kept_within_a_limit(bulkeic: Bulkeic, server: Server) -> None:
    start_rows(bulkeic)
    gate = r"head -c 10000000 /dev/zero | tr '\0' x; printf '\n\033[2Jlast \377 %s\n' $SECRET >&2"

    result = bulkeic(*words(server, *WAVES, "--gate", gate), SECRET="of-the-user")

    assert result.code == 0, result.err
    (_, _, decision, _, output), _ = gates(bulkeic)
    note, _, end = output.partition("\n")
    assert decision == "continue"
    assert note == "… the last 4,096 of 10,000,024 bytes:"
    assert end.endswith("x\n\\x1b[2Jlast \ufffd of-the-user")
    assert len(output.encode()) < 5000
    assert "\x1b" not in bulkeic("report", "run.db").out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_gate_and_the_run_is_resumed_with_it(
    bulkeic: Bulkeic, server: Server, number: int
) -> None:
    start_rows(bulkeic)
    process = bulkeic.start(*words(server, *WAVES, "--gate", "echo $$ > pid; sleep 1000"))
    until(lambda: has_text(bulkeic.folder / "pid"), "the gate runs")
    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert gates(bulkeic) == []
    pid = int((bulkeic.folder / "pid").read_text())
    assert not is_running(pid)

    resumed = bulkeic(*resume(server, "--yes", "--gate", "cat >> asked.jsonl"))

    assert resumed.code == 0, resumed.err
    assert [each["wave"]["number"] for each in documents(bulkeic)] == [1, 2]


def has_text(path: Path) -> bool:
    return path.exists() and path.read_text().endswith("\n")


def test_ctrl_c_ends_a_hold(bulkeic: Bulkeic, server: Server) -> None:
    start_rows(bulkeic)
    process = bulkeic.start(*words(server, *WAVES, "--gate", "exit 75", "--gate-interval", "1h"))
    line_with(process, "the gate holds (exit code 75) and is asked every 60 min")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert [row[:3] for row in gates(bulkeic)] == [(1, 1, "hold")]
    assert server.calls() == 2


def test_a_run_killed_while_its_gate_is_asked_asks_it_again(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    gate = ("--gate", "echo $$ > pid; sleep 1000")
    process = bulkeic.start(*words(server, *WAVES, *gate))
    until(lambda: has_text(bulkeic.folder / "pid"), "the gate runs")
    process.kill()
    process.communicate(timeout=20)
    os.kill(int((bulkeic.folder / "pid").read_text()), signal.SIGKILL)

    resumed = bulkeic(*resume(server, "--yes", "--gate", "exit 9"))

    assert resumed.code == 3, resumed.err
    assert "stopped: wave 1 of 2: halted by the gate: exit code 9" in resumed.lines
    assert server.calls() == 2


def test_a_halt_after_the_last_wave_is_reported_and_asked_again(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    gate = ("--gate", "grep -q '\"next_wave\": {' || test -e good")

    halted = bulkeic(*words(server, *WAVES, *gate))
    again = bulkeic(*resume(server, "--yes", *gate))
    (bulkeic.folder / "good").touch()
    passed = bulkeic(*resume(server, "--yes", *gate))

    assert (halted.code, again.code, passed.code) == (3, 3, 0), passed.err
    assert "stopped: wave 2 of 2: halted by the gate: exit code 1" in halted.lines
    assert halted.lines[-1].startswith("resume with: bulkeic apply run.db ")
    assert not any(line.startswith("resume with") for line in passed.lines)
    assert server.calls() == 4


def test_the_gate_decides_before_the_question(bulkeic: Bulkeic, server: Server) -> None:
    start_rows(bulkeic)
    command = words(server, "--waves", "50%,100%", "--gate", "touch asked", "--bake", "0.2s")
    with terminal(bulkeic, *command) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        screen.wait_for("wave 1 of 2: bakes for 1 s")
        screen.wait_for("the gate continues")
        assert (bulkeic.folder / "asked").exists()
        screen.answer("continue with the next wave? [y/N] ", "y\n")
        assert screen.end() == 0, screen.screen

    assert server.calls() == 4


def test_ctrl_c_ends_the_time_after_a_wave_which_a_resumed_run_waits_for(
    bulkeic: Bulkeic, server: Server
) -> None:
    start_rows(bulkeic)
    process = bulkeic.start(*words(server, *WAVES, "--bake", "10m", "--gate", "touch asked"))
    line_with(process, "wave 1 of 2: bakes for 10 min")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    assert "--bake 600 --gate 'touch asked'" in err.splitlines()[-1]
    assert not (bulkeic.folder / "asked").exists()

    again = bulkeic.start(*resume(server, "--yes", "--bake", "10m"))
    line_with(again, "wave 1 of 2: bakes for ")
    again.send_signal(signal.SIGINT)
    again.communicate(timeout=20)
    assert (again.returncode, server.calls()) == (3, 2)

    resumed = bulkeic(*resume(server, "--yes", "--bake", "0.001"))

    assert resumed.code == 0, resumed.err
    assert "bakes" not in resumed.err
    assert server.calls() == 4


DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "rollout.md"


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ("OK\tOK", 0),
        ("", 0),
        ("OK\tALARM", 1),
        ("INSUFFICIENT_DATA\tALARM", 1),
        ("INSUFFICIENT_DATA\tOK", 75),
        (None, 1),
    ],
)
def test_the_script_of_the_docs_watches_alarms(
    tmp_path: Path, states: str | None, code: int
) -> None:
    script = DOCS.read_text().partition("```sh\n")[2].partition("```")[0]
    aws = tmp_path / "aws"
    aws.write_text("#!/bin/sh\nexit 255\n" if states is None else f"#!/bin/sh\necho '{states}'\n")
    aws.chmod(0o700)
    path = f"{tmp_path}:{os.environ['PATH']}"

    found = subprocess.run(["/bin/sh", "-c", script], env={"PATH": path}, check=False)

    assert found.returncode == code


WRONG = {
    ("--gate", "true"): "--gate requires --waves, --wave-by region, --waves-file or a Wave column",
    ("--bake", "5"): "--bake requires --waves, --wave-by region, --waves-file or a Wave column",
    ("--gate", " "): "Invalid value for '--gate': it is empty; expected a command",
    ("--gate-timeout", "5", "--waves", "100%"): "--gate-interval and --gate-timeout require --gate",
    ("--gate-interval", "0", "--gate", "true"): "'0' is out of range; expected more than 0s",
}


@pytest.mark.parametrize("flags", WRONG)
def test_invalid_gates_are_reported_and_nothing_is_sent(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    start_rows(bulkeic)

    result = bulkeic(*words(server, "--yes", *flags))

    assert result.code == 2
    assert WRONG[flags] in result.lines[-1]
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "run.db").exists()
