"""The flags that select targets, on a targets file and on the jobs of a run."""

import shlex
from typing import Any

import pytest

from .conftest import ACCOUNT, Bulkeic, Server
from .rollout_helpers import UPDATE, asked, exported, load, rows

HAD = {"MaximumRetryAttempts": 2}
NAMES = ("orders-a", "orders-b", "orders-test", "users-a", "users-b")


def write(bulkeic: Bulkeic, regions: tuple[str, ...] = ("us-east-1", "eu-west-1")) -> None:
    lines = [f"{name},{region},1" for name in NAMES for region in regions]
    header = "FunctionName,Region,MaximumRetryAttempts"
    bulkeic.write("targets.csv", "\n".join([header, *lines]) + "\n")


def words(server: Server, *more: object, source: str = "targets.csv") -> tuple[object, ...]:
    """The words of an apply that prints its summary as JSON."""
    new = () if source.endswith(".db") else ("--run", "run.db")
    common = ("--yes", "--output", "json", "--endpoint-url", server.url, "--rate", "unlimited")
    return ("apply", source, *new, *common, *more)


def jobs(bulkeic: Bulkeic) -> list[tuple[str, str]]:
    query = "SELECT function, region FROM job j JOIN lane l ON l.id = j.lane_id ORDER BY seq"
    return rows(bulkeic.folder / "run.db", query)


def updated(server: Server) -> set[str]:
    return {name for operation, (_, name) in asked(server) if operation == UPDATE}


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--name", "orders-*", "--name", "!*-test"], {"orders-a", "orders-b"}),
        (["--name", "!orders-*"], {"users-a", "users-b"}),
        (["--select-region", "eu-*", "--account", ACCOUNT], set(NAMES)),
    ],
)
def test_only_selected_rows_of_a_targets_file_are_jobs(
    bulkeic: Bulkeic, server: Server, flags: list[str], expected: set[str]
) -> None:
    write(bulkeic)
    result = bulkeic(*words(server, *flags))
    assert result.code == 0, result.err
    found = jobs(bulkeic)
    assert {name for name, _ in found} == expected
    summary = result.summary
    assert summary["targets"] == summary["updated"] == len(found)
    assert summary["left_out"] == 10 - len(found)
    assert f"{10 - len(found)} targets left out by the selection" in result.lines
    assert f"{10 - len(found)} targets left out" in bulkeic("report", "run.db").out
    assert server.calls() == len(found)


def test_a_selection_applies_to_the_account_of_the_caller(bulkeic: Bulkeic, server: Server) -> None:
    write(bulkeic)
    result = bulkeic(*words(server, "--account", f"!{ACCOUNT}"))
    assert result.code == 2, result.err
    assert result.lines[-1] == (
        "bulkeic: none of the 10 targets of targets.csv is selected; check --name, --account and "
        "--select-region, or use --allow-empty"
    )
    assert not (bulkeic.folder / "run.db").exists()
    empty = bulkeic(*words(server, "--account", f"!{ACCOUNT}", "--allow-empty"))
    assert (empty.code, empty.summary["targets"], empty.summary["left_out"]) == (0, 0, 10)


def test_a_sample_is_spread_over_lanes_and_the_same_each_time(
    bulkeic: Bulkeic, server: Server
) -> None:
    write(bulkeic)
    found = []
    for name, seed in (("run.db", 7), ("again.db", 7), ("other.db", 8)):
        result = bulkeic(*words(server, "--run", name, "--sample", "40%", "--seed", seed))
        assert result.code == 0, result.err
        assert f"6 targets left out by the selection; sampled with --seed {seed}" in result.lines
        targets = {(one["function_name"], one["region"]) for one in exported(bulkeic, name)}
        assert sorted(region for _, region in targets) == ["eu-west-1"] * 2 + ["us-east-1"] * 2
        found.append(targets)
    assert found[0] == found[1] != found[2]


def test_limit_takes_the_first_rows(bulkeic: Bulkeic, server: Server) -> None:
    write(bulkeic, ("us-east-1",))
    result = bulkeic(*words(server, "--limit", 2, "--name", "!orders-a"))
    assert result.summary["left_out"] == 3
    assert [name for name, _ in jobs(bulkeic)] == ["orders-b", "orders-test"]


def planned(bulkeic: Bulkeic, server: Server) -> None:
    write(bulkeic, ("us-east-1",))
    load(server, dict.fromkeys(NAMES, HAD))
    words = ("--run", "run.db", "--endpoint-url", server.url)
    assert bulkeic("plan", "targets.csv", *words).code == 0


def test_selected_jobs_of_a_run_are_applied_and_the_others_stay_pending(
    bulkeic: Bulkeic, server: Server
) -> None:
    planned(bulkeic, server)
    first = bulkeic(*words(server, "--name", "orders-*", source="run.db"))

    summary = first.summary
    assert (first.code, summary["targets"], summary["updated"]) == (0, 3, 3), first.err
    assert (summary["pending"], summary["left_out"]) == (0, 2)
    assert updated(server) == {"orders-a", "orders-b", "orders-test"}
    assert "--name" not in summary["next"]["resume"]
    assert "--name 'orders-*'" in summary["next"]["verify"]
    again = bulkeic(*words(server, "--name", "orders-*", source="run.db"))
    assert (again.code, "nothing left to do" in again.lines) == (0, True)
    assert server.calls() == 3
    verified = bulkeic(*shlex.split(summary["next"]["verify"])[1:], "--output", "json")
    assert (verified.code, verified.summary["left_out"]) == (0, 2)
    assert bulkeic("verify", "run.db", "--endpoint-url", server.url).code == 4
    rest = bulkeic(*shlex.split(summary["next"]["resume"])[1:], "--yes", "--output", "json")
    assert (rest.code, rest.summary["updated"], rest.summary["left_out"]) == (0, 5, 0)


