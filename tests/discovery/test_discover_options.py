"""Options of discover: what is refused at once, and what later commands repeat."""

import shlex

import pytest

from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import UsageError
from bulkeic.core.options.option_declaration import stored_options
from bulkeic.discovery.discover_checks import check_discovery
from bulkeic.discovery.discover_options import (
    CriteriaOptions,
    DiscoverAccessOptions,
    DiscoverOptions,
    PlaceOptions,
)
from bulkeic.discovery.model.criteria import Qualifiers
from bulkeic.discovery.model.modified_since import parse_modified_since
from bulkeic.discovery.model.tag_filters import TagFilter
from bulkeic.discovery.report.follow_up_commands import plan_found, resume_discovery

ROLE = "arn:aws:iam::{account}:role/reader"
IN_ORGANIZATION = PlaceOptions(organization=True)


def with_role(role_arn: str | None) -> DiscoverAccessOptions:
    return DiscoverAccessOptions(role_arn=role_arn)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (DiscoverOptions(places=IN_ORGANIZATION), "--organization requires access to its accounts"),
        (DiscoverOptions(places=PlaceOptions(units=("r-ab12",))), "--ou requires access"),
        (
            DiscoverOptions(
                places=IN_ORGANIZATION, access=with_role("arn:aws:iam::123456789012:role/r")
            ),
            "expected {account} in --role-arn",
        ),
        (
            DiscoverOptions(
                places=PlaceOptions(organization=True, units=("r-ab12",)), access=with_role(ROLE)
            ),
            "omit --organization or --ou",
        ),
        (
            DiscoverOptions(places=PlaceOptions(excluded_accounts=("123456789012",))),
            "--exclude-account requires",
        ),
        (DiscoverOptions(view="arn:…"), "--view requires --source resource-explorer"),
        (DiscoverOptions(aggregator="a"), "--aggregator requires --source config"),
        (
            DiscoverOptions(
                source="config", wanted=CriteriaOptions(qualifiers=(Qualifiers.VERSIONS,))
            ),
            "--source config does not support --qualifiers versions",
        ),
        (
            DiscoverOptions(source="resource-explorer", wanted=CriteriaOptions(runtimes=("go*",))),
            "--source resource-explorer does not support --runtime",
        ),
        (
            DiscoverOptions(
                source="resource-explorer",
                wanted=CriteriaOptions(modified_since=parse_modified_since("3d")),
            ),
            "does not support --modified-since",
        ),
        (
            DiscoverOptions(
                source="resource-explorer", wanted=CriteriaOptions(where="Timeout > `3` && Tags.a")
            ),
            "does not support --where with Timeout;",
        ),
        (
            DiscoverOptions(source="resource-explorer", wanted=CriteriaOptions(where="keys(@)")),
            "--where with Architectures, CapacityProviderConfig, CodeSha256 and ",
        ),
        (DiscoverOptions(wanted=CriteriaOptions(where="Runtim")), "did you mean Runtime?"),
        (
            DiscoverOptions(wanted=CriteriaOptions(tags=tuple(map(TagFilter, "k" * 2, "ab")))),
            "",
        ),
        (
            DiscoverOptions(run="targets.csv"),
            "--run 'targets.csv' has the ending of a targets file",
        ),
        (DiscoverOptions(run=""), "--run is empty"),
        (DiscoverOptions(output="json"), "write the targets to a file with --out"),
        (DiscoverOptions(out="targets.txt"), "expected one of .csv, .json, .jsonl, .ndjson"),
        (DiscoverOptions(access=with_role("reader")), "--role-arn: 'reader' is not a role ARN"),
        (DiscoverOptions(access=DiscoverAccessOptions(region="mars")), "--region: 'mars'"),
    ],
)
def test_options_are_checked_before_anything_is_called(options: DiscoverOptions, says: str) -> None:
    if not says:
        check_discovery(options)
        return
    with pytest.raises(UsageError) as refused:
        check_discovery(options)
    assert says in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "options",
    [
        DiscoverOptions(),
        DiscoverOptions(places=IN_ORGANIZATION, access=with_role(ROLE), out="targets.JSON"),
        DiscoverOptions(
            places=PlaceOptions(units=("ou-ab12-11111111",), excluded_accounts=("123456789012",)),
            access=DiscoverAccessOptions(accounts="accounts.csv"),
        ),
        DiscoverOptions(
            source="resource-explorer",
            wanted=CriteriaOptions(where="Tags.a && EventInvokeConfig", names=("a*",)),
        ),
    ],
)
def test_options_that_go_together_pass(options: DiscoverOptions) -> None:
    check_discovery(options)


OPTIONS = DiscoverOptions(
    access=DiscoverAccessOptions(
        profile="ops", region="eu-west-1", role_arn=ROLE, external_id="some id"
    ),
    places=PlaceOptions(organization=True, regions=("us-east-1", "eu-*")),
    wanted=CriteriaOptions(
        qualifiers=(Qualifiers.LATEST, Qualifiers.ALIASES),
        tags=(TagFilter("team", "payments"), TagFilter("stage")),
        modified_since=parse_modified_since("30d"),
        managed_by=(Manager.NONE,),
    ),
    out="targets.csv",
    run="found.db",
)


def test_the_discovery_file_stores_what_to_look_for_as_it_was_typed() -> None:
    assert list(stored_options(OPTIONS).values()) == [
        "--organization",
        "--regions 'us-east-1,eu-*'",
        "--qualifiers latest,aliases",
        "--tag team=payments --tag stage",
        "--modified-since 30d",
        "--managed-by none",
    ]
    assert OPTIONS.criteria(now=4_000_000).modified_since == 4_000_000 - 30 * 86400


def test_the_resume_command_repeats_access_and_output_only() -> None:
    words = shlex.split(resume_discovery("found.db", OPTIONS))
    assert words == [
        "bulkeic", "discover", "--run", "found.db", "--profile", "ops", "--region", "eu-west-1",
        "--role-arn", ROLE, "--external-id", "some id", "--out", "targets.csv",
    ]  # fmt: skip


def test_the_plan_command_leaves_roles_and_regions_to_the_rows() -> None:
    words = shlex.split(plan_found("my targets.csv", OPTIONS))
    assert words[:3] == ["bulkeic", "plan", "my targets.csv"]
    assert words[words.index("--profile") :] == ["--profile", "ops", "--external-id", "some id"]
