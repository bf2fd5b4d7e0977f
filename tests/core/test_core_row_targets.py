"""The target of a row: its lane and names, and what is said twice must agree."""

from typing import Any

import pytest

from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane
from bulkeic.core.targets.rows import Defaults

from .example_rows import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OWN,
    QUEUE,
    RETRIES,
    job_of,
    problems_of,
    refused_field,
)


@pytest.mark.parametrize(
    ("values", "lane"),
    [
        ({"FunctionName": "f"}, Lane(ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "Region": "eu-west-1"}, Lane(ACCOUNT, "eu-west-1")),
        ({"FunctionName": "f", "AccountId": OTHER_ACCOUNT}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "AccountId": int(OTHER_ACCOUNT)}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": "f", "AccountId": 7}, Lane("000000000007", "us-east-1")),
        ({"FunctionName": f"{OTHER_ACCOUNT}:function:f"}, Lane(OTHER_ACCOUNT, "us-east-1")),
        ({"FunctionName": OWN.replace("us-east-1", "us-west-2")}, Lane(ACCOUNT, "us-west-2")),
        ({"FunctionArn": OWN, "FunctionName": "f"}, Lane(ACCOUNT, "us-east-1")),
        (
            {"FunctionArn": OWN, "Region": "us-east-1", "AccountId": ACCOUNT},
            Lane(ACCOUNT, "us-east-1"),
        ),
    ],
)
def test_the_lane_comes_from_the_arn_else_the_row_else_the_defaults(
    values: dict[str, Any], lane: Lane
) -> None:
    assert job_of({**values, **RETRIES}).target.lane == lane


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov")],
)
def test_a_bare_name_gets_the_partition_of_its_region(region: str, partition: str) -> None:
    target = job_of({"FunctionName": "f", "Region": region, **RETRIES}).target
    assert target.arn == f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:f"


def test_without_any_region_the_region_is_asked_for() -> None:
    values = {"FunctionName": "f", **RETRIES}
    assert refused_field(values, Defaults()) == "Region"
    assert [problem.field for problem in problems_of(values, Defaults())] == ["Region"]
    assert job_of({"FunctionName": OWN, **RETRIES}, Defaults()).target.arn == OWN


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"FunctionName": OWN, "Region": "eu-west-1"}, "Region"),
        ({"FunctionName": OWN, "AccountId": OTHER_ACCOUNT}, "AccountId"),
        ({"FunctionName": f"{ACCOUNT}:function:f", "AccountId": int(OTHER_ACCOUNT)}, "AccountId"),
        ({"FunctionName": "f:live", "Qualifier": "blue"}, "Qualifier"),
        ({"FunctionArn": f"{OWN}:1", "Qualifier": "$LATEST"}, "Qualifier"),
        ({"FunctionArn": OWN, "FunctionName": "g"}, "FunctionArn"),
    ],
)
def test_a_value_that_is_given_twice_must_agree(values: dict[str, Any], field: str) -> None:
    assert refused_field({**values, **RETRIES}) == field
    assert [problem.field for problem in problems_of({**values, **RETRIES})] == [field]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"FunctionName": ""}, "FunctionName"),
        ({"FunctionName": None}, "FunctionName"),
        ({"FunctionName": 7}, "FunctionName"),
        ({"FunctionName": ".."}, "FunctionName"),
        ({"FunctionArn": "not an arn"}, "FunctionArn"),
        ({"Qualifier": "a b"}, "Qualifier"),
        ({"Qualifier": 1}, "Qualifier"),
        ({"Qualifier": []}, "Qualifier"),
        ({"Region": "useast1"}, "Region"),
        ({"Region": ["us-east-1"]}, "Region"),
        ({"Region": {}}, "Region"),
        ({"AccountId": "123"}, "AccountId"),
        ({"AccountId": -1}, "AccountId"),
        ({"AccountId": 10**12}, "AccountId"),
        ({"AccountId": True}, "AccountId"),
        ({"AccountId": 123456789012.0}, "AccountId"),
        ({"AccountId": [ACCOUNT]}, "AccountId"),
        ({"OnSuccess": 1}, "OnSuccess"),
        ({"OnSuccess": [QUEUE]}, "OnSuccess"),
        ({"OnFailure": {"Destination": QUEUE}}, "OnFailure"),
        ({"OnFailure": "q"}, "OnFailure"),
        ({"OnFailure": OWN}, "OnFailure"),
    ],
)
def test_a_wrong_value_is_refused_under_its_fields_name(values: dict[str, Any], field: str) -> None:
    assert refused_field({**RETRIES, **values}) == field


@pytest.mark.parametrize("given_in", ["name", "column"])
def test_a_qualifier_has_128_characters_at_most_wherever_it_stands(given_in: str) -> None:
    def row(length: int) -> dict[str, Any]:
        qualifier = "q" * length
        if given_in == "name":
            return {"FunctionName": f"f:{qualifier}", **RETRIES}
        return {"FunctionName": "f", "Qualifier": qualifier, **RETRIES}

    assert job_of(row(128)).target.qualifier == "q" * 128
    with pytest.raises(InputError):
        job_of(row(129))
