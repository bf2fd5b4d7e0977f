"""Another emulator with inexact responses: text/html, LastModified in ISO, no merging.

It keeps a function's first configuration for ever, so that none has one here before; and an Update
makes one, as it does not on AWS.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, SECRET, Bulkeic, Server
from .fleet import OTHERS, ROLE, by_account
from .moto_process import MotoClients, function_settings, running_moto

WITHOUT_A_VALUE = {"Metrics", "StateReasonData"}
CHANGING = {
    "AlarmConfigurationUpdatedTimestamp",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
}
NAMES = ("orders", "billing", "mail")


@pytest.fixture(scope="module")
def clients() -> Iterator[MotoClients]:
    with running_moto() as url, ExitStack() as stack:
        yield MotoClients(url, stack)


@pytest.fixture
def moto(clients: MotoClients) -> str:
    return clients.url


def make_functions(clients: MotoClients, **keys: str) -> Any:
    """Creates the functions in the account of some keys: its Lambda client."""
    functions = clients.client("lambda", **keys)
    role = clients.execution_role(**keys)
    for name in NAMES:
        functions.create_function(**function_settings(name, role))
    return functions


@pytest.fixture(scope="module")
def functions(clients: MotoClients) -> Any:
    return make_functions(clients)


@pytest.fixture(scope="module")
def of_others(clients: MotoClients) -> dict[str, Any]:
    """Lambda clients of other accounts that also have the functions, by account id."""
    return {account: make_functions(clients, **clients.keys(account)) for account in OTHERS}


def test_a_fleet_of_moto_is_updated(bulkeic: Bulkeic, moto: str, functions: Any) -> None:
    queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
    rows = [
        "FunctionName,MaximumRetryAttempts,OnFailure",
        f"orders,1,{queue}",
        f"{ACCOUNT}:function:billing,0,",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:mail,2,none",
        "gone,2,",
    ]
    bulkeic.write("targets.csv", "\n".join(rows))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", moto, "--results", "r.jsonl",
        "--output", "json", "--create-missing", "--no-before-image",
    )  # fmt: skip

    assert result.code == 1, result.err
    counts = [result.summary[name] for name in ("updated", "created", "failed")]
    assert counts == [1, 2, 1]
    assert result.summary["errors"] == {"ResourceNotFoundException": 1}
    outcomes = {outcome["function_name"]: outcome for outcome in bulkeic.outcomes("r.jsonl")}
    assert outcomes["orders"]["config"]["LastModified"].endswith("Z")
    answer = functions.get_function_event_invoke_config(FunctionName="orders")
    assert answer["MaximumRetryAttempts"] == 1
    assert answer["DestinationConfig"]["OnFailure"] == {"Destination": queue}


def test_each_account_of_moto_is_updated_with_its_role(
    bulkeic: Bulkeic, moto: str, of_others: dict[str, Any]
) -> None:
    rows = [f"{name},{account}" for account in OTHERS for name in (*NAMES, "gone")]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId", *rows]))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", moto, "--results", "r.jsonl",
        "--output", "json", "--create-missing", "--role-arn", ROLE,
        "--maximum-event-age-in-seconds", 77, "--on-failure",
        "arn:aws:sqs:{region}:{account}:{function}-dead",
    )  # fmt: skip

    assert result.code == 1, result.err
    assert (result.summary["created"], result.summary["failed"]) == (6, 2)
    assert result.summary["errors"] == {"ResourceNotFoundException": 2}
    assert by_account(bulkeic) == {account: {"created", "failed"} for account in OTHERS}
    for account, functions in of_others.items():
        for name in NAMES:
            answer = functions.get_function_event_invoke_config(FunctionName=name)
            assert f":{account}:function:{name}" in answer["FunctionArn"]
            assert answer["MaximumEventAgeInSeconds"] == 77
            dead = f"arn:aws:sqs:{REGION}:{account}:{name}-dead"
            assert answer["DestinationConfig"]["OnFailure"] == {"Destination": dead}


def test_alarms_of_the_sandbox_are_described_as_those_of_moto(
    clients: MotoClients, server: Server
) -> None:
    sandbox = {"aws_access_key_id": f"AKIA{ACCOUNT}", "aws_secret_access_key": SECRET}
    ours = clients.client("cloudwatch", endpoint_url=server.url, **sandbox)
    described = []
    for client in (ours, clients.client("cloudwatch")):
        client.put_metric_alarm(
            AlarmName="errors",
            MetricName="Errors",
            Namespace="AWS/Lambda",
            Statistic="Sum",
            Dimensions=[{"Name": "FunctionName", "Value": "orders"}],
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.5,
            ComparisonOperator="GreaterThanThreshold",
        )
        client.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="rehearsal")
        described += client.describe_alarms(AlarmNames=["errors"])["MetricAlarms"]
    alarm, of_moto = described
    differing = {name for name, value in alarm.items() if of_moto.get(name) != value}
    assert differing <= CHANGING, (alarm, of_moto)
    assert all(isinstance(alarm[name], datetime) for name in differing)
    # moto sends fields without a value, which AWS leaves out.
    assert set(of_moto) - set(alarm) <= WITHOUT_A_VALUE, (alarm, of_moto)
