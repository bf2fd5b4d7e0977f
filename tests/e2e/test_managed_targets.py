"""Who manages the targets: shown everywhere, and a reason to leave them out."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from bulkeic.core.model import Settings
from tests.documented_policies import allowed
from tests.iac.terraform_shows import config, function, state

from .conftest import ACCOUNT, REGION, Bulkeic, Server

SHOP = {"aws:cloudformation:stack-name": "shop"}
TAGS: dict[str, dict[str, str]] = {
    "by-stack": SHOP,
    "by-sam": SHOP | {"lambda:createdBy": "SAM"},
    "by-terraform": {"Terraform": "true"},
    "by-hand": {"team": "orders"},
    "untagged": {},
}
OWNERS = {
    "by-stack": "cloudformation:shop",
    "by-sam": "sam:shop",
    "by-terraform": "terraform",
    "by-hand": None,
    "untagged": None,
}
MANAGED = [name for name, owner in OWNERS.items() if owner]
WANTED = ("--maximum-retry-attempts", 1)
COUNTS = (
    "managed: 1 by CloudFormation in 1 stack, 1 by SAM in 1 stack, 1 by Terraform; "
    "2 by no known tool"
)
WARNING = (
    "warning: the next deployment may overwrite 3 targets, if their code declares event-invoke "
    "settings:"
)
STATE = {
    f"{ACCOUNT}/{REGION}": {
        name: {
            "$LATEST": {"MaximumRetryAttempts": 2},
            "live": {"MaximumRetryAttempts": 2},
            ":facts": {"Tags": tags},
        }
        for name, tags in TAGS.items()
    }
}


@pytest.fixture
def fleet(bulkeic: Bulkeic, server: Server) -> Server:
    """Functions with tags, and a file that names each of them."""
    server.window("state", STATE, "PUT")
    bulkeic.write("targets.csv", "\n".join(["FunctionName", *TAGS, ""]))
    return server


def owned(outcomes: list[dict[str, Any]]) -> dict[str, str | None]:
    return {each["function_name"]: each["managed_by"] for each in outcomes}


def test_a_plan_shows_what_manages_each_target(bulkeic: Bulkeic, fleet: Server) -> None:
    at = ("--endpoint-url", fleet.url)
    plan = bulkeic("plan", "targets.csv", *WANTED, "--read-tags", "--run", "p.db", "--diff", *at)

    assert plan.code == 0, plan.err
    assert COUNTS in plan.lines
    assert plan.lines[plan.lines.index(WARNING) + 1] == "  2 in stack shop, 1 by Terraform"
    assert "by-sam:$LATEST  (targets.csv:3, managed by sam:shop)" in plan.out
    assert "by-hand:$LATEST  (targets.csv:5)" in plan.out
    assert fleet.stats()["by_operation"]["GetResources"] == 1

    report = json.loads(bulkeic("report", "p.db", "--json").out)["managed"]
    assert (report["unmanaged"], report["unread"]) == (2, 0)
    assert [each["manager"] for each in report["owners"]] == ["cloudformation", "sam", "terraform"]
    forms = bulkeic("report", "p.db", "--markdown", "r.md", "--html", "r.html")
    assert COUNTS in forms.out.splitlines()
    for name in ("r.md", "r.html"):
        assert COUNTS.removeprefix("managed: ") in (bulkeic.folder / name).read_text()


def test_outcomes_know_what_manages_their_targets(bulkeic: Bulkeic, fleet: Server) -> None:
    at = ("--endpoint-url", fleet.url)
    more = ("--read-tags", "--run", "r.db", "--results", "o.jsonl", "--output", "json", "--yes")
    done = bulkeic("apply", "targets.csv", *WANTED, *more, *at)

    assert done.code == 0, done.err
    counts = {"cloudformation": 1, "sam": 1, "serverless": 0, "terraform": 1, "none": 2}
    assert done.summary["managed"] == counts | {"unread": 0}
    assert [line for line in done.lines if line == COUNTS] == [COUNTS] * 2  # at start and end
    assert owned(bulkeic.outcomes("o.jsonl")) == OWNERS
    with closing(sqlite3.connect(bulkeic.folder / "r.db")) as database:
        assert dict(database.execute("SELECT function, managed_by FROM result")) == OWNERS
    rows = csv.DictReader(bulkeic("export", "r.db", "--format", "csv").out.splitlines())
    assert {row["function_name"]: row["managed_by"] or None for row in rows} == OWNERS

    back = bulkeic("rollback", "r.db", "--run", "back.db", "--only-managed", "--yes", *at)
    assert back.code == 0, back.err
    assert WARNING not in back.lines  # it restores what their code may declare
    exported = bulkeic("export", "back.db").out.splitlines()
    assert owned(list(map(json.loads, exported))) == {name: OWNERS[name] for name in MANAGED}
    drift = bulkeic("verify", "r.db", *at)
    assert drift.code == 4
    assert "(targets.csv:4, managed by terraform)" in drift.out


def test_managed_targets_are_left_out(bulkeic: Bulkeic, fleet: Server) -> None:
    at = ("--endpoint-url", fleet.url, "--yes")
    skipped = bulkeic("apply", "targets.csv", *WANTED, "--skip-managed", "--limit", 1, *at)
    assert skipped.code == 0, skipped.err
    assert "4 targets left out by the selection" in skipped.lines
    assert "managed: 1 by no known tool" in skipped.lines
    assert (changed(fleet), fleet.calls()) == (["by-hand"], 1)

    planned = bulkeic("plan", "targets.csv", *WANTED, "--read-tags", "--run", "p.db", *at[:2])
    assert planned.code == 0, planned.err
    only = bulkeic("apply", "p.db", "--only-managed", *at)
    assert only.code == 0, only.err
    assert changed(fleet) == ["by-hand", *sorted(MANAGED)]
    assert "resume with: bulkeic apply p.db" in only.err
    pending = bulkeic("export", "p.db", "--skip-managed", "--format", "targets").out
    assert [name in pending for name in TAGS] == [name not in MANAGED for name in TAGS]


def changed(server: Server) -> list[str]:
    functions = server.window("state")[f"{ACCOUNT}/{REGION}"]
    attempts = {name: each["$LATEST"]["MaximumRetryAttempts"] for name, each in functions.items()}
    return sorted(name for name, number in attempts.items() if number == 1)


def test_aliases_have_the_owner_of_their_function(bulkeic: Bulkeic, fleet: Server) -> None:
    rows = [f"{name}:{qualifier}" for name in TAGS for qualifier in ("$LATEST", "live")] * 1
    bulkeic.write("targets.csv", "\n".join(["FunctionName", *rows, ""]))
    run = ("--run", "r.db", "--workers", 2, "--results", "o.jsonl", "--yes")
    done = bulkeic(
        "apply", "targets.csv", *WANTED, "--read-tags", *run, "--endpoint-url", fleet.url
    )

    assert done.code == 0, done.err
    found = owned(bulkeic.outcomes("o.jsonl"))  # the workers send the outcomes, not the owners
    assert found == {row: OWNERS[row.partition(":")[0]] for row in rows}


def test_tags_that_cannot_be_read_are_a_note_or_a_refusal(
    bulkeic: Bulkeic, sandbox: Callable[..., Server]
) -> None:
    bulkeic.write(
        "denied.json",
        json.dumps({"denied_operations": {f"{ACCOUNT}/eu-west-1": ["tag:*"]}}),
    )
    server = sandbox("--scenario", "denied.json", "--rate", "unlimited")
    server.window(
        "state", {f"{ACCOUNT}/{region}": STATE[f"{ACCOUNT}/{REGION}"] for region in (
            REGION, "eu-west-1"
        )}, "PUT",
    )  # fmt: skip
    rows = [f"{name},{region}" for region in (REGION, "eu-west-1") for name in TAGS]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,Region", *rows, ""]))
    at = ("--endpoint-url", server.url)

    refused = bulkeic("plan", "targets.csv", *WANTED, "--skip-managed", "--run", "p.db", *at)
    assert refused.code == 2
    assert "cannot read the tags of functions in 1 lane, which --skip-managed needs" in refused.err
    assert not (bulkeic.folder / "p.db").exists()

    plan = bulkeic("plan", "targets.csv", *WANTED, "--read-tags", "--run", "p.db", *at)
    assert plan.code == 0, plan.err
    (note,) = [line for line in plan.lines if line.startswith("note: ")]
    assert f"{ACCOUNT}/eu-west-1: AccessDeniedException" in note
    assert "allow tag:GetResources, or use --no-read-tags" in note
    assert f"{COUNTS}; 5 whose tags were not read" in plan.lines
    late = bulkeic("apply", "p.db", "--skip-managed", "--yes", *at)
    assert late.code == 2
    assert "the tags of 1 lane of run file 'p.db' could not be read" in late.err
    assert set(server.stats()["by_operation"]) <= {
        "GetFunctionEventInvokeConfig", "GetResources", "GetCallerIdentity"
    }  # fmt: skip


def test_a_session_of_its_own_reads_the_tags(bulkeic: Bulkeic, fleet: Server) -> None:
    minimal = ("--session-policy", "minimal", "--role-arn", "arn:aws:iam::{account}:role/deployer")
    done = bulkeic(
        "apply", "targets.csv", *WANTED, "--skip-managed", *minimal, "--yes",
        "--endpoint-url", fleet.url,
    )  # fmt: skip

    assert done.code == 0, done.err
    calls = fleet.window("live")["last_calls"]
    sessions = [each["session"] for each in calls if each["operation"] == "AssumeRole"]
    actions = [each["policy"]["Statement"][0]["Action"] for each in sessions]
    assert len(actions) == 2
    assert set(actions[-1]) == allowed("Tags of functions")
    assert not set(actions[0]) & allowed("Tags of functions")


def test_owners_are_needed_where_they_are_asked_for(bulkeic: Bulkeic, fleet: Server) -> None:
    at = ("--endpoint-url", fleet.url, "--yes")
    plain = bulkeic("apply", "targets.csv", *WANTED, "--run", "r.db", *at)
    assert plain.code == 0, plain.err
    assert "managed" not in plain.err
    assert "GetResources" not in fleet.stats()["by_operation"]
    for words, text in {
        ("report", "r.db", "--skip-managed"): "make it again with --read-tags",
        ("plan", "targets.csv", "--skip-managed", "--only-managed"): "use one of them",
        ("plan", "targets.csv", "--skip-managed", "--no-read-tags"): "omit --no-read-tags",
        ("plan", "targets.csv", "--only-managed", "--sandbox"): "functions of --sandbox have none",
    }.items():
        refused = bulkeic(*words)
        assert (refused.code, refused.err.count("\n")) == (2, 1), refused.err
        assert text in refused.err


def test_code_names_owners_and_says_what_its_deployment_does(
    bulkeic: Bulkeic, fleet: Server
) -> None:
    declared, other = (
        config("orders", "by-hand", Settings(1)),
        config("stale", "by-sam", Settings(2)),
    )
    shown = state(declared, other, function("by-stack"))
    bulkeic.write("state.json", json.dumps(shown))
    words = ("targets.csv", *WANTED, "--terraform", "state.json", "--endpoint-url", fleet.url)

    plan = bulkeic("plan", *words, "--run", "p.db", "--diff")

    assert plan.code == 0, plan.err
    assert "GetResources" not in fleet.stats()["by_operation"]  # code is enough
    address = "aws_lambda_function_event_invoke_config"
    assert f"by-hand:$LATEST  (targets.csv:5, managed by terraform:{address}.orders)" in plan.out
    assert "managed by terraform:aws_lambda_function." in plan.out
    (warning,) = [line for line in plan.lines if line.startswith("warning: ")]
    assert "the next deployment overwrites 1 target, whose code declares other" in warning
    assert f"  1 by Terraform ({address}.stale)" in plan.lines
    assert "managed: 3 by Terraform; 2 whose tags were not read" in plan.lines

    skipped = bulkeic("plan", *words, "--run", "q.db", "--skip-managed", "--no-read-tags")
    assert skipped.code == 0, skipped.err
    assert "3 targets left out by the selection" in skipped.lines
    whole = bulkeic("plan", *words[3:], "--run", "w.db", "--skip-managed", "--allow-empty")
    assert "2 targets left out by the selection" in whole.lines
