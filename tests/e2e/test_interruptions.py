"""Runs that are stopped, killed, refused and resumed: no job is lost or done twice."""

import json
import os
import pty
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import rows, until

TARGETS = 150  # of which 145 take 14.5 s


def write_targets(bulkeic: Bulkeic, count: int = TARGETS) -> None:
    names = "\n".join(f"fn-{number}" for number in range(count))
    bulkeic.write("targets.csv", f"FunctionName\n{names}\n")


def words(server: Server, *more: object) -> tuple[object, ...]:
    """Starts an apply of the targets that takes some seconds."""
    return (
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--no-before-image", "--maximum-retry-attempts", 1, "--rate", 10, "--burst", 5, *more,
    )  # fmt: skip


def until_outcomes(path: Path, wanted: int) -> None:
    """Waits until another program sees this number of committed outcomes."""

    def committed() -> bool:
        try:
            [(found,)] = rows(path, "SELECT count(*) FROM outcome")
        except sqlite3.OperationalError:
            return False
        return bool(found >= wanted)

    until(committed, f"{wanted} outcomes")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_and_the_run_can_be_resumed(
    bulkeic: Bulkeic, server: Server, number: signal.Signals
) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server, "--results", "r.jsonl"))
    until_outcomes(bulkeic.folder / "run.db", 5)

    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    sent = server.calls()
    assert 5 <= sent < TARGETS
    last = err.splitlines()[-1]
    assert last.startswith("resume with: bulkeic apply run.db ")
    assert len(bulkeic.outcomes("r.jsonl")) == sent
    written = (bulkeic.folder / "r.jsonl").read_bytes()

    resumed = bulkeic(*last.split()[3:], "--yes", "--rate", "unlimited", "--output", "json")

    assert resumed.code == 0, resumed.err
    assert resumed.summary["updated"] == resumed.summary["total"]["calls"] == TARGETS
    assert resumed.summary["calls"] == TARGETS - sent
    assert server.calls() == TARGETS
    assert (bulkeic.folder / "r.jsonl").read_bytes().startswith(written)
    seqs = [outcome["seq"] for outcome in bulkeic.outcomes("r.jsonl")]
    assert sorted(seqs) == list(range(TARGETS))


def test_a_second_ctrl_c_quits_at_once(bulkeic: Bulkeic, sandbox: Callable[..., Server]) -> None:
    sts = sandbox("--rate", "unlimited")
    server = sandbox("--rate", "unlimited", "--latency", 30)
    write_targets(bulkeic, 3)
    slow = bulkeic.start(
        "apply", "targets.csv", "--yes", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--timeout", 60, "--no-before-image",
        env={"AWS_ENDPOINT_URL_LAMBDA": server.url, "AWS_ENDPOINT_URL_STS": sts.url},
    )  # fmt: skip
    until(lambda: bool(server.stats()["in_flight"]), "a call is in flight")
    slow.send_signal(signal.SIGINT)
    assert slow.stderr is not None
    while "Ctrl-C again" not in (line := slow.stderr.readline()):
        assert line
    slow.send_signal(signal.SIGINT)
    _, err = slow.communicate(timeout=20)

    assert slow.returncode == 130, err
    assert "stopped: interrupted twice" in err
    assert "resume with: bulkeic apply run.db" in err


def test_a_second_process_on_the_same_run_is_refused(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server))
    until_outcomes(bulkeic.folder / "run.db", 3)

    second = bulkeic("apply", "run.db", "--yes", "--endpoint-url", server.url)
    report = bulkeic("report", "run.db")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert second.code == 2
    assert len(second.lines) == 1
    assert "another bulkeic process uses it" in second.err
    assert report.code == 0
    assert "in progress" in report.out


def test_outcomes_are_committed_during_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server))

    for wanted in (5, 10, 15):
        until_outcomes(bulkeic.folder / "run.db", wanted)
        assert process.poll() is None

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 3


def test_a_kill_repeats_only_calls_in_flight_once_the_store_is_idle(
    bulkeic: Bulkeic, server: Server
) -> None:
    """The outcomes that have arrived are committed without waiting for others."""
    write_targets(bulkeic, 12)
    process = bulkeic.start(*words(server, "--rate", 0.001, "--burst", 5))  # five calls, then none
    until_outcomes(bulkeic.folder / "run.db", 5)
    process.kill()
    process.communicate(timeout=20)

    resumed = bulkeic(
        "apply", "run.db", "--yes", "--rate", "unlimited", "--endpoint-url", server.url
    )

    assert resumed.code == 0, resumed.err
    assert server.calls() == 12


