"""``--notify``: a command gets the events of a run, and cannot harm it."""

import signal
from pathlib import Path

import msgspec
import pytest

from bulkeic.core.rollout.run_events import (
    AnyRunEvent,
    GateAnswered,
    RunEnded,
    RunStarted,
    WaveDone,
    WaveStarted,
)

from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import GET, REGIONS, is_running, load, resume, until, words, write_rows

HANGS = {"lanes": {f"{ACCOUNT}/{REGIONS[0]}": {"hang": 1}}}
APPEND = "echo $$ >> starts; cat >> events.jsonl"


def events(bulkeic: Bulkeic) -> list[AnyRunEvent]:
    lines = (bulkeic.folder / "events.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=AnyRunEvent) for line in lines]


def kinds(found: list[AnyRunEvent]) -> list[str]:
    return [str(type(event).__struct_config__.tag) for event in found]


def test_the_events_of_a_run_and_of_its_rollback_go_to_one_command(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {f"fn-{number}": {"MaximumRetryAttempts": 2} for number in range(3)})
    write_rows(bulkeic, REGIONS[:1], 3)
    gate = 'grep -q \'"number": 2, "of"\' && exit 1; exit 0'
    flags = ("--yes", "--on-halt", "rollback", "--waves", "1,2,100%", "--gate", gate)

    result = bulkeic(*words(server, *flags, "--notify", APPEND))

    assert result.code == 3, result.err
    assert "--notify" not in result.err.replace("--notify 'echo", "")
    found = events(bulkeic)
    waves = ["wave_started", "wave_done"]
    assert kinds(found) == [
        "started", *waves, "gate", *waves, "gate", "halted", "ended", "started", *waves, *waves,
        "ended",
    ]  # fmt: skip
    assert len((bulkeic.folder / "starts").read_text().splitlines()) == 1
    start, begun, done, agreed = found[:4]
    assert isinstance(start, RunStarted)
    assert (start.command, start.targets, start.pending) == ("apply", 3, 3)
    assert (start.run, start.endpoint) == (str(bulkeic.folder / "run.db"), server.url)
    assert isinstance(begun, WaveStarted)
    assert (begun.wave, begun.of, begun.targets) == (1, 3, 1)
    assert isinstance(done, WaveDone)
    assert (done.verified, done.drifted, done.failed) == (1, 0, 0)
    assert isinstance(agreed, GateAnswered)
    assert (agreed.decision, agreed.reason) == ("continue", "exit code 0")
    halt_end, back_end = (event for event in found if isinstance(event, RunEnded))
    assert (halt_end.counts["updated"], halt_end.pending, halt_end.next) == (2, 1, {})
    assert (back_end.counts["updated"], back_end.exit_code) == (2, 0)
    assert back_end.run == str(bulkeic.folder / "run-rollback.db")


def test_the_other_commands_and_a_resumed_run_send_events(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {f"fn-{number}": {"MaximumRetryAttempts": 2} for number in range(2)})
    write_rows(bulkeic, REGIONS[:1], 2)
    target = ("--endpoint-url", server.url, "--rate", "unlimited", "--notify", APPEND)

    plan = ("plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1, *target)
    assert bulkeic(*plan).code == 0
    stopped = bulkeic("apply", "run.db", "--yes", *target, "--waves", "1,100%", "--gate", "exit 1")
    assert stopped.code == 3
    assert "--notify 'echo $$ >> starts; cat >> events.jsonl'" in stopped.lines[-1]
    assert bulkeic(*resume(server, "--yes", "--notify", APPEND)).code == 0
    assert bulkeic("verify", "run.db", *target).code == 0
    assert bulkeic("rollback", "run.db", "--yes", *target).code == 0

    starts = [event for event in events(bulkeic) if isinstance(event, RunStarted)]
    ends = [event for event in events(bulkeic) if isinstance(event, RunEnded)]
    assert [(start.command, start.pending) for start in starts] == [
        ("plan", 2), ("apply", 2), ("apply", 1), ("verify", 2), ("rollback", 2)
    ]  # fmt: skip
    assert starts[2].counts["updated"] == 1
    assert [end.exit_code for end in ends] == [0, 3, 0, 0, 0]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("exec 0<&-; echo lost; exit 3", ["the command failed with exit code 3: lost", "reach"]),
        ("cat > got; head -c 10000000 /dev/zero", []),
        ("while read line; do echo $line >> got; sleep 0.05; done", []),
        ("head -n 1 > got; kill -9 $$", ["the command was ended by signal 9"]),
    ],
)
def test_a_hostile_command_does_not_harm_the_run(
    bulkeic: Bulkeic, server: Server, command: str, lines: list[str]
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)

    result = bulkeic(*words(server, "--yes", "--notify", command))

    assert result.code == 0, result.err
    assert server.calls() == 2
    said = [line for line in result.lines if line.startswith("--notify: ")]
    assert all(any(text in line for line in said) for text in lines)
    assert len(said) <= 2
    assert bool(said) == bool(lines)
    if not lines:
        assert len((bulkeic.folder / "got").read_text().splitlines()) == 2


def test_a_command_that_hangs_is_ended_after_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)
    command = "exec 0<&-; trap '' TERM; sleep 600 & echo $! $$ > pids; wait; wait"

    result = bulkeic(*words(server, "--yes", "--notify", command))

    assert result.code == 0, result.err
    assert "--notify: the command did not end within 10 s, and was ended" in result.lines
    assert result.lines.index("2 targets: 2 updated") < len(result.lines) - 2
    assert_ended(bulkeic)


def test_nothing_is_left_of_it_after_a_second_ctrl_c(bulkeic: Bulkeic, server: Server) -> None:
    server.window("faults", HANGS, "PUT")
    write_rows(bulkeic, REGIONS[:1], 2)
    command = "trap '' TERM; sleep 600 & echo $! $$ > pids; wait; wait"
    process = bulkeic.start(*words(server, "--yes", "--notify", command))
    until((bulkeic.folder / "pids").exists, "the command has started")
    until(lambda: server.calls(GET) > 0, "a call is in flight")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Ctrl-C again" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=20)

    assert process.returncode == 130, err
    assert_ended(bulkeic)


def assert_ended(bulkeic: Bulkeic) -> None:
    pids = Path(bulkeic.folder / "pids").read_text().split()
    assert len(pids) == 2
    until(lambda: not any(is_running(int(pid)) for pid in pids), "the group is ended")


def test_an_empty_command_is_refused(bulkeic: Bulkeic) -> None:
    result = bulkeic("apply", "targets.csv", "--yes", "--notify", " ")

    assert result.code == 2
    assert "--notify" in result.err
    assert "expected a command" in result.err
