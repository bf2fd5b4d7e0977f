"""A run is bound to where it was made: its endpoint, and the account that made it."""

from collections.abc import Callable

import boto3

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, ROLE, write_fleet
from .rollout_helpers import resume, rows, words

Start = Callable[..., Server]
TARGETS = "FunctionName\nfn-0\nfn-1\n"


def plan(bulkeic: Bulkeic, server: Server, *more: object, **env: str | None) -> None:
    bulkeic.write("targets.csv", TARGETS)
    planned = bulkeic(
        "plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--endpoint-url", server.url, *more, **env,
    )  # fmt: skip
    assert planned.code == 0, planned.err


def test_a_run_stores_its_endpoint_and_its_caller_and_shows_them_before_the_question(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)

    code, screen = bulkeic.asked("n\n", *words(server))

    assert code == 3
    assert f"on {server.url}" in screen.decode()
    stored = dict(rows(bulkeic.folder / "run.db", "SELECT key, value FROM run"))
    assert stored["place"] == server.url
    assert stored["account_id"] == ACCOUNT
    assert stored["caller_arn"].startswith(f"arn:aws:iam::{ACCOUNT}:")
    assert f"called by {stored['caller_arn']} of account {ACCOUNT}" in screen.decode()


def test_another_endpoint_is_refused_and_both_are_named(
    bulkeic: Bulkeic, server: Server, sandbox: Start
) -> None:
    other = sandbox("--rate", "unlimited")
    plan(bulkeic, server)

    for command in ("apply", "verify", "rollback"):
        yes = () if command == "verify" else ("--yes",)
        refused = bulkeic(command, "run.db", "--endpoint-url", other.url, *yes)
        assert refused.code == 2
        assert refused.err == (
            f"bulkeic: run file 'run.db' was made on {server.url}, but this command calls "
            f"{other.url}; use it with --endpoint-url {server.url}\n"
        )
    on_aws = bulkeic("apply", "run.db", "--yes")

    assert on_aws.code == 2
    assert f"was made on {server.url}, but this command calls AWS" in on_aws.err
    assert other.stats()["calls"] == 0
    assert server.calls() == 0


def test_an_endpoint_of_the_environment_counts_as_one_of_the_flag(
    bulkeic: Bulkeic, server: Server
) -> None:
    plan(bulkeic, server)

    result = bulkeic("apply", "run.db", "--yes", AWS_ENDPOINT_URL=server.url.upper()[:4].lower()
                     + server.url[4:] + "/")  # fmt: skip

    assert result.code == 0, result.err
    assert f"on {server.url}/" in result.err


def test_a_plan_of_the_sandbox_is_refused_on_aws_and_the_other_way_round(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    wanted = ("--maximum-retry-attempts", 1)
    assert bulkeic("plan", "targets.csv", "--sandbox", "--run", "box.db", *wanted).code == 0
    plan(bulkeic, server)

    on_aws = bulkeic("apply", "box.db", "--yes")
    on_server = bulkeic("apply", "box.db", "--yes", "--endpoint-url", server.url)
    in_sandbox = bulkeic("apply", "run.db", "--sandbox")

    assert [each.code for each in (on_aws, on_server, in_sandbox)] == [2, 2, 2]
    assert "was made on the sandbox, but this command calls AWS" in on_aws.err
    assert f"was made on the sandbox, but this command calls {server.url}" in on_server.err
    assert f"was made on {server.url}, but this command calls the sandbox" in in_sandbox.err


def test_a_caller_of_another_account_is_refused(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, OTHERS, (REGION,))
    planned = bulkeic(
        "plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--endpoint-url", server.url, "--role-arn", ROLE,
    )  # fmt: skip
    assert planned.code == 0, planned.err
    again = resume(server, "--yes", "--role-arn", ROLE)

    refused = bulkeic(*again, AWS_ACCESS_KEY_ID=f"AKIA{OTHERS[0]}")

    assert refused.code == 2
    (line,) = refused.lines
    assert f"of account {ACCOUNT}, but these credentials belong to " in line
    assert line.endswith(f"of account {OTHERS[0]}; use credentials of account {ACCOUNT}")
    assert server.calls() == 0
    assert bulkeic(*again).code == 0


def test_another_principal_of_the_same_account_is_a_note(bulkeic: Bulkeic, server: Server) -> None:
    plan(bulkeic, server)
    keys = assumed_keys(bulkeic, server, "deployer", "one")

    noted = bulkeic(*resume(server, "--yes"), **keys)

    assert noted.code == 0, noted.err
    (note,) = [line for line in noted.lines if line.startswith("note: ")]
    assert ":assumed-role/deployer/session-one continues it" in note


def test_another_session_of_the_same_role_is_no_note(bulkeic: Bulkeic, server: Server) -> None:
    plan(bulkeic, server, **assumed_keys(bulkeic, server, "deployer", "one"))

    result = bulkeic(*resume(server, "--yes"), **assumed_keys(bulkeic, server, "deployer", "two"))

    assert result.code == 0, result.err
    assert "note: " not in result.err


def assumed_keys(bulkeic: Bulkeic, server: Server, role: str, session: str) -> dict[str, str]:
    """The environment of a role's session, assumed with the SDK."""
    client = boto3.client(
        "sts", region_name=REGION, endpoint_url=server.url,
        aws_access_key_id=bulkeic.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=bulkeic.env["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
    keys = client.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName=f"session-{session}"
    )["Credentials"]
    client.close()
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }
