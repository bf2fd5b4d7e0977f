"""discover and other clients answer the same questions about an organization in moto alike.

boto3 is asked in every test run. The AWS CLI starts once for each call, so it is asked only where
``make aws-cli`` has installed it, and by ``make trial``.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .conftest import Bulkeic
from .fleet import REGIONS, ROLE
from .moto_organization import AWS, Answers, AwsCli, Boto, Found, MotoOrganization
from .moto_process import MotoClients, running_moto


@pytest.fixture(scope="module")
def organization() -> Iterator[MotoOrganization]:
    with running_moto() as url, ExitStack() as stack:
        yield MotoOrganization(MotoClients(url, stack))


@pytest.fixture(scope="module")
def boto(organization: MotoOrganization) -> Answers:
    return Answers(organization, Boto(organization))


def listed(
    bulkeic: Bulkeic,
    organization: MotoOrganization,
    *words: object,
    places: tuple[object, ...] = ("--organization",),
) -> dict[Found, dict[str, str]]:
    """The rows of discover, by account, Region, function and qualifier."""
    result = bulkeic(
        "discover", *places, "--role-arn", ROLE, "--regions", ",".join(REGIONS),
        "--endpoint-url", organization.clients.url, *words,
    )  # fmt: skip
    assert result.code == 0, result.err
    rows = list(csv.DictReader(result.out.splitlines()))
    found = {
        (row["AccountId"], row["Region"], row["FunctionName"], row["Qualifier"]): row
        for row in rows
    }
    assert len(found) == len(rows)
    return found


def check(bulkeic: Bulkeic, organization: MotoOrganization, other: Answers) -> None:
    """Compares the answers to every question."""
    found = listed(bulkeic, organization)
    assert found.keys() == other.latest()
    assert {account for account, *_ in found} == other.active_accounts()
    in_unit = other.accounts_of(organization.unit)
    unit = ("--ou", organization.unit)
    assert listed(bulkeic, organization, places=unit).keys() == {
        each for each in found if each[0] in in_unit
    }
    assert in_unit == set(organization.accounts[1:3])
    payments = listed(bulkeic, organization, "--tag", "team=payments").keys()
    assert payments == other.tagged("team", "payments")
    assert listed(bulkeic, organization, "--runtime", "node*").keys() == other.with_runtime(
        "nodejs22.x"
    )
    assert listed(bulkeic, organization, "--qualifiers", "versions").keys() == other.versions()
    assert listed(bulkeic, organization, "--qualifiers", "aliases").keys() == other.aliases()
    configs = other.configured()
    configured = listed(bulkeic, organization, "--qualifiers", "configured", "--with-config")
    assert {each: row["CurrentMaximumRetryAttempts"] for each, row in configured.items()} == {
        each: str(config["MaximumRetryAttempts"]) for each, config in configs.items()
    }


def test_boto3_gives_the_same_answers(
    bulkeic: Bulkeic, organization: MotoOrganization, boto: Answers
) -> None:
    check(bulkeic, organization, boto)


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed; use make aws-cli")
def test_the_aws_cli_gives_the_same_answers(
    bulkeic: Bulkeic, organization: MotoOrganization
) -> None:
    check(bulkeic, organization, Answers(organization, AwsCli(organization)))


def test_what_discover_writes_is_applied_as_it_is(
    bulkeic: Bulkeic, organization: MotoOrganization
) -> None:
    url = organization.clients.url
    words = ("--organization", "--role-arn", ROLE, "--regions", ",".join(REGIONS))
    made = bulkeic(
        "discover", *words, "--name", "orders", "--out", "fleet.csv", "--endpoint-url", url
    )
    assert made.code == 0, made.err
    applied = bulkeic(
        "apply", "fleet.csv", "--yes", "--maximum-event-age-in-seconds", 90, "--output", "json",
        "--endpoint-url", url, "--run", "run.db",
    )  # fmt: skip
    assert applied.code == 0, applied.err
    outcomes = bulkeic("export", "run.db").out.splitlines()
    assert {(one["account_id"], one["region"]) for one in map(json.loads, outcomes)} == {
        lane for lane in organization.lanes if has_functions(organization, lane)
    }


def has_functions(organization: MotoOrganization, lane: tuple[str, str]) -> bool:
    return lane[1] == REGIONS[0] or organization.accounts.index(lane[0]) % 2 == 0
