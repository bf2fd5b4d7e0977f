"""The command of ``--notify`` holds nothing up, and nothing of it is left."""

import errno
from collections.abc import Iterable
from pathlib import Path

import pytest

from bulkeic.app.setup import shell_process
from bulkeic.app.watching.event_process import MAX_LINES, CommandEnd, EventProcess
from bulkeic.app.watching.notifier import Notifier, end_lines, event_line
from bulkeic.aws.answers.sanitizer import register_secrets
from bulkeic.core.rollout.halts import Halt
from bulkeic.core.rollout.run_events import RunHalted
from bulkeic.output.console import Console
from tests.e2e.rollout_helpers import is_running, until

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"
LONG_S = 60.0
SHORT_S = 0.2


class Owner:
    def secrets(self) -> Iterable[str]:
        return [SECRET]


def run(command: str, limit_s: float = LONG_S, lines: Iterable[bytes] = (b"{}\n",)) -> CommandEnd:
    process = EventProcess(command)
    for line in lines:
        process.send(line)
    return process.close(limit_s)


def said(end: CommandEnd) -> list[str]:
    return list(end_lines(end, 10))


def test_what_waits_for_a_slow_command_is_bounded_and_the_newest_is_kept(tmp_path: Path) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    process = EventProcess(f"while ! test -e {go}; do sleep 0.02; done; cat > {out}")
    for number in range(3 * MAX_LINES):
        process.send(b"%08d %s\n" % (number, b"x" * 1000))
    go.touch()

    end = process.close(LONG_S)

    numbers = [int(line.split()[0]) for line in out.read_text().splitlines()]
    assert end.code == 0
    assert end.lines == 3 * MAX_LINES
    assert end.lines - end.dropped == len(numbers)
    assert numbers == sorted(numbers)
    assert numbers[-MAX_LINES:] == list(range(2 * MAX_LINES, 3 * MAX_LINES))
    assert said(end) == [f"{end.dropped:,} of 3,000 events did not reach the command"]


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    end = run(f"sleep 600 & echo $! $$ > {pids}; trap '' TERM; wait; wait", SHORT_S)

    assert end.is_late
    assert said(end)[0] == "the command did not end within 10 s, and was ended"
    until(lambda: not any(map(is_running, map(int, pids.read_text().split()))), "it is ended")


def test_what_a_command_leaves_running_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    end = run(f"sleep 600 & echo $! > {pid}; exec cat >/dev/null")

    assert (end.code, end.is_late) == (0, False)
    until(lambda: not is_running(int(pid.read_text())), "it is ended")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("cat >/dev/null; echo; echo one; echo two; exit 3",
         "the command failed with exit code 3: one; two"),
        ("read line; kill -9 $$", "the command was ended by signal 9"),
        ("cat >/dev/null; head -c 10000000 /dev/zero | tr '\\0' x; exit 1", None),
        ("exec cat >/dev/null", ""),
    ],
)  # fmt: skip
def test_how_a_command_failed_is_one_line(command: str, text: str | None) -> None:
    end = run(command)

    lines = said(end)
    if text is None:
        assert end.output.total == 10_000_000
        assert len(lines) == 1
        assert len(lines[0]) < 6000
    else:
        assert lines == [text] * bool(text)


def test_a_command_that_closes_its_stdin_gets_the_events_no_more(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    process = EventProcess(f"exec 0<&-; touch {closed}; exec sleep 600")
    until(closed.exists, "stdin is closed")
    process.send(b"{}\n")

    end = process.close(SHORT_S)

    assert end.is_late
    assert end.dropped == 1


def test_a_shell_that_is_missing_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_process, "_SHELL", "/no/such/shell")

    assert said(run("true")) == [
        "the command cannot be started (No such file or directory)",
        "1 of 1 event did not reach the command",
    ]


def test_events_are_one_line_without_secrets() -> None:
    owner = Owner()
    register_secrets(owner)
    event = RunHalted(at="now", run="/runs/\udcff\n.db", halt=Halt.GATE, reason=f"a\n{SECRET}")

    line = event_line(event)

    assert line.count(b"\n") == 1
    assert SECRET.encode() not in line
    assert line.startswith(b'{"event":"halted","at":"now","run":"/runs/\\udcff\\n.db","version":1,')


def test_a_process_without_free_files_does_not_harm_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_pipe() -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("os.pipe", no_pipe)
    notifier = Notifier("true", Console())
    event = RunHalted(at="now", run="a.db", halt=Halt.GATE, reason="x")
    notifier.notice(event)
    notifier.notice(event)
    notifier.close()

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("--notify: the command cannot be started (")
