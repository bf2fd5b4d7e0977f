"""Where discover looks, and what it says of places that it cannot read: one line each."""

import json
import shlex
from collections.abc import Callable

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .discover_helpers import (
    READER,
    calls_by_operation,
    discover,
    found_keys,
    found_rows,
    scenario,
    there_is,
)

Start = Callable[..., Server]
DENIED = ("123456789014", "123456789020", "123456789031")
FLEET = ("--functions", 3, "--regions", 2, "--organization")


def accounts_of(text: str) -> set[str]:
    return {key[0] for key in found_keys(text)}


def test_an_organization_is_read_through_a_role_in_each_account(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox(*FLEET, "--accounts", 6, "--rate", "unlimited")

    result = discover(bulkeic, server, "--organization", "--role-arn", READER)

    assert result.code == 0, result.err
    assert found_keys(result.out) == there_is(server)
    assert calls_by_operation(server) == {
        "ListAccounts": 1, "AssumeRole": 5, "ListRegions": 6, "ListFunctions": 12,
    }  # fmt: skip
    roles = {row["AccountId"]: row["RoleArn"] for row in found_rows(result.out)}
    assert roles == {
        account: "" if account == ACCOUNT else READER.format(account=account) for account in roles
    }


def test_units_are_read_with_their_children_without_excluded_accounts(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox(*FLEET, "--accounts", 12, "--rate", "unlimited")
    units = server.window("organization")
    members = server.window("accounts")["organization"]["accounts"]
    inside = sorted(
        account
        for account, member in members.items()
        if member.get("unit", "").startswith("workloads") and member.get("status") != "SUSPENDED"
    )

    result = discover(
        bulkeic, server, "--ou", units["workloads"], "--exclude-account", inside[0],
        "--exclude-account", "999999999999", "--role-arn", READER,
    )  # fmt: skip

    assert result.code == 0, result.err
    assert accounts_of(result.out) == set(inside[1:])
    assert (
        result.lines[0]
        == "--exclude-account 999999999999 excludes nothing: no such account was found"
    )


def test_roles_that_are_missing_in_3_of_40_accounts_are_one_line_each(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    options = scenario(bulkeic, denied_roles=DENIED)
    server = sandbox(*FLEET, "--accounts", 40, "--scenario", options)

    for regions in ((), ("--regions", f"{REGION},us-east-2")):
        result = discover(
            bulkeic, server, "--organization", "--role-arn", READER, *regions, "--out",
            f"found-{len(regions)}.csv",
        )  # fmt: skip

        assert result.code == 1, result.err
        wanted = there_is(server, which=lambda each: each["AccountId"] not in DENIED)
        assert found_keys((bulkeic.folder / f"found-{len(regions)}.csv").read_text()) == wanted
        unread = [line for line in result.lines if line.startswith("not read: ")]
        assert [line.split()[3].rstrip(":") for line in unread] == list(DENIED)
        assert all("AssumeRole arn:aws:iam::" in line for line in unread)
        assert all(line.endswith("--exclude-account leaves the account out") for line in unread)
        assert result.lines[-1].startswith("resume with: bulkeic discover --run ")
    assert server.calls("AssumeRole") == 2 * 39  # the final refusal is not asked for again
    kept = list((bulkeic.folder / "bulkeic-runs").iterdir())
    assert [file.suffix for file in kept] == [".discovery"] * 2  # not among the run files, *.db


def test_places_that_could_not_be_read_are_read_later(bulkeic: Bulkeic, sandbox: Start) -> None:
    options = scenario(
        bulkeic, denied_roles=DENIED[:1],
        denied_operations={"123456789013/us-east-2": ["lambda:ListFunctions"]},
    )  # fmt: skip
    server = sandbox(*FLEET, "--accounts", 4, "--scenario", options)
    first = discover(bulkeic, server, "--organization", "--role-arn", READER, "--out", "found.csv")
    assert first.code == 1, first.err
    assert len(found_keys((bulkeic.folder / "found.csv").read_text())) == 24 - 3 - 6
    server.window("accounts", {**server.window("accounts"), "denied_roles": [],
                               "denied_operations": {}}, "PUT")  # fmt: skip
    server.window("reset-stats", {}, "POST")

    words = first.lines[-1].replace("'", "").split()[3:]
    again = bulkeic(*words)

    assert again.code == 0, again.err
    assert "--out" in words
    assert found_keys((bulkeic.folder / words[words.index("--out") + 1]).read_text()) == there_is(
        server
    )
    # What was read is not read again.
    assert calls_by_operation(server)["ListFunctions"] == 3


def test_a_lane_that_denies_calls_for_each_function_is_one_line(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    denied = {"123456789013": ["lambda:ListAliases"]}
    server = sandbox(
        "--functions", 260, "--varied", "--accounts", 2, "--organization",
        "--scenario", scenario(bulkeic, denied_operations=denied),
    )  # fmt: skip

    result = discover(
        bulkeic, server, "--organization", "--role-arn", READER, "--qualifiers", "aliases"
    )

    assert result.code == 1, result.err
    assert accounts_of(result.out) == {ACCOUNT}
    (line,) = (line for line in result.lines if line.startswith("not read: "))
    assert "123456789013 in us-east-1" in line
    assert "is not authorized to perform: lambda:ListAliases" in line
    assert "docs/reference/permissions.md" in line

    server.window("accounts", {**server.window("accounts"), "denied_operations": {}}, "PUT")
    again = bulkeic(*shlex.split(result.lines[-1])[3:])

    assert again.code == 0, again.err
    assert found_keys(again.out) == there_is(server, lambda each: sorted(each["Aliases"]))


def test_a_region_that_is_not_enabled_is_one_line(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox(*FLEET, "--rate", "unlimited")

    result = discover(bulkeic, server, "--regions", f"{REGION},ap-east-1")

    assert result.code == 1, result.err
    assert found_keys(result.out) == there_is(server, which=lambda each: each["Region"] == REGION)
    (line,) = (line for line in result.lines if line.startswith("not read: "))
    assert "in ap-east-1: UnrecognizedClientException" in line
    assert line.endswith("--regions '!ap-east-1' leaves it out")


def test_regions_that_match_nothing_are_one_line(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox(*FLEET, "--accounts", 2, "--rate", "unlimited")
    bulkeic.write("accounts.json", json.dumps([{"AccountId": ACCOUNT, "Regions": [REGION]}]))

    for where in ((), ("--organization", "--role-arn", READER), ("--accounts", "accounts.json")):
        result = discover(bulkeic, server, *where, "--regions", "eu-*", "--out", "found.csv")

        assert result.code == 2, result.err
        assert len(result.lines) == 1, result.err
        assert "--regions eu-* matches no Region that is enabled for the account" in result.err
        assert not (bulkeic.folder / "found.csv").exists()
        assert list((bulkeic.folder / "bulkeic-runs").iterdir()) == []


def test_a_region_that_does_not_limit_the_discovery_is_named(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox(*FLEET, "--rate", "unlimited")

    everywhere = discover(bulkeic, server, "--region", REGION)
    there = discover(bulkeic, server, "--region", "us-east-2", "--regions", REGION)

    assert everywhere.code == there.code == 0, everywhere.err + there.err
    assert f"use --regions {REGION} for that one alone" in everywhere.lines[0]
    assert {key[1] for key in found_keys(everywhere.out)} == {REGION, "us-east-2"}
    assert "--region " not in there.err
    assert {key[1] for key in found_keys(there.out)} == {REGION}


def test_a_list_that_is_given_twice_adds_up(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--functions", 4, "--regions", 3, "--varied", "--rate", "unlimited")
    apart = ("--regions", REGION, "--regions", "us-west-1,us-east-1", "--qualifiers", "latest",
             "--qualifiers", "versions", "--run", "found.discovery")  # fmt: skip

    result = discover(bulkeic, server, *apart)
    together = discover(
        bulkeic, server, "--regions", "us-east-1,us-west-1", "--qualifiers", "latest,versions",
        "--run", "found.discovery",
    )  # fmt: skip

    assert result.code == together.code == 0, result.err + together.err
    assert {key[1] for key in found_keys(result.out)} == {REGION, "us-west-1"}
    assert {key[3] for key in found_keys(result.out)} >= {"$LATEST", "1"}
    assert together.out == result.out


def test_an_accounts_file_says_where_and_how(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--functions", 2, "--accounts", 3, "--regions", 3, "--rate", "unlimited")
    role = READER.format(account="123456789013")
    rows = [
        {"AccountId": ACCOUNT, "Regions": [REGION]},
        {"AccountId": "123456789013", "RoleArn": role, "Regions": ["us-east-2", REGION]},
    ]
    bulkeic.write("accounts.json", json.dumps(rows))

    result = discover(bulkeic, server, "--accounts", "accounts.json", "--regions", "us-*")

    assert result.code == 0, result.err
    lanes = {key[:2] for key in found_keys(result.out)}
    assert lanes == {(ACCOUNT, REGION), ("123456789013", REGION), ("123456789013", "us-east-2")}
    assert {row["RoleArn"] for row in found_rows(result.out)} == {"", role}


def test_a_bad_accounts_file_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("accounts.csv", "AccountId,RoleArn\n12,\n")

    result = discover(bulkeic, server, "--accounts", "accounts.csv", "--run", "found.db")

    assert result.code == 2, result.err
    assert len(result.lines) == 1, result.err
    assert result.err.startswith("bulkeic: accounts.csv:2: AccountId: ")
    assert server.stats()["calls"] == 0
    assert [path.name for path in bulkeic.folder.iterdir()] == ["accounts.csv"]


def test_a_denied_organization_is_one_line(bulkeic: Bulkeic, sandbox: Start) -> None:
    denied = {"*": ["organizations:*"]}
    server = sandbox(*FLEET, "--scenario", scenario(bulkeic, denied_operations=denied))

    result = discover(bulkeic, server, "--organization", "--role-arn", READER)

    assert result.code == 2, result.err
    assert len(result.lines) == 1, result.err
    assert "ListAccounts" in result.err
    assert "not authorized to perform: organizations:ListAccounts" in result.err
    assert list((bulkeic.folder / "bulkeic-runs").iterdir()) == []


def test_credentials_that_sts_refuses_are_one_line(bulkeic: Bulkeic, server: Server) -> None:
    result = discover(bulkeic, server, "--regions", REGION, AWS_SECRET_ACCESS_KEY="wrong")

    assert result.code == 2, result.err
    assert len(result.lines) == 1, result.err
    assert list((bulkeic.folder / "bulkeic-runs").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--organization",), "requires access to its accounts"),
        (("--organization", "--role-arn", READER.format(account=ACCOUNT)), "{account}"),
        (("--regions", "mars"), "mars"),
        (("--regions", "all"), "omit the flag for all enabled Regions"),
        (("--qualifiers", "newest"), "newest"),
        (("--where", "Runtme == 'x'"), "Runtime"),
        (("--output", "json"), "--out"),
        (("--out", "found.txt"), ".csv"),
        (("--source", "config", "--qualifiers", "versions"), "versions"),
        (("--modified-since", "yesterday"), "yesterday"),
    ],
)
def test_bad_flags_are_one_line_and_nothing_is_called(
    bulkeic: Bulkeic, server: Server, words: tuple[str, ...], says: str
) -> None:
    result = discover(bulkeic, server, *words)

    assert result.code == 2, result.err
    assert says in result.err
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "bulkeic-runs").exists()


def test_a_region_that_is_not_enabled_keeps_its_reason(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--functions", 3, "--varied", "--organization", "--rate", "unlimited")
    flags = ("--regions", f"{REGION},us-west-*,ap-east-1", "--managed-by", "none")

    first = discover(bulkeic, server, *flags, "--run", "found.db")
    again = discover(bulkeic, server, "--run", "found.db")

    for result in (first, again):
        assert result.code == 1, result.err
        (line,) = (line for line in result.lines if line.startswith("not read: "))
        assert line.endswith(
            "in ap-east-1: RegionNotEnabled: the Region is not enabled for the account; "
            "--regions '!ap-east-1' leaves it out"
        )
    assert again.out == first.out


def test_a_lane_without_answers_does_not_keep_the_others_from_being_written(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    options = scenario(bulkeic, lanes={f"{ACCOUNT}/us-east-2": {"hang": 1.0}})
    server = sandbox("--functions", 3, "--regions", 2, "--scenario", options)
    patience = ("--timeout", 0.2, "--give-up-after", 0.5)

    first = discover(bulkeic, server, "--regions", "us-east-1,us-east-2", *patience)
    again = bulkeic(*shlex.split(first.lines[-1])[3:])

    for result in (first, again):
        assert result.code == 1, result.err
        assert {key[1] for key in found_keys(result.out)} == {"us-east-1"}
        (line,) = (line for line in result.lines if line.startswith("not read: "))
        assert f"account {ACCOUNT} in us-east-2: " in line
        assert "no answer for 0.5 s" in line


def test_a_discovery_without_any_answer_stops(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--functions", 3, "--regions", 2, "--scenario", scenario(bulkeic, hang=1.0))

    result = discover(
        bulkeic, server, "--regions", "us-east-1,us-east-2", "--timeout", 0.2, "--give-up-after",
        0.5,
    )  # fmt: skip

    assert result.code == 3, result.err
    assert result.out == ""
    assert "stopped: no answer for 0.5 s" in result.err
    assert result.lines[-1].startswith("resume with: bulkeic discover --run ")


def test_a_profile_that_does_not_work_is_one_line(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--functions", 3, "--accounts", 3, "--rate", "unlimited")
    profiles = {"works": ("AKIA123456789013", "secret"), "fails": ("AKIA123456789014", "wrong")}
    bulkeic.write(
        "credentials",
        "".join(
            f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n"
            for name, (key, secret) in profiles.items()
        ),
    )
    bulkeic.write(
        "accounts.csv",
        f"AccountId,Profile,Regions\n{ACCOUNT},,{REGION}\n123456789013,works,{REGION}\n"
        f"123456789014,fails,{REGION}\n",
    )

    result = discover(
        bulkeic, server, "--accounts", "accounts.csv", AWS_SHARED_CREDENTIALS_FILE="credentials"
    )

    assert result.code == 1, result.err
    assert accounts_of(result.out) == {ACCOUNT, "123456789013"}
    (line,) = (line for line in result.lines if line.startswith("not read: "))
    assert "account 123456789014: " in line
    assert "SignatureDoesNotMatch" in line
