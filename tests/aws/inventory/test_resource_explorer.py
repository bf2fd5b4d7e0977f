"""Functions of a view of Resource Explorer."""

from typing import Any

import pytest

from bulkeic.core.errors import ServiceError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane

from .scripted_services import OWN, Answer, Refusal, Script, open_services

VIEW = "arn:aws:resource-explorer-2:us-east-2:123456789012:view/all/0123abcd"
OTHER = Lane("210987654321", "ap-south-1")


def resource(lane: Lane, name: str, tags: list[dict[str, str]] | None = None) -> dict[str, Any]:
    arn = f"arn:aws:lambda:{lane.region}:{lane.account_id}:function:{name}"
    properties = [] if tags is None else [{"Name": "tags", "Data": tags}]
    return {"Arn": arn, "ResourceType": "lambda:function", "Properties": properties}


async def found_by(scripts: dict[str, Script], view: str | None) -> list[FoundFunction]:
    async with open_services(scripts) as opened:
        return [each async for each in opened.services.resource_explorer_functions(OWN, view=view)]


async def test_a_view_shows_functions_of_all_accounts_and_regions() -> None:
    pages: list[Answer] = [
        {"Resources": [resource(OWN, "a"), resource(OTHER, "a")], "NextToken": "2"},
        {"Resources": [resource(OTHER, "a"), resource(OTHER, "a:live")], "NextToken": "3"},
        {"Resources": [resource(OTHER, "b", [{"Key": "team", "Value": "x"}])]},
    ]
    async with open_services({"ListResources": pages}) as opened:
        found = [each async for each in opened.services.resource_explorer_functions(OWN, view=VIEW)]

    assert found == [
        FoundFunction(lane=OWN, name="a"),
        FoundFunction(lane=OTHER, name="a"),
        FoundFunction(lane=OTHER, name="b", tags={"team": "x"}),
    ]
    asked = {
        "ViewArn": VIEW,
        "MaxResults": 500,
        "Filters": {"FilterString": "resourcetype:lambda:function"},
    }
    assert [each.body for each in opened.server.requests] == [
        asked, asked | {"NextToken": "2"}, asked | {"NextToken": "3"},
    ]  # fmt: skip
    assert {(each.key, each.region) for each in opened.server.requests} == {
        ("AKIA123456789012", "us-east-2")
    }


async def test_without_a_view_it_is_the_default_one() -> None:
    scripts: dict[str, Script] = {
        "GetDefaultView": [{"ViewArn": VIEW}],
        "ListResources": [{"Resources": []}],
    }
    async with open_services(scripts) as opened:
        assert [
            each async for each in opened.services.resource_explorer_functions(OWN, view=None)
        ] == []

    assert [(each.operation, each.region) for each in opened.server.requests] == [
        ("GetDefaultView", OWN.region), ("ListResources", "us-east-2"),
    ]  # fmt: skip
    assert opened.server.asked("ListResources")[0]["ViewArn"] == VIEW


@pytest.mark.parametrize("answer", [{}, {"ViewArn": ""}])
async def test_without_a_default_view_the_way_out_is_named(answer: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=f"no default view in {OWN}; .* or give --view"):
        await found_by({"GetDefaultView": [answer]}, None)


@pytest.mark.parametrize("view", ["text", 5, {"a": "b"}, "\x1b"])
async def test_a_default_view_that_cannot_be_right_is_an_error(view: Any) -> None:
    with pytest.raises(ServiceError, match=r"AnswerMismatch: .* GetDefaultView") as raised:
        await found_by({"GetDefaultView": [{"ViewArn": view}]}, None)
    assert "--view" not in str(raised.value)


@pytest.mark.parametrize("view", ["all", "arn:aws:lambda:us-east-1:123456789012:function:a"])
async def test_a_view_that_is_not_an_arn_is_an_error(view: str) -> None:
    with pytest.raises(ServiceError, match="is not the ARN of a view; expected something like"):
        await found_by({}, view)


@pytest.mark.parametrize(
    ("refusal", "is_denied"),
    [
        (Refusal("UnauthorizedException", "Unauthorized", 401), True),
        (Refusal("AccessDeniedException", "Access denied", 403), True),
        (Refusal("ResourceNotFoundException", "", 404), False),
    ],
)
async def test_a_view_that_may_not_be_used_is_an_error(
    refusal: Refusal, *, is_denied: bool
) -> None:
    words = f"{OWN.account_id}/us-east-2: {refusal.code}: Resource Explorer ListResources"
    with pytest.raises(ServiceError, match=words) as raised:
        await found_by({"ListResources": [refusal]}, VIEW)
    assert raised.value.is_denied == is_denied


@pytest.mark.parametrize(
    "item",
    [
        {"Arn": "arn:aws:s3:::bucket"},
        {"ResourceType": "lambda:function"},
        resource(OWN, "a") | {"Properties": [{"Name": "tags", "Data": [{"Value": "x"}]}]},
        resource(OWN, "a") | {"Properties": [{"Name": "tags", "Data": "text"}]},
    ],
)
async def test_a_malformed_result_is_an_error(item: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="AnswerMismatch"):
        await found_by({"ListResources": [{"Resources": [item]}]}, VIEW)
