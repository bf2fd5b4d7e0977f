"""Many accounts in one run: each with its role, its credentials and its own faults."""

import json
import signal
from collections.abc import Callable

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import ACCOUNTS, OTHERS, ROLE, apply, by_account, call_recorder, role_in, write_fleet
from .test_interruptions import until_outcomes

Start = Callable[..., Server]
DENIED = "arn:aws:iam::{account}:role/is-denied"


def test_a_role_is_assumed_once_for_each_account(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)

    result = apply(bulkeic, server, "--role-arn", ROLE)

    assert result.code == 0, result.err
    assert (result.summary["updated"], result.summary["lanes"]) == (12, 6)
    stats = server.stats()
    assert stats["by_operation"] == {
        "GetCallerIdentity": 1, "AssumeRole": 3, "UpdateFunctionEventInvokeConfig": 12,
    }  # fmt: skip
    assert {lane: counts["calls"] for lane, counts in stats["by_lane"].items()} == {
        f"{account}/{region}": 2 for account in ACCOUNTS for region in (REGION, "eu-west-1")
    }


def test_the_role_options_reach_sts(bulkeic: Bulkeic) -> None:
    write_fleet(bulkeic, OTHERS[:1])
    with call_recorder() as server:
        result = bulkeic(
            "apply", "targets.csv", "--yes", "--endpoint-url", server.url,
            "--maximum-retry-attempts", 1, "--role-arn", ROLE, "--external-id", "x-42:/",
            "--role-session-name", "deploy@7", "--duration", 43200, "--no-before-image",
        )  # fmt: skip

    assert result.code == 0, result.err
    (asked,) = server.asked
    assert asked["RoleArn"] == role_in(OTHERS[0])
    assert asked["ExternalId"] == "x-42:/"
    assert asked["RoleSessionName"] == "deploy@7"
    assert asked["DurationSeconds"] == "43200"
    assert server.keys == [f"by-AKIA{ACCOUNT}"] * 4


def test_sts_gets_only_the_options_that_were_given(bulkeic: Bulkeic) -> None:
    write_fleet(bulkeic, OTHERS[:1])
    with call_recorder() as server:
        result = bulkeic(
            "apply", "targets.csv", "--yes", "--endpoint-url", server.url,
            "--maximum-retry-attempts", 1, "--role-arn", ROLE, "--no-before-image",
        )  # fmt: skip

    assert result.code == 0, result.err
    (asked,) = server.asked
    assert "ExternalId" not in asked
    assert (asked["RoleSessionName"], asked["DurationSeconds"]) == ("bulkeic", "3600")


def test_a_rows_role_beats_the_flag_for_its_account(bulkeic: Bulkeic, server: Server) -> None:
    rows = [f"a,{ACCOUNT},", f"b,{OTHERS[0]},{role_in(OTHERS[0])}", f"c,{OTHERS[0]},"]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,RoleArn", *rows]))

    result = apply(bulkeic, server, "--role-arn", DENIED)

    assert result.code == 1, result.err
    assert by_account(bulkeic) == {ACCOUNT: {"failed"}, OTHERS[0]: {"updated"}}
    assert server.calls("AssumeRole") == 2


