"""``--change-calendar``: a run waits until its calendar is open."""

import json
import signal
from collections.abc import Iterator

import pytest

from tests.monitoring_server import MonitoringServer

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import line_with, write_rows
from .test_alarms import decisions, environment, lambda_calls, words

CALENDAR = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/freeze"
OPEN = {"State": "OPEN"}
DUE = {"State": "CLOSED", "NextTransitionTime": "2026-11-01T12:00:00Z"}
CLOSED = {"State": "CLOSED", "NextTransitionTime": "2999-11-27T18:00:00Z"}


@pytest.fixture
def monitoring() -> Iterator[MonitoringServer]:
    with MonitoringServer().serve() as server:
        yield server


def test_a_closed_calendar_holds_until_it_opens(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.calendar = [DUE, DUE, OPEN]
    write_rows(bulkeic, [REGION], 2)
    flags = ("--change-calendar", CALENDAR, "--waves", "1,100%")

    result = bulkeic(*words(*flags), **environment(server, monitoring.url))

    assert result.code == 0, result.err
    until = "the calendar is CLOSED until 2026-11-01T12:00:00Z; asked again in 1 s; Ctrl-C stops"
    assert f"wave 1 of 2 holds: {until}" in result.lines
    assert "wave 1 of 2 continues: the calendar is OPEN" in result.lines
    assert monitoring.calendar_asked == [[CALENDAR]] * 4
    assert decisions(bulkeic) == [
        (1, "calendar", "continue", 1, CALENDAR), (2, "calendar", "continue", 0, CALENDAR)
    ]  # fmt: skip
    text = bulkeic("report", "run.db", "--markdown", "report.md").out
    assert "  calendar of wave 1, asked" in text
    assert CALENDAR in (bulkeic.folder / "report.md").read_text()


def test_a_closed_calendar_is_left_by_ctrl_c_and_by_the_end_of_the_window(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.calendar = [CLOSED]
    write_rows(bulkeic, [REGION], 1)
    env = environment(server, monitoring.url)
    process = bulkeic.start(*words("--change-calendar", CALENDAR, "--output", "json"), env=env)
    line = line_with(process, "holds")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    resume = json.loads(out)["next"]["resume"].split()[1:]
    late = bulkeic(*resume, "--until", "2s", "--timeout", 1, **env)

    assert (process.returncode, late.code) == (3, 3), err + late.err
    assert "the run holds: the calendar is CLOSED until 2999-11-27T18:00:00Z; " in line
    assert "asked again in 60 s" in line or "asked again in 1 min" in line
    assert "stopped: the window ends (--until)" in late.lines
    assert lambda_calls(server) == 0


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("InvalidDocument", "InvalidDocument: Systems Manager GetCalendarState: "),
        ({"State": "SHUT"}, "AnswerMismatch: "),
    ],
)
def test_a_calendar_that_cannot_be_read_starts_nothing(
    bulkeic: Bulkeic,
    server: Server,
    monitoring: MonitoringServer,
    answer: object,
    problem: str,
) -> None:
    monitoring.refusal = answer if isinstance(answer, str) else None
    monitoring.calendar = [answer]
    write_rows(bulkeic, [REGION], 1)

    result = bulkeic(*words("--change-calendar", CALENDAR), **environment(server, monitoring.url))

    assert result.code == 2
    assert result.lines[-1].startswith(f"bulkeic: --change-calendar: {problem}")
    assert lambda_calls(server) == 0
