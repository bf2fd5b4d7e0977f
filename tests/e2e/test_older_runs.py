"""Runs that an older bulkeic began: resumed, rolled back, reported and exported after a migration.

``tests/store/older_run_files.py`` says where the files come from.
"""

import fcntl
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bulkeic.store.schema import VERSION
from tests.chaos.disks import in_memory
from tests.store.older_run_files import older_run, rows, version_of

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .rollout_helpers import GET, UPDATE, asked

FAST = ("--rate", "unlimited")
REGIONS = {"fn-4": "eu-west-1"}
NEW = {"fn-1": (1, 601), "fn-2": (0, 602), "fn-3": (1, 603), "fn-4": (1, 604)}
BEFORE = {f"fn-{number}": (2, 1000 + number) for number in range(1, 5)}


def run_of(bulkeic: Bulkeic, server: Server, name: str, run: str = "run.db") -> Path:
    """A run file of an older version that was made on a server."""
    place = server.url if version_of(name) >= 4 else None
    return older_run(bulkeic.folder / run, name, place)


def call(bulkeic: Bulkeic, server: Server, *words: object) -> Result:
    return bulkeic(*words, "--endpoint-url", server.url, *FAST)


def have(bulkeic: Bulkeic, server: Server, wanted: Mapping[str, tuple[int, int]]) -> None:
    """Gives the functions settings, as the older run found or left them."""
    rows = [
        f"{name},{REGIONS.get(name, REGION)},{retries},{age},{destination(name, retries)}"
        for name, (retries, age) in wanted.items()
    ]
    header = "FunctionName,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds,OnFailure"
    bulkeic.write("have.csv", "\n".join([header, *rows]))
    words = ("apply", "have.csv", "--yes", "--create-missing", "--replace-destinations")
    done = call(bulkeic, server, *words)
    assert done.code == 0, done.err
    server.window("reset-stats", {}, "POST")


def destination(name: str, retries: int) -> str:
    """The destination of a function that has it before (with two retries) or after the run."""
    kind = "seed" if retries == 2 else "new"
    return "" if name == "fn-4" else f"arn:aws:sqs:us-east-1:{ACCOUNT}:{kind}-{name[-1]}"


def configs(bulkeic: Bulkeic, server: Server) -> dict[str, tuple[int, int]]:
    """What the functions have now."""
    rows = [f"{name},{REGIONS.get(name, REGION)},0" for name in NEW]
    bulkeic.write("all.csv", "\n".join(["FunctionName,Region,MaximumRetryAttempts", *rows]))
    name = "configs.jsonl"
    call(bulkeic, server, "verify", "all.csv", "--results", name, "--overwrite")
    return {
        outcome["function_name"]: (
            outcome["config"]["MaximumRetryAttempts"],
            outcome["config"]["MaximumEventAgeInSeconds"],
        )
        for outcome in bulkeic.outcomes(name)
    }


def migrated(result: Result, version: int) -> bool:
    line = (
        f"migrated run file 'run.db' from version {version} to {VERSION}; the file as it was is "
        f"kept as 'run.v{version}.db'"
    )
    return result.lines.count(line) == 1


@pytest.mark.parametrize("name", ["v1/interrupted", "v5/killed", "v3/waves"])
def test_an_interrupted_run_is_resumed(bulkeic: Bulkeic, server: Server, name: str) -> None:
    done = {"fn-1": NEW["fn-1"], "fn-4": NEW["fn-4"]}
    have(bulkeic, server, BEFORE | done)
    older = run_of(bulkeic, server, name).read_bytes()

    result = call(bulkeic, server, "apply", "run.db", "--yes")

    assert result.code == 0, result.err
    assert migrated(result, version_of(name))
    note = "did not record which; this command calls"
    assert (note in result.err) == (version_of(name) < 4)
    assert {place for operation, place in asked(server) if operation == UPDATE} == {
        ("us-east-1", "fn-2"),
        ("us-east-1", "fn-3"),
    }
    assert configs(bulkeic, server) == NEW
    kept = bulkeic.folder / f"run.v{version_of(name)}.db"
    assert kept.read_bytes() == older
    assert rows(bulkeic.folder / "run.db", "SELECT count(*) FROM pending") == [(0,)]


@pytest.mark.parametrize("name", ["v3/finished", "v6/finished"])
def test_a_run_is_rolled_back_to_what_it_stored(
    bulkeic: Bulkeic, server: Server, name: str
) -> None:
    have(bulkeic, server, NEW)
    run_of(bulkeic, server, name)

    result = call(bulkeic, server, "rollback", "run.db", "--yes", "--run", "back.db")

    assert result.code == 0, result.err
    assert migrated(result, version_of(name))
    assert configs(bulkeic, server) == BEFORE
    images = "SELECT function, before FROM result WHERE before IS NOT NULL ORDER BY seq"
    back = "SELECT function, config FROM result ORDER BY seq"
    stored = {name: settings(text) for name, text in rows(bulkeic.folder / "run.db", images)}
    restored = {name: settings(text) for name, text in rows(bulkeic.folder / "back.db", back)}
    assert restored == stored != {}


