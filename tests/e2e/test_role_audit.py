"""What AssumeRole is told about a session, and what the run file keeps about who did what."""

from collections.abc import Callable
from typing import Any

import pytest

from bulkeic.version import __version__
from tests.documented_policies import allowed

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, ROLE, role_in
from .rollout_helpers import load, rows

Start = Callable[..., Server]
ROLES = ("--role-arn", ROLE)
MINIMAL = ("--session-policy", "minimal")
AUDIT = (
    "--source-identity", "jane@example.com", "--session-tag", "ticket=OPS-7",
    "--session-tag", "note=a=b é",
)  # fmt: skip
SAID = {
    "source_identity": "jane@example.com",
    "tags": {"ticket": "OPS-7", "note": "a=b é"},
}
PROFILE = f"""\
[profile own]
aws_access_key_id = AKIA{ACCOUNT}
aws_secret_access_key = secret
"""
HAD = {"MaximumRetryAttempts": 2}
WANTED = ("targets.csv", "--maximum-retry-attempts", 1)
CREATE = "--create-missing"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
SHORT = ("--concurrency", 1, "--requests", 10, "--warmup", 0)


def sessions(server: Server) -> list[dict[str, Any]]:
    """The role sessions that were asked for, the latest first."""
    calls = server.window("live")["last_calls"]
    return [call["session"] for call in calls if call["operation"] == "AssumeRole"]


def at(server: Server, *words: object) -> tuple[object, ...]:
    return (*words, "--endpoint-url", server.url, *ROLES)


@pytest.mark.parametrize("by", ["environment", "profile"])
def test_a_session_is_assumed_with_source_identity_and_tags(
    bulkeic: Bulkeic, server: Server, by: str
) -> None:
    bulkeic.write("targets.csv", f"FunctionName,AccountId\nfn,{OTHERS[0]}\n")
    config = bulkeic.write("config", PROFILE)
    access = ("--profile", "own") if by == "profile" else ()

    result = bulkeic(
        *at(server, "apply", *WANTED, "--yes", "--run", "run.db", *AUDIT, *MINIMAL, *access),
        AWS_CONFIG_FILE=str(config),
    )

    assert result.code == 0, result.err
    (session,) = sessions(server)
    assert session == {
        "role": role_in(OTHERS[0]),
        **SAID,
        "policy": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": sorted(allowed("apply")),
                    "Resource": f"arn:aws:lambda:*:{OTHERS[0]}:function:*",
                }
            ],
        },
    }
    back = next(line for line in result.lines if line.startswith("roll back with: "))
    for flag in ("--source-identity jane@example.com", "--session-policy minimal", "ticket=OPS-7"):
        assert flag in back