def test_a_selection_that_stops_early_is_resumed_with_its_flags(
    bulkeic: Bulkeic, server: Server
) -> None:
    planned(bulkeic, server)
    server.window("faults", {"refuse": 1}, "PUT")
    more = ("--max-denied", 1, "--concurrency", 1, "--limit", 2, "--status", "pending")
    stopped = bulkeic(*words(server, *more, source="run.db"))
    server.window("faults", {}, "PUT")
    left = stopped.summary["pending"]
    assert (stopped.code, left) == (3, 2), stopped.err
    command = stopped.summary["next"]["resume"]
    assert f"--status pending --limit {left}" in command
    resumed = bulkeic(*shlex.split(command)[1:], "--output", "json")
    assert (resumed.code, resumed.summary["updated"]) == (0, left), resumed.err
    assert updated(server) == {"orders-a", "orders-b"}


def test_a_rollback_of_a_selection_restores_only_that(bulkeic: Bulkeic, server: Server) -> None:
    planned(bulkeic, server)
    assert bulkeic(*words(server, source="run.db")).code == 0
    common = ("--yes", "--endpoint-url", server.url, "--output", "json", "--run", "back.db")
    back = bulkeic("rollback", "run.db", *common, "--name", "users-*")
    assert (back.code, back.summary["updated"], back.summary["left_out"]) == (0, 2, 3), back.err
    assert {one["function_name"] for one in exported(bulkeic, "back.db")} == {"users-a", "users-b"}
    nothing = bulkeic("rollback", "run.db", *common[:-1], "no.db", "--name", "x")
    assert nothing.code == 2
    assert nothing.lines[-1].startswith("bulkeic: none of the 5 targets of run file 'run.db'")


def test_waves_of_a_run_go_on_with_a_selection(bulkeic: Bulkeic, server: Server) -> None:
    write(bulkeic, ("us-east-1",))
    load(server, dict.fromkeys(NAMES, HAD))
    run = bulkeic(*words(server, "--waves", "1,100%", "--name", "!orders-test"))
    assert (run.code, run.summary["updated"]) == (0, 4), run.err
    planned_waves = ("plan", "targets.csv", "--run", "plan.db", "--endpoint-url", server.url)
    load(server, dict.fromkeys(NAMES, HAD))
    assert bulkeic(*planned_waves).code == 0
    refused = bulkeic(*words(server, "--waves", "1,100%", "--name", "users-*", source="plan.db"))
    assert refused.code == 2
    assert "divide all pending targets of a run file; omit the selection" in refused.lines[-1]


def test_a_wave_without_selected_jobs_is_not_started(bulkeic: Bulkeic, server: Server) -> None:
    write(bulkeic, ("us-east-1",))
    load(server, dict.fromkeys(NAMES, HAD) | {"orders-a": None})
    stopped = bulkeic(*words(server, "--waves", "1,2,100%"))
    assert stopped.code == 3, stopped.err
    more = ("--name", "users-*", "--max-failures", 9)
    third = bulkeic(*words(server, *more, source="run.db"))
    assert (third.code, third.summary["updated"]) == (0, 2), third.err
    query = "SELECT started_at IS NOT NULL, verified FROM wave ORDER BY number"
    assert rows(bulkeic.folder / "run.db", query) == [(1, 0), (0, None), (1, 2)]
    rest = bulkeic(*words(server, "--max-failures", 9, source="run.db"))
    assert (rest.code, rest.summary["updated"], rest.summary["failed"]) == (1, 4, 1), rest.err
    assert rows(bulkeic.folder / "run.db", query) == [(1, 0), (1, 1), (1, 3)]


def test_retry_failed_of_a_selection_leaves_other_failures(
    bulkeic: Bulkeic, server: Server
) -> None:
    write(bulkeic, ("us-east-1",))
    load(server, dict.fromkeys(NAMES, None))
    assert bulkeic(*words(server)).code == 1
    load(server, dict.fromkeys(NAMES, HAD))
    result = bulkeic(*words(server, "--retry-failed", "--name", "users-*", source="run.db"))
    assert (result.code, result.summary["updated"]) == (0, 2), result.err
    query = "SELECT status, count(*) FROM outcome GROUP BY 1 ORDER BY 1"
    assert rows(bulkeic.folder / "run.db", query) == [("failed", 3), ("updated", 2)]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--status", "failed"], "--status requires a run file"),
        (["--seed", 3], "--seed requires --sample"),
        (["--name", "a:b"], "'a:b' is invalid; expected a function name or a glob"),
        (["--account", "12"], "'12' is invalid; expected an account id of 12 digits"),
        (["--sample", "0"], "'0' is not a sample; expected a number from 1 or a percentage"),
    ],
)
def test_a_selection_that_makes_no_sense_is_one_line(
    bulkeic: Bulkeic, flags: list[Any], says: str
) -> None:
    write(bulkeic)
    result = bulkeic("apply", "targets.csv", "--sandbox", *flags)
    assert result.code == 2
    assert any(says in line for line in result.lines), result.err