def settings(text: str) -> Any:
    """A configuration without what names the function and the time."""
    found = json.loads(text)
    return {name: found[name] for name in found if name not in {"LastModified", "FunctionArn"}}


def test_a_run_without_before_images_is_not_rolled_back(bulkeic: Bulkeic, server: Server) -> None:
    run_of(bulkeic, server, "v1/finished")
    result = call(bulkeic, server, "rollback", "run.db", "--yes", "--run", "back.db")
    assert result.code == 2
    assert "before-image" in result.lines[-1]
    assert server.calls() == 0


def test_a_plan_is_applied(bulkeic: Bulkeic, server: Server) -> None:
    have(bulkeic, server, BEFORE)
    run_of(bulkeic, server, "v4/plan")
    result = call(bulkeic, server, "apply", "run.db", "--yes")
    assert result.code == 0, result.err
    assert configs(bulkeic, server) == NEW


def test_a_rollback_is_verified(bulkeic: Bulkeic, server: Server) -> None:
    have(bulkeic, server, BEFORE)
    run_of(bulkeic, server, "v3/rollback")
    result = call(bulkeic, server, "verify", "run.db")
    assert result.code == 0, result.err
    assert {operation for operation, _ in asked(server)} == {GET}


@pytest.mark.parametrize("name", ["v1/finished", "v6/finished"])
def test_a_run_is_reported_and_exported(bulkeic: Bulkeic, server: Server, name: str) -> None:
    run_of(bulkeic, server, name)
    result = bulkeic("report", "run.db", "--json")
    assert result.code == 0, result.err
    assert migrated(result, version_of(name))
    report = result.summary
    assert [report["statuses"][key] for key in ("updated", "failed", "invalid")] == [4, 1, 1]
    if version_of(name) == 1:
        assert report["endpoint"] == "an endpoint that is not recorded"
        assert report["sessions"][0]["version"] is None
        text = bulkeic("report", "run.db").out
        assert "the version of bulkeic and the flags are not recorded" in text
        assert "this run cannot be rolled back" in text
    exported = bulkeic("export", "run.db")
    assert exported.err == ""
    assert [json.loads(line)["seq"] for line in exported.out.splitlines()] == [0, 1, 2, 3, 4, 5]


def test_a_run_that_an_older_bulkeic_works_on_is_reported(bulkeic: Bulkeic, server: Server) -> None:
    with run_of(bulkeic, server, "v3/interrupted").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = call(bulkeic, server, "apply", "run.db", "--yes")
        report = bulkeic("report", "run.db", "--json")
    assert refused.code == 2
    assert "another bulkeic process uses it" in refused.lines[-1]
    assert report.code == 0
    assert report.summary["run"] == "run.db"
    assert report.err.startswith("note: reading a migrated temporary copy; run file 'run.db': ")
    assert [path.name for path in bulkeic.folder.glob("run*")] == ["run.db"]


def test_a_run_on_a_disk_that_is_full_or_read_only_is_reported(
    bulkeic: Bulkeic, server: Server
) -> None:
    with in_memory(bulkeic.folder / "disk") as disk:
        run = run_of(bulkeic, server, "v2/finished", "disk/run.db")
        older, filling = run.read_bytes(), disk.fill()
        full = bulkeic("export", run)
        refused = call(bulkeic, server, "apply", run, "--yes")
        filling.unlink()
        disk.unmount()
        disk.mount()
        run.write_bytes(older)
        disk.remount_read_only()
        read_only = bulkeic("export", run)
    assert (full.code, read_only.code) == (0, 0)
    assert full.out == read_only.out
    assert "note: reading a migrated temporary copy; run file" in full.err
    assert "No space left on device; free space" in full.err
    assert "Read-only file system" in read_only.err
    assert refused.code == 2
    assert "No space left on device; free space" in refused.lines[-1]


def test_a_damaged_run_names_the_way_out_and_is_saved(bulkeic: Bulkeic, server: Server) -> None:
    with closing(sqlite3.connect(run_of(bulkeic, server, "v4/finished"))) as database:
        database.execute("UPDATE outcome SET status = 'unchanged' WHERE seq = 0")
        database.commit()
    result = bulkeic("report", "run.db")
    assert result.code == 2
    (line,) = result.lines
    assert line == (
        "bulkeic: run file 'run.db': cannot be opened: damaged: outcome: a row is not as it was "
        "stored; save its intact outcomes with: bulkeic export run.db"
    )
    saved = bulkeic("export", "run.db")
    assert saved.code == 1
    assert "exported 5 intact outcomes, left out 1 damaged" in saved.err


def test_a_newer_run_names_the_bulkeic_that_it_needs(bulkeic: Bulkeic, server: Server) -> None:
    with closing(sqlite3.connect(run_of(bulkeic, server, "v9/finished"))) as database:
        database.execute("UPDATE session SET version = '7.1.0'")
        database.execute("PRAGMA user_version = 99")
        database.commit()
    result = bulkeic("report", "run.db")
    assert result.code == 2
    (line,) = result.lines
    assert line == (
        f"bulkeic: run file 'run.db' has version 99, this bulkeic supports {VERSION}; "
        "use bulkeic 7.1.0 or newer"
    )