def test_without_these_flags_a_session_has_none(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", f"FunctionName,AccountId\nfn,{OTHERS[0]}\n")

    assert bulkeic(*at(server, "apply", *WANTED, "--yes")).code == 0

    assert sessions(server) == [
        {"role": role_in(OTHERS[0]), "source_identity": None, "tags": {}, "policy": None}
    ]


# Each section of the docs: the commands that have its permissions.
SECTIONS: dict[str, tuple[tuple[object, ...], ...]] = {
    "apply": (
        ("apply", *WANTED, "--run", "run.db"),
        ("apply", *WANTED, "--waves", "50%,100%", "--max-failures", 9),
        ("apply", "targets.csv", "--on-failure", QUEUE, "--no-before-image"),
    ),
    "rollback": (("rollback", "run.db", "--run", "back.db"),),
    "verify": (("verify", *WANTED), ("rollback", "run.db", "--plan", "--run", "plan.db")),
    "plan": (("plan", *WANTED, CREATE, "--run", "changes.db"),),
    "apply --create-missing": (("apply", "changes.db"), ("apply", *WANTED, CREATE)),
    "bench": (("bench", "targets.csv", *SHORT),),
    "bench --operation update": (("bench", "targets.csv", *SHORT, "--operation", "update"),),
}


def test_the_minimal_policy_is_enough_for_each_command(bulkeic: Bulkeic, sandbox: Start) -> None:
    bulkeic.write("targets.csv", "FunctionName\na\nb\nbare\ngone\n")
    bulkeic.write("none.csv", "FunctionName\nother\n")
    server = sandbox("--rate", "unlimited", "--targets", "none.csv")
    load(server, {"a": HAD, "b": {"MaximumRetryAttempts": 1}, "bare": None})
    for section, commands in SECTIONS.items():
        for words in commands:
            yes = () if words[0] in {"plan", "verify"} or "--plan" in words else ("--yes",)
            rate = () if words[0] == "bench" else ("--rate", "unlimited")

            result = bulkeic(*at(server, *words, *yes, *rate, *MINIMAL, "--output", "json"))

            assert result.code in {0, 1, 4}, (words, result.err)
            assert "AccessDenied" not in result.out + result.err, words
            (statement,) = sessions(server)[0]["policy"]["Statement"]
            assert set(statement["Action"]) == allowed(section), words


def test_the_minimal_policy_is_enough_for_a_discovery(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox(
        "--functions", 5, "--accounts", 2, "--regions", 2, "--varied", "--rate", "unlimited"
    )
    bulkeic.write("accounts.csv", f"AccountId,RoleArn\n{ACCOUNT},{role_in(ACCOUNT)}\n")
    words = (
        "discover", "--accounts", "accounts.csv", "--rate", "unlimited", *MINIMAL, *AUDIT,
        "--endpoint-url", server.url, "--qualifiers", "aliases", "--with-config", "--tag", "team",
    )  # fmt: skip

    everything, less = bulkeic(*words), bulkeic(*words[:-5], "--regions", REGION)

    assert (everything.code, less.code) == (0, 0), everything.err + less.err
    later, first = sessions(server)
    assert first.items() >= SAID.items()
    assert set(first["policy"]["Statement"][0]["Action"]) == allowed("discover")
    assert later["policy"]["Statement"] == [
        {"Effect": "Allow", "Action": ["lambda:ListFunctions"], "Resource": "*"}
    ]


def test_the_run_file_keeps_who_did_what_where_and_how(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName\nfn\n")
    access = ("--endpoint-url", server.url)
    assert bulkeic("plan", *WANTED, "--run", "run.db", *access, "--timeout", "5s").code == 0
    assert bulkeic("apply", "run.db", "--yes", *access, "--rate", "unlimited").code == 0

    lines = bulkeic("report", "run.db").out.splitlines()

    by = f"    by arn:aws:iam::{ACCOUNT}:user/sandbox, bulkeic {__version__}: "
    found = [line for line in lines if line.startswith("    by ")]
    assert [line.removeprefix(by) for line in found] == [
        f"--endpoint-url {server.url} --timeout 5 --run run.db --maximum-retry-attempts 1",
        f"--endpoint-url {server.url} --yes --rate unlimited",
    ]
    assert f", on {server.url}, created " in lines[0]
    stored = "SELECT doing, version, caller_arn FROM session"
    arn = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    assert rows(bulkeic.folder / "run.db", stored) == [
        ("plan", __version__, arn), ("apply", __version__, arn)
    ]  # fmt: skip


INVALID: dict[tuple[str, ...], str] = {
    ("--source-identity", "jane doe"): (
        "'jane doe' is not a source identity; expected 2 to 64 letters, digits and _+=,.@-"
    ),
    ("--session-tag", "ticket"): "'ticket' is not a tag; expected KEY=VALUE, such as ticket=OPS-7",
    ("--session-tag", "aws:x=y"): "the key 'aws:x' begins with aws:, which AWS reserves",
    ("--session-tag", "Team=a", "--session-tag", "team=b"): (
        "--session-tag: 'Team' and 'team' are one key: case does not matter"
    ),
    ("--session-policy", "maximal"): "'maximal' is invalid; expected minimal",
}


@pytest.mark.parametrize("flags", INVALID)
def test_what_sts_would_refuse_is_one_line(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    bulkeic.write("targets.csv", "FunctionName\nfn\n")

    result = bulkeic(*at(server, "apply", *WANTED, "--yes", *flags))

    assert result.code == 2
    assert INVALID[flags] in result.err
    assert server.stats()["calls"] == 0


@pytest.mark.parametrize("flags", [AUDIT[:2], AUDIT[2:4], MINIMAL])
def test_an_account_without_a_role_is_refused(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    bulkeic.write("targets.csv", "FunctionName\nfn\n")

    result = bulkeic("apply", *WANTED, "--yes", "--endpoint-url", server.url, *flags)

    assert result.code == 2
    assert (
        f"targets.csv:2: RoleArn: account {ACCOUNT} is reached without a role, and {flags[0]} "
        "needs one; give --role-arn or --accounts"
    ) in result.err
    assert server.calls() == 0
    rehearsed = bulkeic("apply", *WANTED, "--yes", "--sandbox", *flags)
    assert rehearsed.code == 0, rehearsed.err
