"""How each account is reached: what is refused, and who has the last word."""

from typing import Any

import pytest

from bulkeic.core.accounts import (
    Account,
    AccountAccess,
    Accounts,
    foreign_credentials,
    parse_account,
    parse_external_id,
    parse_role,
    parse_session_name,
)
from bulkeic.core.errors import InputError
from bulkeic.core.model import Lane

from .example_rows import ACCOUNT, OTHER_ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy"
EVERYWHERE = "arn:{partition}:iam::{account}:role/everywhere"
HERE = Lane(ACCOUNT, "us-east-1")
THERE = Lane(OTHER_ACCOUNT, "us-east-1")


@pytest.mark.parametrize(
    "text",
    [
        ROLE,
        EVERYWHERE,
        f"arn:aws-cn:iam::{ACCOUNT}:role/r",
        f"arn:aws-us-gov:iam::{ACCOUNT}:role/a/path/to/r+=,.@-_",
        f"arn:aws:iam::{ACCOUNT}:role/" + "r" * 64,
        f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/R",
    ],
)
def test_roles_are_stored_unchanged(text: str) -> None:
    assert parse_role(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "deploy",
        f"arn:aws:iam::{ACCOUNT}:user/u",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
        f"arn:aws:iam:us-east-1:{ACCOUNT}:role/r",
        "arn:aws:iam::12345:role/r",
        f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam::{ACCOUNT}:role/" + "r" * 65,
        f"arn:aws:iam::{ACCOUNT}:role/" + "p" * 2000 + "/" + "r" * 64,
        f"{ROLE} ",
        f"{ROLE}\n",
        "arn:aws:iam::{account}:role/r é",
    ],
)
def test_an_invalid_role_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_role(text, "--role-arn")
    assert refused.value.field == "--role-arn"
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    ("parse", "good", "bad"),
    [
        (
            parse_external_id,
            ["ab", "a" * 1224, "0123_+=,.@:/-"],
            ["", "a", "a" * 1225, "a b", "é" * 2, "ab\n"],
        ),
        (parse_session_name, ["ab", "a" * 64, "me+=,.@-_"], ["", "a", "a" * 65, "a/b", "ab\n"]),
    ],
)
def test_names_are_as_sts_wants_them(parse: Any, good: list[str], bad: list[str]) -> None:
    assert [parse(text) for text in good] == good
    for text in bad:
        with pytest.raises(InputError):
            parse(text)


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ({"AccountId": ACCOUNT}, Account(ACCOUNT)),
        ({"AccountId": int(ACCOUNT)}, Account(ACCOUNT)),
        ({"AccountId": 7}, Account("000000000007")),
        (
            {"AccountId": ACCOUNT, "RoleArn": ROLE, "ExternalId": "id", "Profile": "p"},
            Account(ACCOUNT, AccountAccess(ROLE, "id", "p")),
        ),
        (
            {"AccountId": ACCOUNT, "RoleArn": EVERYWHERE, "ExternalId": "", "Profile": None},
            Account(ACCOUNT, AccountAccess(EVERYWHERE)),
        ),
        *(
            (
                {"AccountId": ACCOUNT, "Regions": regions},
                Account(ACCOUNT, regions=("us-east-1", "eu-west-1")),
            )
            for regions in (
                "us-east-1 eu-west-1",
                " us-east-1, eu-west-1 ",
                "us-east-1;eu-west-1;us-east-1",
                ["us-east-1", "eu-west-1"],
            )
        ),
        ({"AccountId": ACCOUNT, "Regions": ""}, Account(ACCOUNT)),
    ],
)
def test_a_row_of_an_accounts_file(values: dict[str, Any], account: Account) -> None:
    assert parse_account(values) == account


ELSEWHERE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/r"
BAD: dict[str, list[Any]] = {
    "AccountId": ["", None, "7", 1.0, -1, 10**12, True, []],
    "RoleArn": ["r", 7, [], {}, False, ELSEWHERE, "{region}"],
    "ExternalId": ["ab", 77, ["ab"]],
    "Profile": [1, [], False],
    "Regions": ["here", " ", 1, {}, [1], ["us-east-1", "x"], "us-east-1/eu-west-1"],
}


@pytest.mark.parametrize(
    ("values", "field"),
    [({field: value}, field) for field, values in BAD.items() for value in values]
    + [({"RoleArn": ROLE, "ExternalId": "a"}, "ExternalId")],
)
def test_a_bad_field_of_an_accounts_file_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_account({"AccountId": ACCOUNT, **values})
    assert refused.value.field == field


@pytest.mark.parametrize("row_role", [None, f"{ROLE}-row"])
@pytest.mark.parametrize(
    "entry", [None, AccountAccess(), AccountAccess(f"{ROLE}-entry"), AccountAccess(profile="p")]
)
@pytest.mark.parametrize("flag", [None, EVERYWHERE])
def test_a_row_beats_the_entry_and_the_entry_beats_the_flag(
    row_role: str | None, entry: AccountAccess | None, flag: str | None
) -> None:
    entries = [] if entry is None else [Account(ACCOUNT, entry)]
    accounts = Accounts(entries, AccountAccess(flag))
    if row_role is not None:
        assert accounts.assign_role(HERE, row_role, 2) is None
        assert accounts.assign_role(HERE, f"{ROLE}-later", 3) is not None
    by_flag = flag and f"arn:aws:iam::{ACCOUNT}:role/everywhere"
    expected = row_role or (by_flag if entry is None else entry.role_arn)
    access = accounts.access(HERE)
    assert access.role_arn == expected
    assert access.profile == (entry and entry.profile)
    by_flag = flag and f"arn:aws:iam::{OTHER_ACCOUNT}:role/everywhere"
    assert accounts.access(THERE).role_arn == by_flag
    assert accounts.problem(HERE) is None


