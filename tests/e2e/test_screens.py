"""Many lanes with faults on a small terminal: what the screen shows, above all at the end."""

import json
import os
import pty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import Bulkeic, Server
from .fleet import ROLE
from .tmux import Tmux

REGIONS = [
    "us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "eu-north-1", "eu-central-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ap-northeast-1", "ap-northeast-2", "sa-east-1", "ca-central-1",
]  # fmt: skip
ACCOUNTS = [f"{123456789012 + number}" for number in range(50)]
DENIED, BROKEN = ACCOUNTS[3], ACCOUNTS[29]
SETTINGS = ("--maximum-retry-attempts", 1)
HINT = "the credentials need lambda:"


def write_lanes(bulkeic: Bulkeic, accounts: list[str] = ACCOUNTS) -> None:
    rows = [f"orders,{account},{region}" for account in accounts for region in REGIONS]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))


def faults() -> dict[str, object]:
    """One account is denied everything, and one is broken in half of its Regions."""
    denied = {f"{DENIED}/{region}": {"refuse": 1} for region in REGIONS}
    broken = {f"{BROKEN}/{region}": {"error": 1} for region in REGIONS[::2]}
    return {"lanes": denied | broken}


def flags(server: Server, *more: object) -> tuple[object, ...]:
    return (
        "--endpoint-url", server.url, "--role-arn", ROLE, "--rate", "unlimited",
        "--max-attempts", 1, "--log-level", "error", *more,
    )  # fmt: skip


def position(screen: list[str], text: str) -> int:
    """The row that a text is in."""
    found = [at for at, row in enumerate(screen) if text in row]
    assert found, (text, screen)
    return found[0]


def check_last_screen(screen: list[str], width: int, first: str, next_step: str) -> None:
    """What happened, the errors with what to do, the worst accounts, and what to type next."""
    assert len(screen) < 24
    screen = screen[position(screen, first) :]  # a resize may leave rows of the progress above
    parts = (
        first,
        "  error  ",
        "  AccessDenied",
        HINT,
        "  account  ",
        f"  {DENIED} ",
        "run file",
        next_step,
    )
    found = [position(screen, part) for part in parts]
    assert found == sorted(found)
    assert max(map(len, screen)) <= width


@pytest.mark.parametrize("width", [60, 80])
def test_the_last_screen_of_800_lanes(bulkeic: Bulkeic, server: Server, width: int) -> None:
    write_lanes(bulkeic)
    server.window("faults", faults(), "PUT")
    with Tmux(bulkeic, width, 24) as terminal:
        command = ("apply", "targets.csv", "--yes", "--run", "run.db", *SETTINGS)
        terminal.start(*command, *flags(server, "--no-before-image"))
        terminal.wait_for(" of 800 lanes done")
        screen = terminal.last_screen()

    check_last_screen(
        screen, width, "800 targets: 776 updated, 16 failed, 8 unknown", "retry with: bulkeic"
    )
    assert BROKEN in "".join(screen)
    assert not any("lanes done" in row for row in screen)


@pytest.mark.parametrize("halts", [True, False])
def test_the_last_screen_of_a_run_that_stops_early(
    bulkeic: Bulkeic, sandbox: Callable[..., Server], *, halts: bool
) -> None:
    scenario = bulkeic.write("scenario.json", json.dumps(faults()))
    server = sandbox("--rate", "unlimited", "--scenario", scenario, "--latency", "200ms")
    write_lanes(bulkeic, ACCOUNTS[3:13])
    with Tmux(bulkeic, 80, 24) as terminal:
        halting = ("--max-failures", 3, "--notify", "exec <&-; exit 3")
        more = halting if halts else ("--concurrency", 4)
        command = ("apply", "targets.csv", "--yes", "--run", "run.db", *SETTINGS)
        terminal.start(*command, *flags(server, *more))
        if not halts:
            terminal.wait_for("with failures")
            for size in ((60, 30), (80, 24)):
                terminal.resize(*size)
                terminal.wait_for_change(" lanes done, ")
            terminal.press("C-c")
        screen = terminal.last_screen()

    check_last_screen(screen, 80, "160 targets: ", "resume with: bulkeic apply run.db")
    reason = "3 failed, the maximum allowed" if halts else "interrupted"
    assert f"stopped: {reason}" in screen
    assert any("--notify: the command failed" in row for row in screen) is halts
    assert " pending" in screen[position(screen, "160 targets: ")]


def test_the_last_screens_of_plan_verify_and_report(bulkeic: Bulkeic, server: Server) -> None:
    write_lanes(bulkeic, ACCOUNTS[:10])
    server.window("faults", faults(), "PUT")
    for command, first, last in (
        (("plan", "targets.csv", "--run", "plan.db", *SETTINGS), "plan: 144", "apply with"),
        (("report", "plan.db"), "plan: 144", "apply with"),
    ):
        given = () if command[0] == "report" else flags(server)
        with Tmux(bulkeic, 80, 24) as terminal:
            terminal.start(*command, *given)
            screen = terminal.last_screen()
        at = position(screen, first)
        check_last_screen(screen[at:], 80, first, last)


