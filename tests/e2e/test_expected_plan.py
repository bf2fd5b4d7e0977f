"""``--expect``: apply carries out the plan that was reviewed, and refuses any other."""

import json
import re
import signal
import sqlite3
from contextlib import closing

import pytest

from bulkeic.store.integrity.digests import add_digest_function, save_run_rows, seal_tables

from .conftest import Bulkeic, Server
from .rollout_helpers import GET, REGIONS, load, resume, rows, until, words, write_rows

EAST = REGIONS[0]
HAD = {"MaximumRetryAttempts": 2}
OTHER = "0" * 64


def planned(bulkeic: Bulkeic, server: Server, *more: object) -> str:
    """Plans ``targets.csv`` as ``run.db``: the digest."""
    result = bulkeic("plan", *words(server, "--output", "json", *more)[1:])
    assert result.code == 0, result.err
    digest = str(result.summary["digest"])
    assert f"digest: {digest}; apply exactly this plan with --expect" in result.lines
    return digest


def expecting(digest: str, *more: object) -> tuple[object, ...]:
    return ("--yes", "--expect", digest, *more)


def refusal(digest: str) -> str:
    return (
        "bulkeic: run file 'run.db' is not the plan that --expect names: its digest is "
        f"{digest}; it was planned again or changed, so review it before you apply it\n"
    )


@pytest.fixture(autouse=True)
def targets(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, [EAST], 3)
    load(server, {"fn-0": HAD, "fn-1": HAD, "fn-2": {"MaximumRetryAttempts": 1}})


def test_apply_carries_out_the_plan_whose_digest_it_expects(
    bulkeic: Bulkeic, server: Server
) -> None:
    digest = planned(bulkeic, server)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert f"plan with the digest {digest}" in bulkeic("report", "run.db").out.splitlines()
    again = bulkeic("plan", "run.db", "--endpoint-url", server.url, "--output", "json")
    assert again.summary["digest"] == digest

    refused = bulkeic(*resume(server, *expecting(OTHER)))
    assert (refused.code, refused.err) == (2, refusal(digest))
    assert server.calls() == 0
    result = bulkeic(*resume(server, *expecting(digest)))

    assert result.code == 0, result.err
    assert server.calls() == 2
    assert f"plan with the digest {digest}" in bulkeic("report", "run.db").out.splitlines()


def test_a_plan_that_is_made_again_has_another_digest(bulkeic: Bulkeic, server: Server) -> None:
    digest = planned(bulkeic, server)
    (bulkeic.folder / "run.db").rename(bulkeic.folder / "first.db")
    other = planned(bulkeic, server)

    refused = bulkeic(*resume(server, *expecting(digest)))

    assert other != digest
    assert (refused.code, refused.err) == (2, refusal(other))


CHANGES = {
    "a before-image": (
        """UPDATE before_image SET config = '{"MaximumRetryAttempts":0}' WHERE seq = 0;"""
        "UPDATE before_image SET"
        " row_digest = row_digest(seq, lane_id, read_at, action, may_be_sent, config)"
    ),
    "an action": (
        "UPDATE before_image SET action = 'create' WHERE seq = 0;"
        "UPDATE before_image SET"
        " row_digest = row_digest(seq, lane_id, read_at, action, may_be_sent, config)"
    ),
    "the settings": """UPDATE settings SET api = '{"MaximumRetryAttempts":0}'""",
    "a job": "UPDATE job SET function = 'fn-9' WHERE seq = 1",
    "a wave": "UPDATE job SET wave = 1",
    "a flag": "INSERT INTO run VALUES ('replace_destinations', 'yes')",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_plan_that_was_changed_on_purpose_is_refused(
    bulkeic: Bulkeic, server: Server, change: str
) -> None:
    digest = planned(bulkeic, server)
    with closing(sqlite3.connect(bulkeic.folder / "run.db")) as database:
        add_digest_function(database)
        database.executescript(change)
        seal_tables(database)
        save_run_rows(database, {})
        database.commit()

    refused = bulkeic(*resume(server, *expecting(digest)))

    assert refused.code == 2, refused.err
    assert "is not the plan that --expect names" in refused.err
    assert len(refused.err.splitlines()) == 1
    assert server.calls() == 0


def test_an_expected_plan_is_resumed_with_the_same_digest(bulkeic: Bulkeic, server: Server) -> None:
    digest = planned(bulkeic, server)
    bulkeic.write("waves.csv", "Wave,Region\n1,*\n")
    server.window("reset-stats", method="POST")
    server.window("faults", {"hang": 1}, "PUT")
    process = bulkeic.start(
        *resume(server, *expecting(digest, "--waves-file", "waves.csv", "--timeout", 2))
    )
    until(lambda: server.calls(GET) >= 2, "targets are being read")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 3, err
    command = err.splitlines()[-1]
    assert f"--expect {digest}" in command
    server.window("faults", {}, "PUT")

    resumed = bulkeic(*command.split()[3:])

    assert resumed.code == 0, resumed.err
    assert rows(bulkeic.folder / "run.db", "SELECT count(*) FROM outcome") == [(3,)]
    refused = bulkeic(*resume(server, *expecting(OTHER)))
    assert (refused.code, refused.err) == (2, refusal(digest))


def test_an_answer_of_no_leaves_the_digest_as_it_is(bulkeic: Bulkeic, server: Server) -> None:
    digest = planned(bulkeic, server)
    code, _ = bulkeic.asked("n\n", *resume(server, "--expect", digest))

    result = bulkeic(*resume(server, *expecting(digest)))

    assert (code, result.code) == (3, 0), result.err


def test_a_planned_rollback_has_a_digest(bulkeic: Bulkeic, server: Server) -> None:
    assert bulkeic(*words(server, "--yes")).code == 0
    access = ("--endpoint-url", server.url)
    result = bulkeic(
        "rollback", "run.db", "--plan", "--run", "back.db", *access, "--output", "json"
    )
    assert result.code == 0, result.err
    digest = json.loads(result.out)["digest"]

    refused = bulkeic("apply", "back.db", *access, *expecting(OTHER))
    applied = bulkeic("apply", "back.db", *access, *expecting(digest))

    assert (refused.code, applied.code) == (2, 0), applied.err


WRONG = {
    ("targets.csv", OTHER): (
        "--expect requires a plan: the run file that plan or rollback --plan made"
    ),
    ("other.db", OTHER): "--expect requires a plan: the run file that plan or rollback --plan made",
    ("run.db", "123"): "'123' is not a digest; expected 64 hexadecimal digits",
    ("run.db", OTHER, "--force"): (
        "--expect applies a plan exactly as it was reviewed; omit --force"
    ),
    ("run.db", OTHER, "--create-missing"): (
        "--expect applies a plan exactly as it was reviewed; omit --create-missing"
    ),
}


@pytest.mark.parametrize("flags", WRONG)
def test_what_does_not_go_with_expect_is_one_line(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    planned(bulkeic, server)
    other = (*words(server)[:5], "other.db", "--yes", "--maximum-retry-attempts", 1)
    assert bulkeic(*other).code == 0
    server.window("reset-stats", method="POST")
    source, digest, *more = flags

    result = bulkeic("apply", source, "--endpoint-url", server.url, *expecting(digest, *more))

    assert result.code == 2
    assert WRONG[flags] in result.err
    assert server.calls() == 0
