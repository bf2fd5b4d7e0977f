"""The five operations where they succeed, as boto3 sees them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .sandbox_client import ACCOUNT, REGION, Running, refusal, update_bytes

ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
NEITHER: dict[str, Any] = {"OnFailure": {}, "OnSuccess": {}}


def told(answer: dict[str, Any]) -> dict[str, Any]:
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
def test_every_form_of_a_name(
    sandbox: Running, aws: Any, form: str, qualifier: str, where: str
) -> None:
    sandbox.hold("forms")
    sandbox.hold("forms", qualifier)
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
    assert told(put) == told(got) == {"DestinationConfig": NEITHER, "MaximumRetryAttempts": 2}
    listed = aws.list_function_event_invoke_configs(FunctionName=name)
    assert qualified in [one["FunctionArn"] for one in listed["FunctionEventInvokeConfigs"]]
    deleted = aws.delete_function_event_invoke_config(FunctionName=name, **more)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    again = refusal(aws.delete_function_event_invoke_config, FunctionName=name, **more)
    assert again.status == 404
    aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=2, **more)


def test_no_qualifier_is_latest(sandbox: Running, aws: Any) -> None:
    sandbox.hold("plain")
    answer = aws.get_function_event_invoke_config(FunctionName="plain")
    assert answer["FunctionArn"] == f"{ARN}plain:$LATEST"


def test_update_merges_numbers(sandbox: Running, aws: Any) -> None:
    sandbox.hold("merge")
    aws.put_function_event_invoke_config(FunctionName="merge", MaximumRetryAttempts=0)
    aws.update_function_event_invoke_config(FunctionName="merge", MaximumEventAgeInSeconds=60)
    answer = aws.update_function_event_invoke_config(
        FunctionName="merge", DestinationConfig={"OnFailure": {"Destination": QUEUE}}
    )
    assert told(answer) == {
        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {}},
        "MaximumEventAgeInSeconds": 60,
        "MaximumRetryAttempts": 0,
    }


def test_put_replaces(sandbox: Running, aws: Any) -> None:
    sandbox.hold("replace")
    both = {"OnFailure": {"Destination": QUEUE}, "OnSuccess": {"Destination": TOPIC}}
    aws.put_function_event_invoke_config(
        FunctionName="replace", MaximumRetryAttempts=1, DestinationConfig=both
    )
    answer = aws.put_function_event_invoke_config(
        FunctionName="replace", MaximumEventAgeInSeconds=21600
    )
    assert told(answer) == {"DestinationConfig": NEITHER, "MaximumEventAgeInSeconds": 21600}


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
def test_update_of_one_half(
    start: Callable[..., Running], reading: str, sent: Any, left: Any
) -> None:
    running = start(merge_destinations=reading == "merge")
    running.hold("half")
    aws = running.client()
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
def test_what_can_be_a_destination(sandbox: Running, aws: Any, destination: str) -> None:
    sandbox.hold("source")
    sandbox.hold("target", "live")
    config = {"OnFailure": {"Destination": destination}}
    answer = aws.update_function_event_invoke_config(
        FunctionName="source", DestinationConfig=config
    )
    assert answer["DestinationConfig"]["OnFailure"] == {"Destination": destination}


def test_last_modified_is_a_number_of_three_decimals(sandbox: Running, aws: Any) -> None:
    sandbox.hold("dated")
    answer = aws.update_function_event_invoke_config(FunctionName="dated", MaximumRetryAttempts=1)
    assert abs(datetime.now(UTC) - answer["LastModified"]) < timedelta(minutes=1)
    raw = sandbox.talk(update_bytes("dated"))
    number = raw.split(b'"LastModified":')[1].split(b",")[0]
    assert number.partition(b".")[0].isdigit()
    assert len(number.partition(b".")[2]) == 3


def test_versions_and_aliases_have_configurations_of_their_own(sandbox: Running, aws: Any) -> None:
    for qualifier in ("$LATEST", "1", "live"):
        sandbox.hold("many", qualifier)
    aws.update_function_event_invoke_config(
        FunctionName="many", Qualifier="live", MaximumRetryAttempts=0
    )
    aws.delete_function_event_invoke_config(FunctionName="many:1")
    listed = aws.list_function_event_invoke_configs(FunctionName="many")
    assert "NextMarker" not in listed
    assert [
        (one["FunctionArn"], one["MaximumRetryAttempts"])
        for one in listed["FunctionEventInvokeConfigs"]
    ] == [(f"{ARN}many:$LATEST", 2), (f"{ARN}many:live", 0)]


def test_list_comes_in_pages(sandbox: Running, aws: Any) -> None:
    for version in range(1, 60):
        sandbox.hold("pages", str(version))
    pages = list(
        aws.get_paginator("list_function_event_invoke_configs").paginate(FunctionName="pages")
    )
    assert [len(page["FunctionEventInvokeConfigs"]) for page in pages] == [50, 9]
    small = aws.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName="pages", PaginationConfig={"PageSize": 7}
    )
    arns = [one["FunctionArn"] for page in small for one in page["FunctionEventInvokeConfigs"]]
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
def test_lanes_are_apart(sandbox: Running, region: str, partition: str) -> None:
    place = {"account_id": "222222222222", "region": region, "function_name": "lane"}
    sandbox.window("POST", "hold", [place])
    answer = sandbox.client("222222222222", region).get_function_event_invoke_config(
        FunctionName="lane"
    )
    arn = f"arn:{partition}:lambda:{region}:222222222222:function:lane:$LATEST"
    assert answer["FunctionArn"] == arn
    for account, other in (("333333333333", region), ("222222222222", "us-west-2")):
        call = sandbox.client(account, other).update_function_event_invoke_config
        assert refusal(call, FunctionName="lane", MaximumRetryAttempts=1).status == 404


def test_a_key_without_an_account_is_of_the_default_one(sandbox: Running) -> None:
    sandbox.hold("default")
    raw = sandbox.talk(update_bytes("default", key="AKIDEXAMPLE"))
    assert f"{ARN}default:$LATEST".encode() in raw


def test_any_function_exists_until_its_configuration_is_deleted(
    start: Callable[..., Running],
) -> None:
    aws = start(any_function=True).client()
    for name in ("anything", "some:alias", f"{ARN}else:7"):
        answer = aws.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
        assert answer["MaximumEventAgeInSeconds"] == 21600
        aws.delete_function_event_invoke_config(FunctionName=name)
        assert refusal(aws.get_function_event_invoke_config, FunctionName=name).status == 404
        put = aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
        assert "MaximumEventAgeInSeconds" not in put
    listed = aws.list_function_event_invoke_configs(FunctionName="some")
    assert len(listed["FunctionEventInvokeConfigs"]) == 2
    assert refusal(aws.get_function_event_invoke_config, FunctionName="a b").status == 400


def test_names_that_are_faulty_by_design(sandbox: Running, aws: Any) -> None:
    sandbox.hold("x-missing")
    sandbox.hold("x-unconfigured", "live")
    update = aws.update_function_event_invoke_config
    gone = refusal(update, FunctionName="x-missing", MaximumRetryAttempts=1)
    assert gone.message == "The function doesn't exist."
    for name in ("x-unconfigured", "x-unconfigured:live"):
        bare = refusal(update, FunctionName=name, MaximumRetryAttempts=1)
        assert bare.message is not None
        assert "doesn't have an EventInvokeConfig" in bare.message
        aws.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)


def test_holding_again_changes_nothing(sandbox: Running, aws: Any) -> None:
    sandbox.hold("again")
    aws.update_function_event_invoke_config(FunctionName="again", MaximumRetryAttempts=0)
    sandbox.hold("again")
    sandbox.hold("again", "live")
    answer = aws.get_function_event_invoke_config(FunctionName="again")
    assert answer["MaximumRetryAttempts"] == 0