def test_a_row_may_name_its_account_by_its_role_alone(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", f"FunctionName,RoleArn\na,{role_in(OTHERS[0])}\n")

    result = apply(bulkeic, server)

    assert result.code == 0, result.err
    assert by_account(bulkeic) == {OTHERS[0]: {"updated"}}
    assert server.calls("GetCallerIdentity") == 1  # whose run it is


def test_only_the_denied_account_stops(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, OTHERS, functions=1000)
    roles = {OTHERS[0]: role_in(OTHERS[0], "is-denied"), OTHERS[1]: role_in(OTHERS[1])}
    entries = [{"AccountId": account, "RoleArn": role} for account, role in roles.items()]
    bulkeic.write("accounts.json", json.dumps(entries))

    result = apply(bulkeic, server, "--accounts", "accounts.json")

    assert result.code == 3, result.err
    assert (result.summary["failed"], result.summary["pending"]) == (0, 2000)
    assert result.summary["calls"] == server.calls() == 2000
    assert result.summary["elapsed_s"] < 50  # of 120 until it gives up
    assert server.calls("AssumeRole") == 2
    assert by_account(bulkeic) == {OTHERS[1]: {"updated"}}
    stopped = [line for line in result.lines if line.startswith("lane ")]
    assert len(stopped) == 2
    assert all(
        f"20 jobs in a row were denied: AccessDenied: AssumeRole {roles[OTHERS[0]]}: "
        f"User: arn:aws:iam::{ACCOUNT}:user/"
        in line
        and "is not authorized to perform: sts:AssumeRole" in line
        for line in stopped
    )


def test_each_role_gets_its_external_id(bulkeic: Bulkeic, sandbox: Start) -> None:
    wanted = {OTHERS[0]: "one", OTHERS[1]: "another"}
    bulkeic.write("scenario.json", json.dumps({"rate": "unlimited", "external_ids": wanted}))
    server = sandbox("--scenario", "scenario.json")
    write_fleet(bulkeic, OTHERS)
    entries = [f"{account},{role_in(account)},{wanted[account]}" for account in OTHERS]
    bulkeic.write("accounts.csv", "\n".join(["AccountId,RoleArn,ExternalId", *entries]))

    right = apply(bulkeic, server, "--accounts", "accounts.csv")
    wrong = apply(bulkeic, server, "--role-arn", ROLE, "--external-id", "one", "--overwrite")

    assert right.code == 0, right.err
    assert wrong.code == 1, wrong.err
    assert by_account(bulkeic) == {OTHERS[0]: {"updated"}, OTHERS[1]: {"failed"}}
    assert wrong.summary["errors"] == {"AccessDenied": 4}
    (message,) = by_account(bulkeic, "error_message")[OTHERS[1]]
    assert message.startswith(f"AssumeRole {role_in(OTHERS[1])}: User: arn:aws:iam::{ACCOUNT}:")
    assert "the credentials need sts:AssumeRole" in wrong.err
    assert server.calls("AssumeRole") == 4


def test_credentials_that_expire_during_the_run_are_renewed(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox("--rate", "unlimited", "--session-duration", 3)
    write_fleet(bulkeic, functions=45)

    result = apply(bulkeic, server, "--role-arn", ROLE, "--rate", 5, "--burst", 2)

    assert result.code == 0, result.err
    assert result.summary["updated"] == 270
    elapsed_s = result.summary["elapsed_s"]
    assert elapsed_s > 8
    # Three accounts, each three times at least, and once a second at most.
    assert 9 <= server.calls("AssumeRole") <= 3 * (elapsed_s + 1)
    assert result.summary["retries"] <= 54  # a fifth; most are renewed before


def test_keys_that_the_server_calls_expired_are_renewed(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--expired", 0.2, "--seed", 3)
    write_fleet(bulkeic, functions=20)

    result = apply(bulkeic, server, "--role-arn", ROLE)

    assert result.code == 0, result.err
    assert result.summary["updated"] == 120
    assert result.summary["retries"] > 0


def test_a_run_is_resumed_with_the_roles_that_it_started_with(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    # Where rows have a role of their own, the flag's is denied.
    scenario = {"rate": "unlimited", "external_ids": {f"{OTHERS[0]}/deployer": "unknown"}}
    bulkeic.write("scenario.json", json.dumps(scenario))
    server = sandbox("--scenario", "scenario.json")
    rows = [f"fn-{number},{OTHERS[0]},{role_in(OTHERS[0], 'own')}" for number in range(40)]
    rows += [f"fn-{number},{OTHERS[1]}," for number in range(40)]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,RoleArn", *rows]))
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--rate", 10, "--burst", 5, "--role-arn", ROLE,
        "--role-session-name", "first", "--duration", 900,
    )  # fmt: skip
    until_outcomes(bulkeic.folder / "run.db", 5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    last = err.splitlines()[-1]

    assert process.returncode == 3, err
    for flag in (f"--role-arn '{ROLE}'", "--role-session-name first", "--duration 900"):
        assert flag in last
    words = last.replace("'", "").split()[3:]
    resumed = bulkeic(*words, "--rate", "unlimited", "--output", "json")

    assert resumed.code == 0, resumed.err
    assert resumed.summary["updated"] == server.calls() == 80
    assert server.calls("AssumeRole") == 4


def test_a_region_of_another_partition_has_its_own_arns(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, OTHERS[:1], ("cn-north-1",))
    destination = "arn:{partition}:sqs:{region}:{account}:{function}-dead"

    result = apply(
        bulkeic, server, "--role-arn", "arn:{partition}:iam::{account}:role/deployer",
        "--on-failure", destination,
    )  # fmt: skip

    assert result.code == 0, result.err
    outcome = bulkeic.outcomes("r.jsonl")[0]
    name, place = outcome["function_name"], f"cn-north-1:{OTHERS[0]}"
    assert outcome["function_arn"] == f"arn:aws-cn:lambda:{place}:function:{name}"
    assert outcome["settings"]["DestinationConfig"] == {
        "OnSuccess": {},
        "OnFailure": {"Destination": f"arn:aws-cn:sqs:{place}:{name}-dead"},
    }
