"""Resuming a run is forgiving: its flags can be repeated, and a finished run is left alone."""

import time
from pathlib import Path

import pytest

from bulkeic.app.rollout.stale_plans import STALE_AFTER_S, reopen_stale
from bulkeic.app.setup.run_setup import apply_policy
from bulkeic.store.run_file import RunFile

from .conftest import REGION, Bulkeic, Server
from .rollout_helpers import GET, PUT, change, load, resume, rows, states, words

TARGETS = "FunctionName\nfn-0\nfn-1\n"
FLAGS = (
    "--maximum-retry-attempts", "1", "--on-failure", "none", "--replace-destinations",
    "--create-missing", "--where", "!MaximumRetryAttempts || `true`", "--skip-invalid",
    "--format", "csv", "--before-image",
)  # fmt: skip
OTHER = {
    ("--maximum-retry-attempts", "2"): ("--maximum-retry-attempts 1", "--maximum-retry-attempts 2"),
    ("--on-success", "none"): ("without --on-success", "--on-success none"),
    ("--where", "FunctionArn"): ("'!MaximumRetryAttempts || `true`'", "--where FunctionArn"),
    ("--no-before-image",): ("with --before-image", "--no-before-image"),
    ("--run", "other.db"): ("under its own name", "--run other.db"),
}


def test_a_flag_of_the_run_can_be_repeated_with_its_value_and_not_with_another(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    ends = ("--endpoint-url", server.url)
    made = bulkeic("plan", "targets.csv", "--run", "run.db", *FLAGS[:-1], *ends)
    assert made.code == 0, made.err

    for given, (before, now) in OTHER.items():
        refused = bulkeic("apply", "run.db", "--yes", *given, *ends)
        assert (refused.code, len(refused.lines)) == (2, 1), refused.err
        assert "run file 'run.db' was made " in refused.err
        assert before in refused.err
        assert f"{now} would change that" in refused.err
    assert server.calls() == 0
    repeated = bulkeic("apply", "run.db", "--yes", "--run", "./run.db", *FLAGS, *ends)

    assert repeated.code == 0, repeated.err
    assert server.calls() == 2


def test_a_run_without_before_images_says_so_when_they_are_asked_for(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    assert bulkeic.asked("n\n", *words(server, "--no-before-image"))[0] == 3

    refused = bulkeic(*resume(server, "--yes", "--before-image"))
    same = bulkeic(*resume(server, "--yes", "--no-before-image"))

    assert "was made with --no-before-image, and --before-image would change" in refused.err
    assert (refused.code, same.code) == (2, 0)


def test_a_plan_is_applied_with_create_missing(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": None})
    bulkeic.write("targets.csv", TARGETS)
    ends = ("--endpoint-url", server.url)
    planned = bulkeic("plan", *words(server)[1:])
    assert planned.code == 1, planned.err

    applied = bulkeic("apply", "run.db", "--yes", "--create-missing", "--output", "json", *ends)

    assert applied.code == 0, applied.err
    assert (applied.summary["updated"], applied.summary["created"]) == (1, 1)
    assert server.calls(PUT) == 1
    assert bulkeic("verify", "run.db", *ends).code == 0
    assert bulkeic("rollback", "run.db", "--yes", *ends).code == 0
    assert states(server)[REGION, "fn-1"] is None


def test_a_plan_that_was_not_confirmed_with_create_missing_creates_nothing_later(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": None})
    bulkeic.write("targets.csv", TARGETS)
    assert bulkeic("plan", *words(server)[1:]).code == 1
    assert bulkeic.asked("n\n", *resume(server, "--create-missing"))[0] == 3

    applied = bulkeic(*resume(server, "--yes", "--output", "json"))

    assert applied.code == 1, applied.err
    assert (applied.summary["updated"], applied.summary["failed"]) == (1, 1)
    assert server.calls(PUT) == 0


@pytest.mark.parametrize(("missing", "code"), [(False, 0), (True, 1)])
def test_a_finished_run_has_nothing_left_to_do(
    bulkeic: Bulkeic, server: Server, code: int, *, missing: bool
) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": None if missing else {}})
    bulkeic.write("targets.csv", TARGETS)
    assert bulkeic(*words(server, "--yes")).code == code
    server.window("reset-stats", method="POST")
    nothing = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))

    again = bulkeic(*resume(server, "--output", "json"), **nothing)

    assert again.code == again.summary["exit_code"] == code, again.err
    assert "nothing left to do" in again.lines
    assert server.stats()["calls"] == 0


def make_old(path: Path) -> None:
    """Reopens what the plan found unchanged, as an apply 16 minutes later does."""
    run = RunFile(path)
    try:
        assert reopen_stale(run, apply_policy(run), time.time()) == 0
        assert reopen_stale(run, apply_policy(run), time.time() + STALE_AFTER_S + 60) == 1
    finally:
        run.close()


def test_what_an_old_plan_found_unchanged_is_read_again(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", TARGETS)
    assert bulkeic("plan", *words(server)[1:]).code == 0
    make_old(bulkeic.folder / "run.db")
    change(server, (REGION, "fn-1"), MaximumRetryAttempts=0)
    server.window("reset-stats", method="POST")

    applied = bulkeic(*resume(server, "--yes", "--output", "json"))

    assert applied.code == 1, applied.err
    assert applied.summary["errors"] == {"PlanOutdated": 1}
    assert server.calls(GET) == 2
    again = bulkeic(*resume(server, "--yes"))
    assert "nothing left to do" in again.lines


def test_what_where_left_out_of_an_old_plan_stays_left_out(
    bulkeic: Bulkeic, server: Server
) -> None:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", "FunctionName\nfn-0\nfn-1\nfn-2\n")
    load(server, {
        "fn-0": {"MaximumRetryAttempts": 2}, "fn-1": {"MaximumRetryAttempts": 1},
        "fn-2": {"MaximumRetryAttempts": 0},
    })  # fmt: skip
    where = ("--where", "MaximumRetryAttempts > `0`")
    assert bulkeic("plan", *words(server, *where)[1:]).code == 0
    make_old(bulkeic.folder / "run.db")

    applied = bulkeic(*resume(server, "--yes"))

    assert applied.code == 0, applied.err
    assert (states(server)[REGION, "fn-2"] or {})["MaximumRetryAttempts"] == 0
    assert rows(bulkeic.folder / "run.db", "SELECT count(*) FROM outcome") == [(3,)]
