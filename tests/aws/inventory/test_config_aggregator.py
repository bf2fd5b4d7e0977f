"""Functions of an aggregator of AWS Config."""

import json
from typing import Any

import pytest

from bulkeic.core.errors import ServiceError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane

from .scripted_services import OWN, Answer, Refusal, Script, open_services

OTHER = Lane("210987654321", "ap-south-1")


def result(lane: Lane, name: str, **fields: Any) -> str:
    recorded = {
        "accountId": lane.account_id,
        "awsRegion": lane.region,
        "resourceName": name,
        "arn": f"arn:aws:lambda:{lane.region}:{lane.account_id}:function:{name}",
    }
    return json.dumps(recorded | fields)


def aggregators(*names: str) -> Answer:
    return {"ConfigurationAggregators": [{"ConfigurationAggregatorName": name} for name in names]}


async def found_by(scripts: dict[str, Script], aggregator: str | None) -> list[FoundFunction]:
    async with open_services(scripts) as opened:
        return [each async for each in opened.services.config_functions(OWN, aggregator=aggregator)]


async def test_recorded_configurations_have_the_names_of_lambdas_api() -> None:
    configuration = {
        "functionName": "a",
        "runtime": "python3.13",
        "lastModified": "2026-01-02T03:04:05.000+0000",
        "kmskeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
        "memorySize": 128,
        "state": {"value": "Active"},
        "environment": {"variables": {"PASSWORD": "hunter2"}},
        "layers": [{"arn": "l", "codeSize": 1}],
        "vpcConfig": {"subnetIds": ["s"]},
    }
    tags = [{"key": "team", "value": "x", "tag": "team=x"}]
    found = await found_by(
        {
            "SelectAggregateResourceConfig": [
                {
                    "Results": [
                        result(OTHER, "a", configuration=configuration, tags=tags),
                        result(OTHER, "a"),
                        result(OWN, "a", configuration=None, tags=None),
                    ]
                }
            ]
        },
        "ours",
    )

    assert found == [
        FoundFunction(
            lane=OTHER,
            name="a",
            facts={
                "FunctionName": "a",
                "Runtime": "python3.13",
                "LastModified": "2026-01-02T03:04:05.000+0000",
                "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1",
                "MemorySize": 128,
                "State": "Active",
                "Layers": [{"Arn": "l", "CodeSize": 1}],
                "VpcConfig": {"SubnetIds": ["s"]},
            },
            tags={"team": "x"},
        ),
        FoundFunction(lane=OWN, name="a", tags={}),
    ]


async def test_the_only_aggregator_is_asked_page_by_page() -> None:
    scripts: dict[str, Script] = {
        "DescribeConfigurationAggregators": [aggregators("ours")],
        "SelectAggregateResourceConfig": [
            {"Results": [result(OWN, "a")], "NextToken": "2"},
            {"Results": [result(OWN, "b")]},
        ],
    }
    async with open_services(scripts) as opened:
        found = [each async for each in opened.services.config_functions(OWN, aggregator=None)]

    assert [each.name for each in found] == ["a", "b"]
    first, second = opened.server.asked("SelectAggregateResourceConfig")
    assert second == first | {"NextToken": "2"}
    assert first == {
        "ConfigurationAggregatorName": "ours",
        "Limit": 100,
        "Expression": (
            "SELECT accountId, awsRegion, resourceName, arn, configuration, tags "
            "WHERE resourceType = 'AWS::Lambda::Function'"
        ),
    }


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), f"has no aggregator in {OWN}; give --region"),
        (("b", "a"), f"has 2 aggregators in {OWN}; give --aggregator with one of a, b"),
    ],
)
async def test_which_aggregator_must_be_clear(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        await found_by({"DescribeConfigurationAggregators": [aggregators(*names)]}, None)


async def test_of_many_aggregators_a_few_are_named() -> None:
    names = [f"aggregator-{number}" for number in range(1000)]
    with pytest.raises(
        ServiceError, match=r"has 1000 aggregators .* aggregator-0, .*, …$"
    ) as raised:
        await found_by({"DescribeConfigurationAggregators": [aggregators(*names)]}, None)
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize("name", ["", "a b", "a" * 257, "\x1b[2J", "é"])
async def test_a_name_that_no_aggregator_has_is_an_error(name: str) -> None:
    with pytest.raises(ServiceError, match="AnswerMismatch"):
        await found_by({"DescribeConfigurationAggregators": [aggregators(name)]}, None)


async def test_an_unknown_aggregator_is_named_by_its_flag() -> None:
    refusal = Refusal("NoSuchConfigurationAggregatorException")
    with pytest.raises(ServiceError, match="check the name that --aggregator gives"):
        await found_by({"SelectAggregateResourceConfig": [refusal]}, "gone")


@pytest.mark.parametrize(
    "item",
    [
        "{",
        "[]",
        "{}",
        "5",
        "[" * 100_000,
        result(OWN, "a", accountId="210987654321"),
        result(OWN, "a", awsRegion="us-east-1"),
        result(OWN, "a:live"),
        result(OWN, "a", arn="arn:aws:sqs:eu-west-1:123456789012:a"),
        result(OWN, "a", configuration="text"),
        result(OWN, "a", tags=[{"tag": "x"}]),
        '{"a":' * 100_000,
    ],
)
async def test_a_malformed_result_is_an_error(item: str) -> None:
    scripts: dict[str, Script] = {"SelectAggregateResourceConfig": [{"Results": [item]}]}
    with pytest.raises(ServiceError, match="AnswerMismatch"):
        await found_by(scripts, "ours")
