"""Windows: a run starts no call before its window opens, and has none in flight when it closes."""

import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import (
    REGIONS,
    exported,
    line_with,
    load,
    resume,
    terminal,
    words,
    write_rows,
)

Start = Callable[..., Server]


def utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")


def start_of(outcome: dict[str, str]) -> float:
    return datetime.fromisoformat(outcome["started_at"]).timestamp()


def test_a_run_stops_before_its_window_closes_and_is_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 200)
    until = time.time() + 4
    pace = ("--rate", 20, "--burst", 1, "--timeout", 1)

    stopped = bulkeic(*words(server, "--yes", *pace, "--until", utc(until)))

    ended = time.time()
    assert stopped.code == 3, stopped.err
    assert ended < until + 20
    assert "stopped: the window ends (--until)" in stopped.lines
    assert any("the forecast does not fit in the window" in line for line in stopped.lines)
    outcomes = exported(bulkeic)
    assert 0 < len(outcomes) < 150
    assert all(start_of(each) <= until - 1 for each in outcomes)
    assert stopped.lines[-1].startswith("resume with: bulkeic apply run.db")
    assert "--until" not in stopped.lines[-1]

    resumed = bulkeic(*resume(server, "--yes", "--until", "1h"))

    assert resumed.code == 0, resumed.err
    assert "does not fit" not in resumed.err
    assert server.calls() == 200


def test_a_run_starts_no_call_before_its_window_opens(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    opens = time.time() + 1.5

    result = bulkeic(*words(server, "--yes", "--not-before", utc(opens), "--until", "1h"))

    assert result.code == 0, result.err
    shown = datetime.fromtimestamp(opens, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert any(line.startswith(f"waiting until {shown}, for ") for line in result.lines)
    assert all(start_of(each) >= opens - 0.001 for each in exported(bulkeic))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_the_wait_for_a_window(bulkeic: Bulkeic, server: Server, number: int) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(*words(server, "--yes", "--not-before", "2h"))
    line_with(process, "(--not-before); Ctrl-C stops")
    process.send_signal(number)
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "stopped: interrupted" in err
    assert server.calls() == 0
    assert bulkeic(*err.splitlines()[-1].split()[3:]).code == 0
    assert server.calls() == 4


def test_a_plan_that_waited_in_vain_is_still_to_be_applied(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    planned = bulkeic("plan", *words(server)[1:])
    process = bulkeic.start(*resume(server, "--yes", "--not-before", "2h"))
    line_with(process, "(--not-before); Ctrl-C stops")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)

    assert (planned.code, process.returncode) == (0, 3), err
    assert err.splitlines()[-1].startswith("apply with: bulkeic apply run.db ")


def test_a_plan_is_old_when_the_window_opens(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    load(server, {f"fn-{number}": {"MaximumRetryAttempts": number % 2} for number in range(4)})
    planned = bulkeic("plan", *words(server)[1:])
    process = bulkeic.start(*resume(server, "--yes", "--not-before", "2h"))
    line_with(process, "2 targets had nothing to change when the plan was made")
    line_with(process, "(--not-before); Ctrl-C stops")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert (planned.code, process.returncode) == (0, 3)


def test_a_gate_that_holds_does_not_hold_beyond_the_window(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    gate = ("--gate", "exit 75", "--gate-interval", "1h", "--waves", "50%,100%")

    result = bulkeic(*words(server, "--yes", *gate, "--timeout", 1, "--until", "3s"))

    assert result.code == 3, result.err
    assert "stopped: the window ends (--until)" in result.lines
    assert server.calls() == 2


def test_a_question_between_waves_ends_with_the_window(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    flags = ("--waves", "50%,100%", "--timeout", 1, "--until", "5s")
    with terminal(bulkeic, *words(server, *flags)) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        screen.wait_for("continue with the next wave? [y/N] ")
        assert screen.end() == 3, screen.screen

    assert "stopped: the window ends (--until)" in screen.screen
    assert server.calls() == 2


def test_the_waits_between_waves_belong_to_the_forecast(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    process = bulkeic.start(
        *words(server, "--yes", "--waves", "1,100%", "--bake", "2h", "--until", "1h")
    )
    line_with(process, "the forecast does not fit in the window: the run stops before ")
    line_with(process, "wave 1 of 2: bakes for ")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 3


def test_the_waits_after_waves_that_are_done_do_not(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 3)
    halted = bulkeic(*words(server, "--yes", "--waves", "1,2,100%", "--gate", "exit 1"))
    waits = ("--wave-pause", "2h", "--until", "1h")

    stopped = bulkeic.start(*resume(server, "--yes", *waits))
    line_with(stopped, "the forecast does not fit in the window")
    line_with(stopped, "the next wave starts in ")
    stopped.send_signal(signal.SIGINT)
    stopped.communicate(timeout=20)
    resumed = bulkeic(*resume(server, "--yes", *waits))

    assert (halted.code, stopped.returncode, resumed.code) == (3, 3, 0), resumed.err
    assert "does not fit" not in resumed.err


def test_a_rollback_has_a_window_too(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, REGIONS[:1], 4)
    done = bulkeic(*words(server, "--yes"))
    back = ("rollback", "run.db", "--endpoint-url", server.url, "--run", "back.db", "--yes")

    refused = bulkeic(*back, "--plan", "--until", "2h")
    process = bulkeic.start(*back, "--not-before", "2h")
    line_with(process, "(--not-before); Ctrl-C stops")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert (done.code, refused.code, process.returncode) == (0, 2, 3)
    assert refused.lines == ["bulkeic: --until does not go with --plan, which changes nothing"]
    assert server.calls("PutFunctionEventInvokeConfig") == 0


WRONG = {
    ("--until", "2020-01-01T00:00Z"): "bulkeic: --until 2020-01-01T00:00Z has passed; expected a",
    ("--until", "5s"): "bulkeic: --until 5s leaves 5 s, and a call may take 10 s (--timeout)",
    ("--until", "tomorrow"): "Error: Invalid value for '--until': 'tomorrow' is not a time;",
    ("--not-before", "18:00"): "Error: Invalid value for '--not-before': '18:00' is not a time;",
    ("--not-before", "2100-01-02T00:00Z", "--until", "2100-01-01T00:00Z"): (
        "bulkeic: --until 2100-01-01T00:00Z is not after --not-before 2100-01-02T00:00Z"
    ),
}


@pytest.mark.parametrize("flags", WRONG)
def test_invalid_windows_are_refused_in_one_line(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    write_rows(bulkeic, REGIONS[:1], 2)

    result = bulkeic(*words(server, "--yes", *flags))

    assert result.code == 2
    assert result.lines[-1].startswith(WRONG[flags])
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "run.db").exists()