EVERY_LANE = [f"{account}/{region}" for account in ACCOUNTS[:5] for region in REGIONS]


def test_more_than_20_lanes_are_shown_by_account_and_in_full_with_verbose(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_lanes(bulkeic, ACCOUNTS[:5])
    server.window("faults", faults(), "PUT")
    command = ("apply", "targets.csv", "--yes", *SETTINGS, *flags(server, "--no-before-image"))

    short = bulkeic(*command, "--run", "short.db")
    full = bulkeic(*command, "--run", "full.db", "-v")
    report = bulkeic("report", "full.db", "--verbose")

    assert [short.code, full.code, report.code] == [1, 1, 0]
    assert "\x1b" not in short.err + full.err + report.out
    row = next(line for line in short.lines if line.startswith(f"  {DENIED}"))
    assert row.split() == [DENIED, "16", "16", "16", "0", "0"]
    assert "    for example targets.csv:50 orders: User: " in short.err
    assert not any(f"  {lane}  " in short.err for lane in EVERY_LANE)
    for text in (full.err, report.out):
        assert all(f"  {lane}  " in text for lane in EVERY_LANE)
        assert text.count("(request id ") == 5
    assert "    80 calls, 0 throttled, " in report.out


def test_verify_shows_every_lane_and_more_examples_with_verbose(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_lanes(bulkeic, ACCOUNTS[:5])
    server.window("faults", faults(), "PUT")
    result = bulkeic("verify", "targets.csv", *SETTINGS, *flags(server), "-v")
    assert all(f"  {lane}  " in result.err for lane in EVERY_LANE)
    denied = [line for line in result.lines if "is not authorized" in line]
    assert len(denied) == 5
    assert all("(request id " in line for line in denied)


def test_the_progress_of_verify_does_not_overwrite_the_drift(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,eu-west-1\nc,eu-west-1\n")
    given = ("targets.csv", *flags(server))
    assert bulkeic("apply", *given, "--yes", "--maximum-retry-attempts", 0).code == 0
    with Tmux(bulkeic, 120, 24) as terminal:
        terminal.start("verify", *given, *SETTINGS)
        screen = terminal.last_screen()
    for place in ("us-east-1:123456789012:function:a", "eu-west-1:123456789012:function:b"):
        at = position(screen, f"~ arn:aws:lambda:{place}:$LATEST  (targets.csv:")
        assert screen[at].startswith("~ ")
        assert screen[at + 1] == "    ~ MaximumRetryAttempts: 0 -> 1"
    assert not any("lanes done" in row for row in screen)


@contextmanager
def on_terminal(bulkeic: Bulkeic, *words: object, **env: str) -> Iterator[list[str]]:
    """What a command writes on a terminal that is 80 x 24, unless it sets the size."""
    ours, theirs = pty.openpty()
    process = bulkeic.start(*words, stderr=theirs, env={"TERM": "xterm", **env})
    os.close(theirs)
    data = b""
    try:
        while piece := os.read(ours, 65536):
            data += piece
    except OSError:  # the other end of the terminal is closed
        pass
    os.close(ours)
    process.wait(20)
    process.communicate()
    yield data.decode().splitlines()


@pytest.mark.parametrize(
    ("more", "env", "colored", "moves"),
    [
        ((), {}, True, True),
        (("--no-progress",), {}, True, False),
        ((), {"NO_COLOR": "1"}, False, True),
        ((), {"TERM": "dumb"}, False, False),
        (("--no-progress",), {"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True, False),
    ],
)
def test_a_terminal_gets_what_it_can_show(
    bulkeic: Bulkeic, more: tuple[str, ...], env: dict[str, str], *, colored: bool, moves: bool
) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,eu-west-1\n")
    command = ("apply", "targets.csv", "--sandbox", *SETTINGS, *more)
    with on_terminal(bulkeic, *command, **env) as lines:
        result = next(line for line in lines if "2 targets: " in line)
        text = "\n".join(lines)
    assert ("\x1b[32m2 updated\x1b[0m" in result) is colored
    assert ("of 2 lanes done" in text) is moves


def test_a_terminal_without_stdout(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,eu-west-1\n")
    command = ("apply", "targets.csv", "--yes", "--sandbox", "--run", "run.db", *SETTINGS)
    with Tmux(bulkeic, 80, 24) as terminal:
        terminal.start(*command, more=">&-")
        screen = terminal.last_screen()
    assert "2 targets: 2 updated" in screen


def test_nothing_but_text_without_a_terminal(bulkeic: Bulkeic, tmp_path: Path) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,eu-west-1\n")
    result = bulkeic("apply", "targets.csv", "--sandbox", *SETTINGS, "--run", tmp_path / "r.db")
    report = bulkeic("report", tmp_path / "r.db")
    assert "2 targets: 2 updated" in result.lines
    assert "\x1b" not in result.err + report.out
