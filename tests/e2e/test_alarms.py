"""``--alarm``: alarms that stop a run, hold it between waves, or do not let it start."""

import json
import shlex
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.documented_policies import allowed
from tests.monitoring_server import MonitoringServer

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, ROLE
from .moto_process import MotoClients, running_moto
from .rollout_helpers import REGIONS, line_with, load, rows, states, until, write_rows

FAST = ("--alarm-interval", 0.2)
WAIT = "touch asked; while ! test -e go; do sleep 0.02; done"


@pytest.fixture
def monitoring() -> Iterator[MonitoringServer]:
    with MonitoringServer().serve() as server:
        yield server


def environment(server: Server, monitoring: str) -> dict[str, str]:
    """Endpoints: Lambda and STS of the sandbox, the other services of another server."""
    at = {"LAMBDA": server.url, "STS": server.url, "CLOUDWATCH": monitoring, "SSM": monitoring}
    return {f"AWS_ENDPOINT_URL_{service}": url for service, url in at.items()}


def words(*more: object) -> tuple[object, ...]:
    return (
        "apply", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1, "--yes", *more,
    )  # fmt: skip


def lambda_calls(server: Server) -> int:
    return sum(
        number
        for operation, number in server.stats()["by_operation"].items()
        if operation.endswith("Config")
    )


def decisions(bulkeic: Bulkeic) -> list[tuple[Any, ...]]:
    columns = "wave, kind, decision, asks > 1, name"
    return rows(bulkeic.folder / "run.db", f"SELECT {columns} FROM gate ORDER BY id")


def test_an_alarm_that_is_set_in_wave_two_of_four_stops_it_and_rolls_back(
    bulkeic: Bulkeic, server: Server
) -> None:
    configs = {f"fn-{at}": {"MaximumEventAgeInSeconds": 600 + at} for at in range(100)}
    load(server, dict(configs))
    before = states(server)
    write_rows(bulkeic, [REGION], 100)
    waves = ("--waves", "1,80%,90%,100%", "--rate", 20, "--burst", 1, "--concurrency", 2)
    alarm = ("--alarm", "errors-{region}", *FAST, "--on-halt", "rollback", "--output", "json")

    with running_moto() as moto, ExitStack() as stack:
        cloudwatch = MotoClients(moto, stack).client("cloudwatch")
        name = f"errors-{REGION}"
        cloudwatch.put_metric_alarm(
            AlarmName=name, Namespace="AWS/Lambda", MetricName="Errors", Period=60, Threshold=1,
            EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", Statistic="Sum",
        )  # fmt: skip
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
        process = bulkeic.start(*words(*waves, *alarm), env=environment(server, moto))
        until(lambda: server.calls() >= 3, "wave 2 works")
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
        out, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    summary = json.loads(out)
    assert (summary["halted"], summary["exit_code"]) == ("alarm", 3)
    assert summary["updated"] == summary["rollback"]["updated"] == server.calls() < 80
    assert states(server) == before
    place = f"alarm '{name}' of {ACCOUNT}/{REGION} is in ALARM"
    assert f"stopped: halted by an alarm: {place}, while wave 2 worked" in err.splitlines()
    assert "halted (alarm): rolling back, the last wave first" in err.splitlines()
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"
    assert decisions(bulkeic) == [
        (1, "alarm", "continue", 0, arn), (2, "alarm", "continue", 0, arn),
        (2, "alarm", "halt", 0, arn),
    ]  # fmt: skip


def test_insufficient_data_holds_until_it_is_ok(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.alarms, monitoring.composite = {"errors": "OK"}, {"all": "INSUFFICIENT_DATA"}
    write_rows(bulkeic, REGIONS[:2], 2)
    env = environment(server, monitoring.url)
    flags = ("--alarm", "errors", "--alarm", "all", *FAST, "--waves", "50%,100%")

    held = bulkeic.start(*words(*flags), env=env)
    line = line_with(held, "holds")
    held.send_signal(signal.SIGINT)
    _, err = held.communicate(timeout=30)

    assert held.returncode == 3, err
    assert line == (
        "wave 1 of 2 holds: 2 alarms in 2 lanes are INSUFFICIENT_DATA, for example 'all' of "
        f"{ACCOUNT}/{REGIONS[0]}; asked again in 1 s; Ctrl-C stops\n"
    )
    assert lambda_calls(server) == 0
    assert set(monitoring.asked) == {(region, ACCOUNT) for region in REGIONS[:2]}

    resumed = bulkeic.start(*shlex.split(err.splitlines()[-1])[3:], env=env)
    line_with(resumed, "holds")
    monitoring.composite = {"all": "OK"}
    _, err = resumed.communicate(timeout=30)

    assert resumed.returncode == 0, err
    assert "wave 1 of 2 continues: 4 alarms in 2 lanes are OK" in err
    found = [each[:4] for each in decisions(bulkeic)]
    assert found[0][:3] == (1, "alarm", "hold")
    assert found[1:] == [(1, "alarm", "continue", 1), (2, "alarm", "continue", 0)]
    report = json.loads(bulkeic("report", "run.db", "--json").out)
    assert [each["kind"] for each in report["gates"]] == ["alarm"] * 3


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, f"alarm 'errors' of {ACCOUNT}/{REGION} is missing; create it"),
        ({"errors": "ALARM"}, f"alarm 'errors' of {ACCOUNT}/{REGION} is in ALARM; start"),
        ("AccessDeniedException", f"the alarms of {ACCOUNT}/{REGION} cannot be read: Acc"),
        ({"errors": "Fine"}, f"the alarms of {ACCOUNT}/{REGION} cannot be read: Answer"),
    ],
)
def test_a_run_does_not_start_with_an_alarm_that_is_not_known_to_be_fine(
    bulkeic: Bulkeic,
    server: Server,
    monitoring: MonitoringServer,
    answer: Any,
    problem: str,
) -> None:
    if isinstance(answer, str):
        monitoring.refusal = answer
    else:
        monitoring.alarms = answer
    write_rows(bulkeic, [REGION], 2)

    result = bulkeic(*words("--alarm", "errors"), **environment(server, monitoring.url))

    assert result.code == 2, result.err
    assert result.lines[-1].startswith(f"bulkeic: --alarm: {problem}")
    assert "; nothing was sent; resume with: bulkeic apply run.db " in result.lines[-1]
    assert lambda_calls(server) == 0
    assert decisions(bulkeic) == []


