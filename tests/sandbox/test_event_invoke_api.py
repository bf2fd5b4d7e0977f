"""Successful calls of the operations on event-invoke configurations, made by boto3."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error, update_bytes

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
NEITHER: dict[str, Any] = {"OnFailure": {}, "OnSuccess": {}}


def settings_of(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in answer.items()
        if key not in ("ResponseMetadata", "LastModified", "FunctionArn")
    }


@pytest.mark.parametrize(
    "form", ["{n}", f"{ARN}{{n}}", f"{ACCOUNT}:function:{{n}}", "function:{n}"]
)
@pytest.mark.parametrize("qualifier", ["$LATEST", "1", "live"])
@pytest.mark.parametrize("where", ["name", "parameter", "both"])
def test_every_form_of_a_function_name_works(
    sandbox: SandboxThread, aws: Any, form: str, qualifier: str, where: str
) -> None:
    sandbox.add_function("forms")
    sandbox.add_function("forms", qualifier)
    name = form.format(n="forms") + ("" if where == "parameter" else f":{qualifier}")
    more = {} if where == "name" else {"Qualifier": qualifier}
    qualified = f"{ARN}forms:{qualifier}"
    updated = aws.update_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, **more
    )
    assert updated["FunctionArn"] == qualified
    put = aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2, **more)
    got = aws.get_function_event_invoke_config(FunctionName=name, **more)
    assert put["FunctionArn"] == got["FunctionArn"] == qualified
    assert (
        settings_of(put)
        == settings_of(got)
        == {"DestinationConfig": NEITHER, "MaximumRetryAttempts": 2}
    )
    listed = aws.list_function_event_invoke_configs(FunctionName=name)
    assert qualified in [config["FunctionArn"] for config in listed["FunctionEventInvokeConfigs"]]
    deleted = aws.delete_function_event_invoke_config(FunctionName=name, **more)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    again = expect_error(aws.delete_function_event_invoke_config, FunctionName=name, **more)
    assert again.status == 404
    aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2, **more)


def test_the_default_qualifier_is_latest(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("plain")
    answer = aws.get_function_event_invoke_config(FunctionName="plain")
    assert answer["FunctionArn"] == f"{ARN}plain:$LATEST"


def test_update_merges_numbers(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("merge")
    aws.put_function_event_invoke_config(FunctionName="merge", MaximumRetryAttempts=0)
    aws.update_function_event_invoke_config(FunctionName="merge", MaximumEventAgeInSeconds=60)
    answer = aws.update_function_event_invoke_config(
        FunctionName="merge", DestinationConfig={"OnFailure": {"Destination": QUEUE}}
    )
    assert settings_of(answer) == {
        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {}},
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": 0,
    }


def test_put_replaces(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("replace")
    both = {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {"Destination": TOPIC}}
    aws.put_function_event_invoke_config(
        FunctionName="replace", MaximumRetryAttempts=1, DestinationConfig=both
    )
    answer = aws.put_function_event_invoke_config(
        FunctionName="replace", MaximumEventAgeInSeconds=21600
    )
    assert settings_of(answer) == {"DestinationConfig": NEITHER, "MaximumEventAgeInSeconds": 21600}


@pytest.mark.parametrize(
    ("reading", "sent", "left"),
    [
        ("replace", {"OnFailure": {"Destination": TOPIC}}, (TOPIC, None)),
        ("merge", {"OnFailure": {"Destination": TOPIC}}, (TOPIC, QUEUE)),
        ("replace", {"OnSuccess": {}}, (None, None)),
        ("merge", {"OnSuccess": {}}, (QUEUE, None)),
        ("replace", {"OnFailure": {"Destination": ""}}, (None, None)),
        ("merge", {"OnFailure": {"Destination": ""}}, (None, QUEUE)),
        ("replace", {}, (None, None)),
        ("merge", {}, (QUEUE, QUEUE)),
    ],
)
def test_update_of_one_destination(
    start_sandbox: StartSandbox, reading: str, sent: Any, left: Any
) -> None:
    sandbox = start_sandbox(merge_destinations=reading == "merge")
    sandbox.add_function("half")
    aws = sandbox.client()
    both = {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {"Destination": QUEUE}}
    aws.put_function_event_invoke_config(FunctionName="half", DestinationConfig=both)
    answer = aws.update_function_event_invoke_config(FunctionName="half", DestinationConfig=sent)
    halves = [{} if arn is None else {"Destination": arn} for arn in left]
    assert answer["DestinationConfig"] == {"OnFailure": halves[0], "OnSuccess": halves[1]}


@pytest.mark.parametrize(
    "destination",
    [
        QUEUE,
        TOPIC,
        f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/bus",
        "arn:aws:s3:::bucket",
        f"{ARN}target",
        f"{ARN}target:live",
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:over-there",
    ],
)
def test_valid_destinations(sandbox: SandboxThread, aws: Any, destination: str) -> None:
    sandbox.add_function("source")
    sandbox.add_function("target", "live")
    config = {"OnFailure": {"Destination": destination}}
    answer = aws.update_function_event_invoke_config(
        FunctionName="source", DestinationConfig=config
    )
    assert answer["DestinationConfig"]["OnFailure"] == {"Destination": destination}


def test_last_modified_has_three_decimals(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("dated")
    answer = aws.update_function_event_invoke_config(FunctionName="dated", MaximumRetryAttempts=1)
    assert abs(datetime.now(UTC) - answer["LastModified"]) < timedelta(minutes=1)
    raw = sandbox.send_raw(update_bytes("dated"))
    number = raw.split(b'"LastModified":')[1].split(b",")[0]
    assert number.partition(b".")[0].isdigit()
    assert len(number.partition(b".")[2]) == 3


def test_versions_and_aliases_have_their_own_configurations(
    sandbox: SandboxThread, aws: Any
) -> None:
    for qualifier in ("$LATEST", "1", "live"):
        sandbox.add_function("many", qualifier)
    aws.update_function_event_invoke_config(
        FunctionName="many", Qualifier="live", MaximumRetryAttempts=0
    )
    aws.delete_function_event_invoke_config(FunctionName="many:1")
    listed = aws.list_function_event_invoke_configs(FunctionName="many")
    assert "NextMarker" not in listed
    assert [
        (config["FunctionArn"], config["MaximumRetryAttempts"])
        for config in listed["FunctionEventInvokeConfigs"]
    ] == [(f"{ARN}many:$LATEST", 2), (f"{ARN}many:live", 0)]


def test_list_comes_in_pages(sandbox: SandboxThread, aws: Any) -> None:
    for version in range(1, 60):
        sandbox.add_function("pages", str(version))
    pages = list(
        aws.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="pages")
    )
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [50, 9]
    small = aws.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName="pages", PaginationConfig={"PageSize": 7}
    )
    arns = [
        config["FunctionArn"] for page in small for config in page["FunctionEventInvokeConfigs"]
    ]
    assert sorted(arns) == sorted(f"{ARN}pages:{version}" for version in range(1, 60))


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_lanes_are_separate(sandbox: SandboxThread, region: str, partition: str) -> None:
    function = {"account_id": "222222222222", "region": region, "function_name": "lane"}
    sandbox.admin("POST", "hold", [function])
    answer = sandbox.client("222222222222", region).get_function_event_invoke_config(
        FunctionName="lane"
    )
    arn = f"arn:{partition}:lambda:{region}:222222222222:function:lane:$LATEST"
    assert answer["FunctionArn"] == arn
    for account, other in (("333333333333", region), ("222222222222", "us-west-2")):
        call = sandbox.client(account, other).update_function_event_invoke_config
        assert expect_error(call, FunctionName="lane", MaximumRetryAttempts=1).status == 404


def test_a_key_without_an_account_has_the_default_account(sandbox: SandboxThread) -> None:
    sandbox.add_function("default")
    raw = sandbox.send_raw(update_bytes("default", key="AKIDEXAMPLE"))
    assert f"{ARN}default:$LATEST".encode() in raw


def test_any_function_exists_until_its_configuration_is_deleted(
    start_sandbox: StartSandbox,
) -> None:
    aws = start_sandbox(any_function=True).client()
    for name in ("anything", "some:alias", f"{ARN}else:7"):
        answer = aws.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
        assert answer["MaximumEventAgeInSeconds"] == 21600
        aws.delete_function_event_invoke_config(FunctionName=name)
        assert expect_error(aws.get_function_event_invoke_config, FunctionName=name).status == 404
        put = aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
        assert "MaximumEventAgeInSeconds" not in put
    listed = aws.list_function_event_invoke_configs(FunctionName="some")
    assert len(listed["FunctionEventInvokeConfigs"]) == 2
    assert expect_error(aws.get_function_event_invoke_config, FunctionName="a b").status == 400


def test_missing_and_unconfigured_suffixes(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("x-missing")
    sandbox.add_function("x-unconfigured", "live")
    update = aws.update_function_event_invoke_config
    gone = expect_error(update, FunctionName="x-missing", MaximumRetryAttempts=1)
    assert gone.message == "The function doesn't exist."
    for name in ("x-unconfigured", "x-unconfigured:live"):
        bare = expect_error(update, FunctionName=name, MaximumRetryAttempts=1)
        assert bare.message is not None
        assert "doesn't have an EventInvokeConfig" in bare.message
        aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)


def test_adding_a_function_again_changes_nothing(sandbox: SandboxThread, aws: Any) -> None:
    sandbox.add_function("again")
    aws.update_function_event_invoke_config(FunctionName="again", MaximumRetryAttempts=0)
    sandbox.add_function("again")
    sandbox.add_function("again", "live")
    answer = aws.get_function_event_invoke_config(FunctionName="again")
    assert answer["MaximumRetryAttempts"] == 0


def test_settings_that_are_not_set_can_be_null(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(nulls=True)
    sandbox.add_function("fn")
    both: dict[str, Any] = {"OnFailure": {"Destination": QUEUE}}
    _, _, one = sandbox.update("fn", {"DestinationConfig": both})
    assert one["DestinationConfig"] == both | {"OnSuccess": {"Destination": None}}
    aws = sandbox.client()
    put = aws.put_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    assert settings_of(put) == {"MaximumRetryAttempts": 1}
    _, _, updated = sandbox.update("fn", {"MaximumRetryAttempts": 0})
    assert (updated["DestinationConfig"], updated["MaximumEventAgeInSeconds"]) == (None, None)
    listed = aws.list_function_event_invoke_configs(FunctionName="fn")
    assert "NextMarker" not in listed
