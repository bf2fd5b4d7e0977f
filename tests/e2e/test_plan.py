"""A plan previews and stores the changes and writes nothing; its apply makes exactly these."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import rows, until

Start = Callable[..., Server]

LANE = f"{ACCOUNT}/{REGION}"
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
DONE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:done"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
GET, UPDATE, PUT, DELETE = (
    f"{verb}FunctionEventInvokeConfig" for verb in ("Get", "Update", "Put", "Delete")
)
STORED = "SELECT seq FROM before_image"
FLEET: dict[str, Any] = {
    "same": {"$LATEST": {"MaximumRetryAttempts": 1}},
    "change": {"$LATEST": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}},
    "half": {"live": {"DestinationConfig": {"OnSuccess": {"Destination": DONE}}}},
    "bare": {"$LATEST": None},
}
HEADER = "FunctionName,Qualifier,MaximumRetryAttempts,OnFailure\n"
ROWS = f"same,,1,\nchange,,1,\nhalf,live,,{DEAD}\nbare,,1,\n"
DIFF = f"""\
~ {ARN}change:$LATEST  (targets.csv:3)
    ~ MaximumRetryAttempts: 2 -> 1
~ {ARN}half:live  (targets.csv:4)
    + DestinationConfig.OnFailure: {DEAD}