def test_a_run_without_waves_is_stopped_and_asks_afresh_when_it_is_resumed(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.alarms = {"errors": "OK"}
    write_rows(bulkeic, [REGION], 100)
    env = environment(server, monitoring.url)
    process = bulkeic.start(*words("--alarm", "errors", *FAST, "--rate", 20, "--burst", 1), env=env)
    until(lambda: server.calls() >= 2, "the run works")
    monitoring.alarms = {"errors": "ALARM"}
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3, err
    assert "is in ALARM, while the run worked" in err
    command = shlex.split(err.splitlines()[-1])[3:]
    calls = lambda_calls(server)
    refused = bulkeic(*command, **env)
    monitoring.alarms = {"errors": "OK"}
    done = bulkeic(*command, "--rate", "unlimited", **env)

    assert (refused.code, done.code) == (2, 0), refused.err + done.err
    assert 2 * 2 <= calls < 200
    assert server.calls() == 100


def test_alarms_that_cannot_be_read_hold_between_waves(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.alarms = {"errors": "OK"}
    write_rows(bulkeic, [REGION], 2)
    flags = ("--alarm", "errors", *FAST, "--waves", "1,100%", "--gate", WAIT)
    process = bulkeic.start(*words(*flags), env=environment(server, monitoring.url))
    until((bulkeic.folder / "asked").exists, "the gate is asked")
    monitoring.refusal = "AccessDeniedException"
    (bulkeic.folder / "go").touch()
    line = line_with(process, "holds")
    calls = server.calls()
    monitoring.refusal = None
    _, err = process.communicate(timeout=30)

    assert (process.returncode, calls, server.calls()) == (0, 1, 2), err
    assert "wave 2 of 2 holds: the alarms of" in line
    assert "cloudwatch:DescribeAlarms" in line


def test_an_alarm_halts_a_run_while_its_last_wave_bakes(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    monitoring.alarms = {"errors": "OK"}
    write_rows(bulkeic, [REGION], 2)
    flags = ("--alarm", "errors", *FAST, "--waves", "100%", "--bake", "1h")
    back = ("--on-halt", "rollback")
    process = bulkeic.start(*words(*flags, *back), env=environment(server, monitoring.url))
    line_with(process, "bakes")
    monitoring.alarms = {"errors": "ALARM"}
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert "is in ALARM, after wave 1" in err
    assert err.splitlines()[-1].startswith("rolled back: ")


def test_the_alarms_of_an_account_are_read_with_its_role_and_a_minimal_policy(
    bulkeic: Bulkeic, server: Server, monitoring: MonitoringServer
) -> None:
    bulkeic.write("targets.csv", f"FunctionName,AccountId\nfn,{OTHERS[0]}\n")
    env = environment(server, monitoring.url)
    monitoring.refusal = "AccessDeniedException"
    minimal = ("--session-policy", "minimal", "--role-arn", ROLE)

    denied = bulkeic(*words("--alarm", "errors", *minimal), **env)

    assert denied.code == 2, denied.err
    calls = server.window("live")["last_calls"]
    (session,) = (call["session"] for call in calls if call["operation"] == "AssumeRole")
    assert session["policy"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": sorted(allowed("apply")),
            "Resource": f"arn:aws:lambda:*:{OTHERS[0]}:function:*",
        },
        {"Effect": "Allow", "Action": ["cloudwatch:DescribeAlarms"], "Resource": "*"},
    ]
    monitoring.refusal, monitoring.alarms = None, {f"errors-{OTHERS[0]}": "OK"}
    command = shlex.split(denied.lines[-1].partition("resume with: bulkeic ")[2])
    changed = [word.replace("errors", "errors-{account}") for word in command]
    done = bulkeic(*changed, "--yes", **env)
    assert done.code == 0, done.err
    assert set(monitoring.asked) == {(REGION, OTHERS[0])}


WRONG = {
    ("--alarm", "a{function}"): "expected in braces: account, region, partition",
    ("--alarm-interval", "1s"): "--alarm-interval requires --alarm",
    ("--alarm", "a", "--alarm-interval", "1m"): "expected 0.2s to 30s",
    ("--change-calendar", "freeze"): "expected arn:aws:ssm:",
    ("--alarm", f"arn:aws:cloudwatch:{REGION}:{OTHERS[0]}:alarm:a"): (
        f"--alarm: alarms cannot be read, such as {OTHERS[0]}/{REGION}: account {OTHERS[0]} is not"
    ),
}


@pytest.mark.parametrize("flags", WRONG)
def test_a_wrong_flag_is_one_line(bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]) -> None:
    write_rows(bulkeic, [REGION], 1)

    result = bulkeic(*words(*flags, "--endpoint-url", server.url))

    assert result.code == 2
    assert WRONG[flags] in result.lines[-1]
    assert lambda_calls(server) == 0
