"""Filters by tags, and what tags say of the tool that manages a function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.code.owner_tags import manager_of
from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError, UsageError
from bulkeic.discovery.model.tag_filters import TagFilter, allowed_values, has_tags, parse_tag

keys = st.sampled_from(["team", "stage", "a b", "é"])
values = st.sampled_from(["", "x", "y", "x=y"])
filters = st.builds(TagFilter, keys, st.none() | values)


@given(st.lists(filters), st.dictionaries(keys, values))
def test_one_key_allows_any_of_its_values_and_all_keys_must_match(
    given_filters: list[TagFilter], tags: dict[str, str]
) -> None:
    by_key = {
        each.key: [other for other in given_filters if other.key == each.key]
        for each in given_filters
    }
    expected = all(
        any(key in tags and each.value in (None, tags[key]) for each in same)
        for key, same in by_key.items()
    )
    assert has_tags(tags, allowed_values(given_filters)) == expected


@given(filters)
def test_a_filter_is_read_as_it_is_typed(tag_filter: TagFilter) -> None:
    assert parse_tag(str(tag_filter)) == tag_filter


@pytest.mark.parametrize("text", ["", "=x", "k" * 129, f"k={'v' * 257}"])
def test_a_text_that_no_tag_can_match_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected key=value or key"):
        parse_tag(text)


@pytest.mark.parametrize(
    "text", ["Key=team,Values=payments", "Name=tag:team,Values=a,b", "Key=team, Value=payments"]
)
def test_the_form_of_the_aws_cli_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="form of the AWS CLI; expected key=value"):
        parse_tag(text)


def test_more_tags_than_aws_takes_are_refused() -> None:
    many = [TagFilter("team", str(number)) for number in range(21)]
    assert len(allowed_values(many[:20])["team"]) == 20
    with pytest.raises(UsageError, match=r"21 values of 'team'; .* --tag team for any value"):
        allowed_values(many)
    assert allowed_values([*many, TagFilter("team")]) == {"team": ()}
    with pytest.raises(UsageError, match="51 keys"):
        allowed_values([TagFilter(str(number)) for number in range(51)])


STACK = {"aws:cloudformation:stack-name": "orders-prod"}


@pytest.mark.parametrize(
    ("tags", "manager"),
    [
        ({}, Manager.NONE),
        ({"team": "payments"}, Manager.NONE),
        (STACK, Manager.CLOUDFORMATION),
        (STACK | {"aws-cdk:stack": "x"}, Manager.CLOUDFORMATION),
        (STACK | {"lambda:createdBy": "SAM"}, Manager.SAM),
        ({"lambda:createdBy": "SAM"}, Manager.SAM),
        ({"lambda:createdBy": "me"}, Manager.NONE),
        (STACK | {"STAGE": "prod"}, Manager.SERVERLESS),
        (STACK | {"stage": "prod"}, Manager.CLOUDFORMATION),
        ({"STAGE": "prod"}, Manager.NONE),
        ({"serverless:service": "orders"}, Manager.SERVERLESS),
        (STACK | {"STAGE": "prod", "lambda:createdBy": "SAM"}, Manager.SAM),
        (STACK | {"terraform": "true"}, Manager.CLOUDFORMATION),
        ({"Terraform": "true"}, Manager.TERRAFORM),
        ({"terraform": "modules/orders"}, Manager.TERRAFORM),
        ({"terraform": "False"}, Manager.NONE),
        ({"terraform": ""}, Manager.NONE),
        ({"ManagedBy": "Terraform"}, Manager.TERRAFORM),
        ({"managed-by": "opentofu"}, Manager.TERRAFORM),
        ({"managed_by": "terraform"}, Manager.TERRAFORM),
        ({"managed_by": "hand"}, Manager.NONE),
    ],
)
def test_tags_name_the_manager(tags: dict[str, str], manager: Manager) -> None:
    assert manager_of(tags) is manager


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12)))
def test_any_tags_name_one_manager(tags: dict[str, str]) -> None:
    assert manager_of(tags) in Manager
