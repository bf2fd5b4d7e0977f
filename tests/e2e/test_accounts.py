"""How each account is reached (accounts file, roles, profiles), and accounts out of reach."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, ROLE, apply, by_account, call_recorder, role_in, write_fleet
from .test_interruptions import until_outcomes

Start = Callable[..., Server]
OTHER = OTHERS[0]
NOWHERE = "http://127.0.0.1:9"
PROFILE = f"""\
[profile elsewhere]
aws_access_key_id = AKIA{OTHERS[1]}
aws_secret_access_key = secret
"""
ENTRIES: list[dict[str, Any]] = [
    {"AccountId": ACCOUNT},
    {"AccountId": OTHERS[0], "RoleArn": ROLE, "ExternalId": "wanted", "Regions": [REGION]},
    {"AccountId": OTHERS[1], "Profile": "elsewhere", "Regions": [REGION, "eu-west-1"]},
]


def as_csv(entries: list[dict[str, Any]]) -> str:
    fields = ["AccountId", "RoleArn", "ExternalId", "Profile", "Regions"]
    rows = [
        ",".join(
            " ".join(cell) if isinstance(cell, list) else cell
            for cell in (entry.get(field, "") for field in fields)
        )
        for entry in entries
    ]
    return "\n".join([",".join(fields), *rows])


@pytest.mark.parametrize("name", ["accounts.csv", "accounts.json"])
def test_an_accounts_file_says_how_each_account_is_reached(
    bulkeic: Bulkeic, sandbox: Start, name: str
) -> None:
    server = sandbox("--rate", "unlimited", "--external-id", "wanted")
    text = {
        "accounts.csv": as_csv(ENTRIES),
        "accounts.json": json.dumps({"accounts": ENTRIES}),
        "accounts.jsonl": "\n".join(map(json.dumps, ENTRIES)),
    }
    bulkeic.write(name, text[name])
    config = bulkeic.write("config", PROFILE)
    # The second account's Region is not said: it may be worked on in one alone.
    rows = [f"a,{ACCOUNT},eu-west-1", f"b,{OTHERS[0]},", f"c,{OTHERS[1]},eu-west-1"]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))

    result = apply(
        bulkeic, server, "--accounts", name, "--region", "ap-south-1", AWS_CONFIG_FILE=str(config)
    )

    assert result.code == 0, result.err
    assert by_account(bulkeic, "region") == {
        ACCOUNT: {"eu-west-1"}, OTHERS[0]: {REGION}, OTHERS[1]: {"eu-west-1"},
    }  # fmt: skip
    assert server.stats()["by_operation"] == {
        "AssumeRole": 1, "GetCallerIdentity": 2, "UpdateFunctionEventInvokeConfig": 3,
    }  # fmt: skip


def test_a_role_is_assumed_by_the_profile_of_its_entry(bulkeic: Bulkeic) -> None:
    write_fleet(bulkeic, OTHERS[:1], (REGION,))
    entry = {"AccountId": OTHERS[0], "RoleArn": ROLE, "Profile": "elsewhere"}
    bulkeic.write("accounts.json", json.dumps([entry]))
    config = bulkeic.write("config", PROFILE)
    with call_recorder() as server:
        result = bulkeic(
            "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--accounts",
            "accounts.json", "--maximum-retry-attempts", 1, "--no-before-image",
            AWS_CONFIG_FILE=str(config),
        )  # fmt: skip

    assert result.code == 0, result.err
    assert [asked["RoleArn"] for asked in server.asked] == [role_in(OTHERS[0])]
    assert server.keys == [f"by-AKIA{OTHERS[1]}"] * 2


BAD_ENTRIES = {
    "AccountId,Nothing\n1,2": "accounts.csv:1: unknown column 'Nothing'; known are AccountId,",
    f"AccountId\n{ACCOUNT}\n{ACCOUNT}": f"accounts.csv:3: AccountId: {ACCOUNT} given twice",
    f"AccountId,RoleArn\n{ACCOUNT},{role_in(OTHER)}": (
        f"accounts.csv:2: RoleArn: '{role_in(OTHER)}' does not belong to the account {ACCOUNT}"
    ),
    "AccountId\n\udcff\udcfe": "accounts.csv:2: not UTF-8",
    "": "accounts.csv: empty; the first row names the columns",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD_ENTRIES)
def test_an_invalid_accounts_file_is_one_line_with_its_place(bulkeic: Bulkeic, text: str) -> None:
    write_fleet(bulkeic)
    path = bulkeic.folder / "accounts.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", NOWHERE, "--maximum-retry-attempts", 1,
        "--accounts", "accounts.csv", "--run", "run.db",
    )  # fmt: skip

    assert result.code == 2
    assert len(result.lines) == 1
    assert result.err.startswith(f"bulkeic: {BAD_ENTRIES[text]}")
    assert not (bulkeic.folder / "run.db").exists()


def test_a_missing_accounts_file_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)

    result = apply(bulkeic, server, "--accounts", "nowhere.csv")

    assert result.code == 2
    assert result.lines == ["bulkeic: nowhere.csv: cannot be read: No such file or directory"]


def test_a_region_that_the_accounts_file_does_not_allow_is_refused(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic, OTHERS[:1], (REGION, "eu-west-1"))
    bulkeic.write(
        "accounts.json", json.dumps([{"AccountId": OTHER, "Regions": "us-east-1,us-east-2"}])
    )

    result = apply(bulkeic, server, "--accounts", "accounts.json")

    assert result.code == 2
    assert "targets.csv:4: Region: eu-west-1 is not one of the Regions" in result.err
    assert server.calls() == 0


def test_an_account_that_cannot_be_reached_is_refused_before_any_call(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic, (ACCOUNT, OTHER), (REGION,))

    refused = apply(bulkeic, server)

    assert refused.code == 2
    assert len(refused.lines) == 2
    assert refused.lines[0] == (
        f"targets.csv:4: AccountId: account {OTHER} is not {ACCOUNT}, to which the credentials "
        "belong; use a profile of that account, or a role in it: --role-arn, or RoleArn in "
        "--accounts"
    )
    assert server.calls() == 0
    assert not list(bulkeic.folder.rglob("*.db"))

    rest = apply(bulkeic, server, "--skip-invalid")

    assert rest.code == 1
    assert by_account(bulkeic) == {ACCOUNT: {"updated"}, None: {"invalid"}}
    assert server.calls() == 2


def test_an_account_that_cannot_be_reached_is_refused_when_resuming(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic, OTHERS[:1], (REGION,), functions=30)
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--rate", 5, "--role-arn", ROLE,
    )  # fmt: skip
    until_outcomes(bulkeic.folder / "run.db", 1)
    process.terminate()
    process.communicate(timeout=20)
    sent = server.calls()

    refused = bulkeic("apply", "run.db", "--yes", "--endpoint-url", server.url)
    wrong = role_in(ACCOUNT)
    elsewhere = bulkeic(
        "apply", "run.db", "--yes", "--endpoint-url", server.url, "--role-arn", wrong
    )

    assert refused.code == elsewhere.code == 2
    assert len(refused.lines) == 1
    assert refused.err.startswith(
        f"bulkeic: jobs of {OTHER}/{REGION} are pending, but account {OTHER} is not {ACCOUNT}, to "
        "which the credentials belong; "
    )
    assert f"the role '{wrong}' does not belong to the account {OTHER}" in elsewhere.err
    assert server.calls() == sent


ONE, TWO, ELSEWHERE = role_in(OTHER, "one"), role_in(OTHER, "two"), role_in(OTHERS[1])
BAD_ROLES = {
    f"a,{OTHER},{ONE}\nb,{OTHER},{TWO}": (
        f"targets.csv:3: RoleArn: '{TWO}' is not the role '{ONE}' of line 2"
    ),
    f"a,{OTHER},{ELSEWHERE}": (
        f"targets.csv:2: RoleArn: '{ELSEWHERE}' does not belong to the target's account {OTHER}"
    ),
    f"a,{OTHER},deployer": "targets.csv:2: RoleArn: 'deployer' is not a role ARN; expected",
    f"a,{OTHER},arn:aws:iam::{{nope}}:role/x": "targets.csv:2: RoleArn: '{nope}' in ",
}


@pytest.mark.parametrize("rows", BAD_ROLES)
def test_an_invalid_role_in_a_row_is_reported_and_nothing_is_sent(
    bulkeic: Bulkeic, rows: str
) -> None:
    good = f"good,{OTHERS[1]},{role_in(OTHERS[1])}"
    bulkeic.write("targets.csv", f"FunctionName,AccountId,RoleArn\n{rows}\n{good}")

    refused = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", NOWHERE, "--maximum-retry-attempts", 1
    )

    assert refused.code == 2
    assert refused.lines[0].startswith(BAD_ROLES[rows])


def test_a_row_with_an_invalid_role_can_be_skipped(bulkeic: Bulkeic, server: Server) -> None:
    rows = [f"a,{OTHER},{ONE}", f"b,{OTHER},{TWO}", f"c,{OTHER},deployer"]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,RoleArn", *rows]))

    result = apply(bulkeic, server, "--skip-invalid")

    assert result.code == 1
    assert (result.summary["updated"], result.summary["invalid"]) == (1, 2)
    assert server.calls() == 1