def test_a_finished_run_is_not_changed(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 3)
    bulkeic(*words(server))

    again = bulkeic("apply", "run.db", "--yes", "--endpoint-url", server.url, "--output", "json")

    assert again.code == 0
    assert again.summary["updated"] == 3
    assert server.calls() == 3


def test_an_existing_run_file_is_never_overwritten(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 3)
    bulkeic(*words(server))
    before = (bulkeic.folder / "run.db").read_bytes()

    refused = bulkeic(*words(server))

    assert refused.code == 2
    assert "run file 'run.db' exists" in refused.err
    assert "bulkeic apply run.db" in refused.err
    assert (bulkeic.folder / "run.db").read_bytes() == before


def test_without_a_terminal_nothing_happens_before_yes(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 3)

    result = bulkeic("apply", "targets.csv", "--endpoint-url", server.url)

    assert result.code == 2
    assert "--yes" in result.err
    assert server.stats()["calls"] == 0


@pytest.mark.parametrize(("answer", "code", "calls"), [("y\n", 0, 3), ("n\n", 3, 0), ("\n", 3, 0)])
def test_apply_asks_on_a_terminal(
    bulkeic: Bulkeic, server: Server, answer: str, code: int, calls: int
) -> None:
    write_targets(bulkeic, 3)
    ended, screen = bulkeic.asked(answer, *(word for word in words(server) if word != "--yes"))

    assert ended == code, screen
    assert server.calls() == calls
    assert b"3 targets in 1 lane" in screen
    assert (b"resume with: bulkeic apply run.db" in screen) == (code == 3)


def test_a_terminal_shows_a_bar_unless_no_progress(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 12)
    shown = {}
    for flags in ((), ("--no-progress",)):
        ours, theirs = pty.openpty()
        process = bulkeic.start(
            *words(server, *flags),
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env={"NO_COLOR": "1"},
        )
        os.close(theirs)
        screen = b""
        try:
            while piece := os.read(ours, 4096):
                screen += piece
        except OSError:  # the other end of a terminal that has gone
            pass
        os.close(ours)
        process.wait(20)
        shown[flags] = screen
        (bulkeic.folder / "run.db").unlink()

    assert b"12/12" in shown[()]
    assert b"12/12" not in shown["--no-progress",]
    assert all(b"12 targets: 12 updated" in screen for screen in shown.values())


def test_a_load_that_was_killed_can_start_again(bulkeic: Bulkeic, server: Server) -> None:
    fifo = bulkeic.folder / "targets.csv"
    os.mkfifo(fifo)
    process = bulkeic.start(*words(server))
    with fifo.open("w") as file:
        file.write("FunctionName\n" + "".join(f"f{n}\n" for n in range(5000)))
        file.flush()
        until_outcomes(bulkeic.folder / "run.db.loading", 0)
        process.kill()
    process.communicate(timeout=20)
    fifo.unlink()
    write_targets(bulkeic)

    half = bulkeic("apply", "run.db.loading", "--yes", "--endpoint-url", server.url)

    assert half.code == 2
    assert len(half.lines) == 1
    assert "was not loaded completely and nothing was sent" in half.err
    assert server.stats()["calls"] == 0
    again = bulkeic(*words(server, "--rate", "unlimited"))
    assert again.code == 0, again.err
    assert server.calls() == TARGETS
    assert not (bulkeic.folder / "run.db.loading").exists()


def test_export_and_report_refuse_other_files(bulkeic: Bulkeic) -> None:
    bulkeic.write("text.db", "hello")
    other = sqlite3.connect(bulkeic.folder / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.close()

    for command in ("report", "export"):
        for name, says in (
            ("text.db", "is not a run file"),
            ("other.db", "is a database, but not a run file"),
            ("gone.db", "No such file or directory"),
        ):
            result = bulkeic(command, name)
            assert result.code == 2
            assert says in result.err
            assert len(result.lines) == 1
            assert result.out == ""


def test_the_json_summary_of_a_stopped_run_has_its_exit_code(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server, "--output", "json"))
    until_outcomes(bulkeic.folder / "run.db", 5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)

    summary = json.loads(out)
    assert summary["exit_code"] == process.returncode == 3
    assert summary["pending"] == TARGETS - summary["updated"] > 0
