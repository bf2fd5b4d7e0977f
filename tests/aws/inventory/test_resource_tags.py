"""Tagged functions of a lane."""

from typing import Any

import pytest

from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Lane

from .scripted_services import OWN, Answer, Refusal, Script, open_services

PREFIX = f"arn:aws:lambda:{OWN.region}:{OWN.account_id}:function:"


def resource(arn: str, **tags: str) -> dict[str, Any]:
    listed = [{"Key": tag, "Value": value} for tag, value in tags.items()]
    return {"ResourceARN": arn, "Tags": listed}


def pages_of(*pages: list[dict[str, Any]]) -> dict[str, Script]:
    """The script of some pages; the last one ends with an empty token, as AWS's does."""
    tokens = [f"token {number}" for number in range(1, len(pages))]
    answers: list[Answer] = [
        {"ResourceTagMappingList": page, "PaginationToken": token}
        for page, token in zip(pages, [*tokens, ""], strict=True)
    ]
    return {"GetResources": answers}


async def found_with(
    scripts: dict[str, Script], tags: dict[str, list[str]], lane: Lane = OWN
) -> tuple[dict[str, dict[str, str]], list[dict[str, Any]]]:
    """The functions, and the requests for them."""
    async with open_services(scripts) as opened:
        found = [each async for each in opened.services.tagged_functions(lane, tags)]
    assert len(found) == len(dict(found))
    return dict(found), opened.server.asked("GetResources")


async def test_functions_of_all_pages_come_with_all_their_tags() -> None:
    scripts = pages_of(
        [resource(f"{PREFIX}a", team="x", stage="prod")],
        [],
        [resource(f"{PREFIX}b", team="y"), resource(f"{PREFIX}a", team="x", stage="prod")],
    )
    found, requests = await found_with(scripts, {"team": ["x", "y"], "stage": []})

    assert found == {"a": {"team": "x", "stage": "prod"}}
    asked = {
        "ResourcesPerPage": 100,
        "ResourceTypeFilters": ["lambda:function"],
        "TagFilters": [{"Key": "team", "Values": ["x", "y"]}, {"Key": "stage"}],
    }
    assert requests == [
        asked,
        asked | {"PaginationToken": "token 1"},
        asked | {"PaginationToken": "token 2"},
    ]


async def test_without_tags_it_is_every_function_that_has_one_now() -> None:
    scripts = pages_of(
        [
            resource(f"{PREFIX}a", team="x"),
            resource(f"{PREFIX}was-tagged"),
            resource(f"{PREFIX}a:live", team="z"),
            {"ResourceARN": f"{PREFIX}no-value", "Tags": [{"Key": "team"}]},
        ]
    )
    found, requests = await found_with(scripts, {})

    assert found == {"a": {"team": "x"}, "no-value": {"team": ""}}
    assert requests[0]["TagFilters"] == []


async def test_more_values_and_tags_than_a_filter_holds_are_compared_here() -> None:
    values = [f"v{number}" for number in range(21)]
    tags = {f"tag{number:02}": values for number in range(51)}
    complete = dict.fromkeys(tags, "v20")
    scripts = pages_of(
        [
            resource(f"{PREFIX}has-all", **complete),
            resource(f"{PREFIX}other-value", **(complete | {"tag00": "w"})),
            resource(f"{PREFIX}lacks-the-last", **dict(list(complete.items())[:-1])),
        ]
    )
    found, requests = await found_with(scripts, tags)

    assert set(found) == {"has-all"}
    assert requests[0]["TagFilters"] == [{"Key": tag} for tag in list(tags)[:50]]


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
async def test_other_partitions_have_their_own_arns(region: str, partition: str) -> None:
    lane = Lane(OWN.account_id, region)
    arn = f"arn:{partition}:lambda:{region}:{lane.account_id}:function:a"
    found, _ = await found_with(pages_of([resource(arn, team="x")]), {}, lane)
    assert found == {"a": {"team": "x"}}


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:lambda:us-east-1:{OWN.account_id}:function:a",
        f"arn:aws:lambda:{OWN.region}:210987654321:function:a",
        f"arn:aws:lambda:{OWN.region}:{OWN.account_id}:layer:a",
        f"arn:aws:sqs:{OWN.region}:{OWN.account_id}:a",
        f"{PREFIX}..",
        f"{PREFIX}a/b",
        f"{PREFIX}{'a' * 65}",
        "a",
        "",
    ],
)
async def test_what_is_not_a_function_of_the_lane_is_an_error(arn: str) -> None:
    async with open_services(pages_of([resource(arn, team="x")])) as opened:
        with pytest.raises(ServiceError) as raised:
            [each async for each in opened.services.tagged_functions(OWN, {})]

    error = raised.value
    assert (error.code, error.is_denied) == ("AnswerMismatch", False)
    assert str(error).startswith(
        f"{OWN}: AnswerMismatch: Resource Groups Tagging GetResources: HTTP 200, but "
    )


@pytest.mark.parametrize(
    "tag", [{"Key": "\ud800", "Value": "x"}, {"Key": "team", "Value": "\udfff"}]
)
async def test_a_tag_that_is_no_text_is_an_error(tag: dict[str, str]) -> None:
    listed = {"ResourceARN": f"{PREFIX}a", "Tags": [tag]}
    async with open_services(pages_of([listed])) as opened:
        with pytest.raises(ServiceError, match=r"AnswerMismatch.* a tag is not a text"):
            [each async for each in opened.services.tagged_functions(OWN, {})]


async def test_a_region_that_is_not_enabled_is_denied_at_once() -> None:
    refusal = Refusal(
        "UnrecognizedClientException", "The security token included in the request is invalid.", 400
    )
    async with open_services({"GetResources": [refusal]}) as opened:
        with pytest.raises(ServiceError, match="UnrecognizedClientException") as raised:
            [each async for each in opened.services.tagged_functions(OWN, {})]
    assert raised.value.is_denied
    assert len(opened.server.requests) == 1
