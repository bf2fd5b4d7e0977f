"""CloudWatch: alarms, called by boto3 and aiobotocore."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import aiobotocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.state import sandbox_alarms
from bulkeic.sandbox.state.sandbox_alarms import SandboxAlarms

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error, update_bytes

OTHER = "210987654321"
METRIC: dict[str, Any] = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Dimensions": [{"Name": "FunctionName", "Value": "orders"}],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 2,
    "Threshold": 1.5,
    "ComparisonOperator": "GreaterThanThreshold",
    "AlarmDescription": "too many errors",
    "AlarmActions": [f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"],
}
GIVEN = {"a": "OK", "b": "alarm", "c": "INSUFFICIENT_DATA"}


def states(client: Any, **parameters: Any) -> dict[str, str]:
    pages = client.get_paginator("describe_alarms").paginate(**parameters)
    return {
        alarm["AlarmName"]: alarm["StateValue"]
        for page in pages
        for alarm in page["MetricAlarms"] + page["CompositeAlarms"]
    }


@pytest.fixture(scope="module")
def cloudwatch(sandbox: SandboxThread) -> Any:
    for number in range(7):
        assert sandbox.admin("POST", "alarms", {"name": f"n-{number}", "state": "ok"})[0] == 200
    return sandbox.client(service="cloudwatch", parameter_validation=False)


def test_given_alarms_exist_in_every_lane(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(alarms=GIVEN)
    for account, region in ((ACCOUNT, REGION), (OTHER, "cn-north-1")):
        client = sandbox.client(account, region, "cloudwatch")
        assert states(client) == {"a": "OK", "b": "ALARM", "c": "INSUFFICIENT_DATA"}
        assert states(client, AlarmNames=["b", "nope"]) == {"b": "ALARM"}
        assert states(client, StateValue="OK") == {"a": "OK"}
    china = sandbox.client(OTHER, "cn-north-1", "cloudwatch")
    alarm = china.describe_alarms(AlarmNames=["b"])["MetricAlarms"][0]
    assert alarm["AlarmArn"] == f"arn:aws-cn:cloudwatch:cn-north-1:{OTHER}:alarm:b"
    age = datetime.now(UTC) - alarm["StateUpdatedTimestamp"]
    assert timedelta() <= age < timedelta(hours=1)
    assert sandbox.stats()["by_operation"] == {"DescribeAlarms": 7}
    assert sandbox.stats()["by_lane"] == {}


def test_a_state_is_set_in_one_lane(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(alarms=GIVEN)
    here, there = (sandbox.client(account, service="cloudwatch") for account in (ACCOUNT, OTHER))
    before = here.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]
    here.set_alarm_state(
        AlarmName="a", StateValue="ALARM", StateReason="why", StateReasonData='{"x":1}'
    )
    alarm = here.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "why")
    assert alarm["StateReasonData"] == '{"x":1}'
    assert alarm["StateTransitionedTimestamp"] > before["StateTransitionedTimestamp"]
    assert states(there, AlarmNames=["a"]) == {"a": "OK"}
    # An admin sets it in every lane, or in one.
    assert sandbox.admin("POST", "alarms", {"name": "a", "state": "OK"}) == (200, {})
    assert states(here, AlarmNames=["a"]) == states(there, AlarmNames=["a"]) == {"a": "OK"}
    lane = f"{OTHER}/{REGION}"
    new = {"name": "new", "state": "alarm", "lane": lane, "reason": "test"}
    assert sandbox.admin("POST", "alarms", new) == (200, {})
    assert states(here, AlarmNames=["new"]) == {}
    assert states(there, AlarmNames=["new"]) == {"new": "ALARM"}
    shown = sandbox.admin("GET", "alarms")[1]["alarms"]
    assert {"name": "new", "lane": lane, "state": "ALARM", "reason": "test"} in shown


def test_alarms_are_made_and_deleted(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(alarms=GIVEN)
    client = sandbox.client(service="cloudwatch")
    client.put_metric_alarm(AlarmName="mine", **METRIC)
    client.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a) OR ALARM(mine)")
    alarm = client.describe_alarms(AlarmNamePrefix="mi")["MetricAlarms"][0]
    assert METRIC.items() <= alarm.items()
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert "both" not in states(client)
    found = client.describe_alarms(AlarmTypes=["CompositeAlarm"])
    assert found["MetricAlarms"] == []
    assert found["CompositeAlarms"][0]["AlarmRule"] == "ALARM(a) OR ALARM(mine)"
    assert states(client, ActionPrefix="arn:aws:sns") == {"mine": "INSUFFICIENT_DATA"}
    # An update keeps the state, and replaces the configuration.
    client.set_alarm_state(AlarmName="mine", StateValue="OK", StateReason="fine")
    client.put_metric_alarm(AlarmName="mine", MetricName="Throttles", Namespace="AWS/Lambda")
    alarm = client.describe_alarms(AlarmNames=["mine"])["MetricAlarms"][0]
    assert (alarm["StateValue"], alarm["MetricName"]) == ("OK", "Throttles")
    assert "Threshold" not in alarm
    client.delete_alarms(AlarmNames=["mine", "a", "nope"])
    everything = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    assert list(states(client, **everything)) == ["b", "c", "both"]
    assert "a" in states(sandbox.client(OTHER, service="cloudwatch"))
    assert sandbox.admin("POST", "alarms", {"name": "a", "state": "ALARM"})[0] == 200
    assert states(client, AlarmNames=["a"]) == {"a": "ALARM"}


def test_pages(cloudwatch: Any) -> None:
    page = cloudwatch.describe_alarms(MaxRecords=3)
    assert [alarm["AlarmName"] for alarm in page["MetricAlarms"]] == ["n-0", "n-1", "n-2"]
    whole = states(cloudwatch, PaginationConfig={"PageSize": 3})
    assert list(whole) == [f"n-{number}" for number in range(7)]


@pytest.mark.parametrize(
    ("operation", "parameters", "code", "status"),
    [
        ("describe_alarms", {"AlarmNames": ["x"] * 101}, "ValidationError", 400),
        ("describe_alarms", {"AlarmNames": [""]}, "ValidationError", 400),
        ("describe_alarms", {"AlarmNames": ["\ud800"]}, "ValidationError", 400),
        ("describe_alarms", {"StateValue": "BAD"}, "ValidationError", 400),
        ("describe_alarms", {"AlarmTypes": ["Bad"]}, "ValidationError", 400),
        ("describe_alarms", {"MaxRecords": 101}, "ValidationError", 400),
        ("describe_alarms", {"MaxRecords": 0}, "ValidationError", 400),
        ("describe_alarms", {"NextToken": "Zm4"}, "InvalidNextToken", 400),
        ("describe_alarms", {"ChildrenOfAlarmName": "n-1"}, "InvalidParameterValue", 400),
        (
            "describe_alarms",
            {"AlarmNames": ["n-1"], "AlarmNamePrefix": "n"},
            "InvalidParameterCombination",
            400,
        ),
        ("set_alarm_state", {"AlarmName": "n-1", "StateValue": "OK"}, "ValidationError", 400),
        (
            "set_alarm_state",
            {"AlarmName": "nope", "StateValue": "OK", "StateReason": ""},
            "ResourceNotFound",
            404,
        ),
        (
            "set_alarm_state",
            {"AlarmName": "n-1", "StateValue": "OK", "StateReason": "", "StateReasonData": "{"},
            "InvalidFormat",
            400,
        ),
        ("put_metric_alarm", {"AlarmName": "a\nb"}, "ValidationError", 400),
        (
            "put_metric_alarm",
            {"AlarmName": "x", "Namespace": "x" * 123_000},
            "ValidationError",
            400,
        ),
        ("put_composite_alarm", {"AlarmName": "x"}, "ValidationError", 400),
        (
            "put_composite_alarm",
            {"AlarmName": "n-1", "AlarmRule": "x"},
            "InvalidParameterValue",
            400,
        ),
        ("delete_alarms", {}, "ValidationError", 400),
    ],
)
def test_refusals(
    cloudwatch: Any, operation: str, parameters: dict[str, Any], code: str, status: int
) -> None:
    got = expect_error(getattr(cloudwatch, operation), **parameters)
    assert (got.code, got.status) == (code, status)
    assert got.headers["x-amzn-query-error"] == f"{code};Sender"
    assert got.message


def test_alarms_have_a_limit(cloudwatch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_alarms, "ALARMS_LIMIT", 0)
    got = expect_error(cloudwatch.put_metric_alarm, AlarmName="x", **METRIC)
    assert (got.code, got.status) == ("LimitExceeded", 400)


def test_access_is_denied_as_for_other_services(start_sandbox: StartSandbox) -> None:
    denied = {ACCOUNT: ["cloudwatch:Describe*"]}
    sandbox = start_sandbox(
        alarms=GIVEN,
        accounts=AccountOptions(enabled_regions={"*": [REGION]}, denied_operations=denied),
    )
    got = expect_error(sandbox.client(service="cloudwatch").describe_alarms)
    assert (got.code, got.status) == ("AccessDenied", 403)
    assert f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*" in str(got.message)
    assert states(sandbox.client(OTHER, service="cloudwatch"), AlarmNames=["a"]) == {"a": "OK"}
    elsewhere = sandbox.client(OTHER, "eu-west-1", "cloudwatch")
    got = expect_error(elsewhere.describe_alarms)
    assert (got.code, got.status) == ("InvalidClientTokenId", 403)
    unsigned = sandbox.client(OTHER, service="cloudwatch", secret="wrong")
    assert expect_error(unsigned.describe_alarms).code == "SignatureDoesNotMatch"
    policy = '{"Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]}'
    role = sandbox.client(OTHER, service="cloudwatch", **sandbox.role(account=OTHER, Policy=policy))
    got = expect_error(role.describe_alarms)
    assert got.code == "AccessDenied"
    assert "no session policy allows the cloudwatch:DescribeAlarms action" in str(got.message)


def test_an_alarm_goes_off_after_a_number_of_changes(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(alarms={"late": "ALARM@after=2", "later": "insufficient_data@after=3"})
    sandbox.add_function("fn")
    client = sandbox.client(OTHER, service="cloudwatch")
    assert sandbox.admin("GET", "alarms")[1]["scheduled"] == [
        {"name": "late", "state": "ALARM", "after": 2},
        {"name": "later", "state": "INSUFFICIENT_DATA", "after": 3},
    ]
    sandbox.send_raw(update_bytes("fn"))
    sandbox.send_raw(update_bytes("missing"))
    assert states(client) == {"late": "OK", "later": "OK"}
    sandbox.send_raw(update_bytes("fn"))
    assert states(client) == {"late": "ALARM", "later": "OK"}
    alarm = client.describe_alarms(AlarmNames=["late"])["MetricAlarms"][0]
    assert alarm["StateReason"] == "The sandbox set it after 2 changes."
    # Whoever sets the alarm has the last word.
    client.set_alarm_state(AlarmName="late", StateValue="OK", StateReason="again")
    sandbox.send_raw(update_bytes("fn"))
    assert states(client) == {"late": "OK", "later": "INSUFFICIENT_DATA"}


def test_any_alarm_exists_when_it_is_asked_for(start_sandbox: StartSandbox) -> None:
    client = start_sandbox(any_alarm=True, alarms=GIVEN).client(service="cloudwatch")
    assert states(client, AlarmNames=["b", "x"]) == {"b": "ALARM", "x": "OK"}
    assert list(states(client)) == list(GIVEN)
    client.set_alarm_state(AlarmName="x", StateValue="ALARM", StateReason="")
    assert states(client, AlarmNames=["x"]) == {"x": "ALARM"}
    client.delete_alarms(AlarmNames=["x"])
    assert states(client, AlarmNames=["x"]) == {}


def test_aiobotocore_reads_alarms(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(alarms=GIVEN)

    async def describe() -> Any:
        session = aiobotocore.session.get_session()
        async with session.create_client(
            "cloudwatch",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{sandbox.port}",
            aws_access_key_id=f"AKIA{ACCOUNT}",
            aws_secret_access_key="secret",
        ) as client:
            return await client.describe_alarms(AlarmNames=["b", "nope"])

    alarms = asyncio.run(describe())["MetricAlarms"]
    assert [(alarm["AlarmName"], alarm["StateValue"]) for alarm in alarms] == [("b", "ALARM")]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {"name": "x"},
        {"name": "", "state": "OK"},
        {"name": "x", "state": "BAD"},
        {"name": "x", "state": 1},
        {"name": "x", "state": "OK", "lane": "us-east-1"},
        {"name": "x", "state": "OK", "unknown": ""},
    ],
)
def test_invalid_alarms_are_refused(sandbox: SandboxThread, wrong: Any) -> None:
    status, answer = sandbox.admin("POST", "alarms", wrong)
    assert status == 400
    assert answer["error"]


LANES = (("1", "a"), ("2", "b"))
NAMES = st.sampled_from(["x", "y", "z"])
STEPS = st.lists(
    st.tuples(NAMES, st.sampled_from([*LANES, None]), st.sampled_from([*sandbox_alarms.STATES, ""]))
)


@given(steps=STEPS, any_name=st.booleans())
def test_lanes_behave_like_a_table(
    steps: list[tuple[str, tuple[str, str] | None, str]],
    *,
    any_name: bool,
) -> None:
    """Every lane is a table of its own; "" deletes in a lane."""
    alarms = SandboxAlarms({"x": "OK"}, any_name=any_name, wall_s=0)
    table = {(lane, "x"): "OK" for lane in LANES}
    if any_name:
        table |= {(lane, name): "OK" for lane in LANES for name in "yz"}
    for name, lane, state in steps:
        if state:
            alarms.set_state(name, state, "", 1, lane)
            table |= {(each, name): state for each in LANES if lane in (None, each)}
        elif lane is not None:
            alarms.delete(lane, name)
            table.pop((lane, name), None)
    found = {
        (lane, name): alarm.state
        for lane in LANES
        for name in "xyz"
        if (alarm := alarms.find(lane, name)) is not None
    }
    assert found == table