LATER = f"{ROLE}-later"


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        (ROLE, ROLE, True),
        (ROLE, LATER, False),
        (EVERYWHERE, EVERYWHERE, True),
        (EVERYWHERE, f"arn:aws:iam::{ACCOUNT}:role/everywhere", True),
        (EVERYWHERE, ROLE, False),
        (None, ROLE, False),
        (None, None, True),
    ],
)
def test_an_account_has_one_role_and_the_first_one_wins(
    first: str | None, second: str | None, *, agree: bool
) -> None:
    accounts = Accounts(default=AccountAccess(LATER))
    assert accounts.assign_role(HERE, first, 2) is None
    before = accounts.access(HERE)
    problem = accounts.assign_role(HERE, second, 7)
    assert (problem is None) == agree
    assert accounts.access(HERE) == before
    assert accounts.row_roles() == ({} if first is None else {ACCOUNT: first})
    if problem is not None:
        assert (problem.field, problem.line) == ("RoleArn", 7)
        assert "of line 2; all rows of the account" in problem.rule
    assert accounts.assign_role(THERE, second) is None


def test_a_job_without_a_role_assigns_the_role_that_its_account_has_anyway() -> None:
    accounts = Accounts(default=AccountAccess(EVERYWHERE))
    assert accounts.assign_role_of_job(HERE, None) is None
    assert accounts.assign_role_of_job(HERE, EVERYWHERE) is None
    assert accounts.assign_role_of_job(HERE, None) is None
    problem = accounts.assign_role_of_job(HERE, LATER)
    assert problem is not None
    assert problem.rule.startswith(f"'{LATER}' is not the role ")
    assert "of earlier jobs; all jobs of the account" in problem.rule


@pytest.mark.parametrize(("other", "agree"), [(None, True), (EVERYWHERE, True), (ROLE, False)])
def test_rows_without_an_account_give_their_role_to_the_callers_own(
    other: str | None, *, agree: bool
) -> None:
    accounts = Accounts()
    assert accounts.assign_role(Lane("", "us-east-1"), EVERYWHERE, 5) is None
    if other is not None:
        assert accounts.assign_role(HERE, other, 2) is None
    problem = accounts.move_role("us-east-1", ACCOUNT)
    assert (problem is None) == agree
    assert accounts.row_roles() == {ACCOUNT: other or EVERYWHERE}
    assert problem is None or (problem.line, problem.field) == (5, "RoleArn")
    assert accounts.move_role("us-east-1", ACCOUNT) is None


REMEDY = "use a profile of that account, or a role in it: --role-arn, or RoleArn in --accounts"


@pytest.mark.parametrize(
    ("profile", "text"),
    [
        (
            None,
            f"account {ACCOUNT} is not {OTHER_ACCOUNT}, to which the credentials belong; {REMEDY}",
        ),
        (
            "p",
            f"account {ACCOUNT} is not {OTHER_ACCOUNT}, to which the profile p belongs; {REMEDY}",
        ),
    ],
)
def test_credentials_of_another_account_are_a_problem(profile: str | None, text: str) -> None:
    assert foreign_credentials(HERE, ACCOUNT, profile=profile) is None
    problem = foreign_credentials(HERE, OTHER_ACCOUNT, profile=profile)
    assert problem is not None
    assert (problem.field, problem.rule) == ("AccountId", text)


def test_a_template_gets_the_partition_of_the_lanes_region() -> None:
    accounts = Accounts(default=AccountAccess(EVERYWHERE))
    assert accounts.access(Lane(ACCOUNT, "cn-north-1")).role_arn == (
        f"arn:aws-cn:iam::{ACCOUNT}:role/everywhere"
    )


def test_the_flags_external_id_applies_to_every_role_without_its_own() -> None:
    entries = [
        Account(ACCOUNT, AccountAccess(ROLE, "own")),
        Account(OTHER_ACCOUNT, AccountAccess(profile="p")),
    ]
    accounts = Accounts(entries, AccountAccess(EVERYWHERE, "flag"))
    assert accounts.access(HERE).external_id == "own"
    assert accounts.access(Lane("000000000007", "us-east-1")).external_id == "flag"
    assert accounts.access(THERE).external_id is None
    accounts.assign_role(THERE, EVERYWHERE)
    assert accounts.access(THERE).external_id == "flag"


def test_a_role_of_another_account_is_a_problem() -> None:
    accounts = Accounts(default=AccountAccess(ROLE))
    assert accounts.problem(HERE) is None
    problem = accounts.problem(THERE)
    assert problem is not None
    assert problem.field == "RoleArn"
    assert OTHER_ACCOUNT in problem.rule


def test_regions_restrict_their_account_alone() -> None:
    entries = [
        Account(ACCOUNT, regions=("us-east-1",)),
        Account(OTHER_ACCOUNT, regions=("us-east-1", "eu-west-1")),
        Account("000000000007"),
    ]
    accounts = Accounts(entries)
    assert accounts.only_regions() == {ACCOUNT: "us-east-1"}
    assert accounts.problem(HERE) is None
    assert accounts.problem(Lane("000000000007", "eu-west-9")) is None
    assert accounts.problem(Lane(OTHER_ACCOUNT, "eu-west-1")) is None
    for account in (ACCOUNT, OTHER_ACCOUNT):
        problem = accounts.problem(Lane(account, "eu-west-2"))
        assert problem is not None
        assert problem.field == "Region"
        assert "us-east-1" in problem.rule