"""
MADE = f"+ {ARN}bare:$LATEST  (targets.csv:5)\n    + MaximumRetryAttempts: 1\n"


def start_fleet(bulkeic: Bulkeic, sandbox: Start, more: str = "") -> Server:
    """A sandbox with the fleet, and ``targets.csv`` with the fleet and more rows."""
    bulkeic.write("fleet.json", json.dumps({LANE: FLEET}))
    bulkeic.write("targets.csv", HEADER + ROWS + more)
    return sandbox("--rate", "unlimited", "--state", "fleet.json")


def held(server: Server) -> Any:
    """The configurations of the lane, by function and qualifier, without their times."""
    functions = server.window("state")[LANE]
    for versions in functions.values():
        for config in versions.values():
            (config or {}).pop("LastModified", None)
    return functions


def meddle(server: Server, name: str, config: dict[str, Any] | None) -> None:
    """Changes a function as another person would."""
    state = server.window("state")
    state[LANE][name]["$LATEST"] = config
    server.window("state", state, "PUT")


def counted(server: Server) -> Counter[str]:
    """The calls since the last check, by operation."""
    counts = Counter[str](server.stats()["by_operation"])
    server.window("reset-stats", method="POST")
    counts.pop("GetCallerIdentity", None)
    return counts


def test_a_plan_writes_nothing_and_shows_what_each_target_needs(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox, more="gone,,1,\n")
    before = held(server)
    ends = ("--endpoint-url", server.url)

    planned = bulkeic("plan", "targets.csv", "--run", "one.db", "--diff", *ends)

    assert planned.code == 1, planned.err
    assert planned.out == DIFF
    assert counted(server) == {GET: 5, "GetFunction": 2}
    assert (
        "plan: 2 to change, 1 unchanged, 1 without a configuration (--create-missing creates one), "
        "1 missing (no such function or qualifier)"
    ) in planned.lines
    assert planned.lines[-1] == f"apply with: bulkeic apply one.db --endpoint-url {server.url}"

    assert held(server) == before


def test_apply_makes_the_planned_changes_and_no_other_call(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    creating = ("--create-missing", "--output", "json", "--detailed-exitcode", "--run", "run.db")
    planned = bulkeic("plan", "targets.csv", *creating, *ends)
    assert planned.code == planned.summary["exit_code"] == 4, planned.err
    assert planned.summary["plan"] == {
        "change": 2, "create": 1, "delete": 0, "unchanged": 1, "not_matched": 0,
        "unconfigured": 0, "missing": 0,
    }  # fmt: skip
    assert counted(server) == {GET: 4, "GetFunction": 1}

    assert bulkeic("apply", "run.db", "--yes", *ends).code == 0

    assert counted(server) == {GET: 3, UPDATE: 2, PUT: 1}
    after = held(server)
    assert after["change"]["$LATEST"]["MaximumEventAgeInSeconds"] == 60
    assert after["change"]["$LATEST"]["MaximumRetryAttempts"] == 1
    halves = {"OnSuccess": {"Destination": DONE}, "OnFailure": {"Destination": DEAD}}
    assert after["half"]["live"]["DestinationConfig"] == halves
    assert after["bare"]["$LATEST"]["MaximumRetryAttempts"] == 1


def test_targets_changed_since_the_plan_are_skipped_without_force(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    for run in ("one.db", "two.db"):
        assert bulkeic("plan", "targets.csv", "--create-missing", "--run", run, *ends).code == 0
    theirs = {"MaximumRetryAttempts": 0}
    meddle(server, "change", theirs)
    meddle(server, "bare", theirs)
    kept = held(server)

    result = bulkeic("apply", "one.db", "--yes", "--output", "json", *ends)

    assert result.code == 1
    assert result.summary["errors"] == {"PlanOutdated": 2}
    assert result.summary["updated"] == 1
    assert "someone changed it after the plan, so it was not changed" in result.err
    assert {each: held(server)[each] for each in ("change", "bare")} == {
        each: kept[each] for each in ("change", "bare")
    }

    counted(server)
    forced = bulkeic("apply", "two.db", "--yes", "--force", *ends)

    assert forced.code == 0, forced.err
    assert counted(server) == {GET: 3, UPDATE: 2}
    assert held(server)["change"]["$LATEST"]["MaximumRetryAttempts"] == 1
    assert held(server)["bare"]["$LATEST"]["MaximumRetryAttempts"] == 1

    back = bulkeic("rollback", "two.db", "--yes", *ends)

    assert back.code == 0, back.err
    # What the others made is what was there before the run's own first write.
    for each in ("change", "bare"):
        found, wanted = held(server)[each]["$LATEST"], kept[each]["$LATEST"]
        assert {**found, "LastModified": 0} == {**wanted, "LastModified": 0}


def test_a_killed_plan_must_be_resumed_before_it_can_be_applied(
    bulkeic: Bulkeic, server: Server
) -> None:
    names = "\n".join(f"fn-{number},,1," for number in range(60))
    bulkeic.write("targets.csv", f"{HEADER}{names}\n")
    ends = ("--endpoint-url", server.url)
    slow = ("--rate", 0.1, *ends)  # the 46th call is due 10 s after the 45th
    process = bulkeic.start("plan", "targets.csv", "--run", "run.db", "--burst", 45, *slow)
    until(lambda: server.calls(GET) == 45, "the burst has been asked for")
    until(lambda: bool(rows(bulkeic.folder / "run.db", STORED)), "some of it is kept")
    process.kill()
    process.communicate(timeout=20)
    read = server.calls(GET)

    refused = bulkeic("apply", "run.db", "--yes", *ends)

    assert refused.code == 2
    (line,) = refused.lines
    reason, _, command = line.partition("; resume with: bulkeic ")
    assert reason.endswith(" targets of run file 'run.db' are not planned yet")
    assert command == f"plan run.db {' '.join(ends)}"
    left = int(reason.split()[1])
    assert 15 <= left < 60

    carried_on = bulkeic(*command.split(), "--rate", "unlimited", "--output", "json")

    assert carried_on.code == 0, carried_on.err
    assert carried_on.summary["plan"]["change"] == carried_on.summary["pending"] == 60
    assert server.calls(GET) == read + left
    assert bulkeic("apply", "run.db", "--yes", "--rate", "unlimited", *ends).code == 0
    assert server.calls() == 60


def test_only_targets_that_match_are_planned_and_changed(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    where = ("--where", "MaximumRetryAttempts > `1`", "--run", "run.db")

    planned = bulkeic("plan", "targets.csv", *where, "--diff", "--create-missing", *ends)

    assert planned.code == 0
    assert planned.out == DIFF[: DIFF.index(f"~ {ARN}half")]
    assert "plan: 1 to change, 3 left out by --where" in planned.lines
    counted(server)
    assert bulkeic("apply", "run.db", "--yes", *ends).code == 0
    assert counted(server) == {GET: 1, UPDATE: 1}
    assert held(server)["bare"]["$LATEST"] is None


def test_invalid_options_of_a_plan_or_rollback_are_one_line_and_no_call(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    bulkeic.write("same.csv", f"{HEADER}same,,1,\n")
    applied = bulkeic("apply", "same.csv", "--yes", "--run", "applied.db", *ends)
    words = ("--diff", "--detailed-exitcode", "--run", "planned.db")
    planned = bulkeic("plan", "same.csv", *words, *ends)
    assert (applied.code, planned.code, planned.out) == (0, 0, "")
    counted(server)
    wrong: dict[tuple[str, ...], str] = {
        ("plan", "targets.csv", "--diff", "--output", "json"): "both write to stdout",
        ("plan", "applied.db"): "was not made by plan; plan the targets file",
        ("plan", "targets.csv", "--where", "a ="): "--where 'a ='",
        ("apply", "applied.db", "--yes", "--force"): "--force requires a plan, a rollback",
        ("rollback", "applied.db", "--yes"): "run file 'applied.db' has no before-images",
        ("rollback", "planned.db", "--yes"): "nothing of run file 'planned.db' was sent",
        ("rollback", "applied.db", "--yes", "--diff"): "require --plan",
        ("rollback", "applied.db"): "stdin is not a terminal",
    }
    for each, says in wrong.items():
        result = bulkeic(*each, *ends)
        assert (result.code, result.out, len(result.lines)) == (2, "", 1), result.err
        assert says in result.err
    assert not counted(server)
    assert sorted(path.name for path in bulkeic.folder.glob("**/*.db")) == [
        "applied.db", "planned.db",
    ]  # fmt: skip
