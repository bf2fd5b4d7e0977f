"""The file itself, and what is not a run file."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bulkeic.core.errors import RunFileError
from bulkeic.core.summary import Traffic
from bulkeic.store.sqlite.file_checks import is_run_file
from tests.core.example_run_reports import worker

from .damaged_files import (
    change,
    cut,
    empty,
    foreign,
    foreign_wal,
    garbled,
    half_loaded,
    newer,
    older,
    table,
)
from .run_files import EAST, WEST, load, make_job, opened, outcome_of, pending, record, refusal


def test_no_other_user_can_read_a_run_file(path: Path) -> None:
    before = os.umask(0)
    try:
        load(path, [make_job(0)])
        with opened(path) as run:
            record(run, [outcome_of(make_job(0))], Traffic())
            files = list(path.parent.iterdir())
            assert len(files) > 1
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)


def test_closing_leaves_one_file(path: Path) -> None:
    with opened(load(path, [make_job(0)])) as run:
        record(run, [outcome_of(make_job(0))], Traffic())
    assert list(path.parent.iterdir()) == [path]


def test_reading_an_ended_run_leaves_no_files_beside_it(path: Path) -> None:
    with opened(load(path, [make_job(0)])) as run:
        record(run, [outcome_of(make_job(0))], Traffic())
    with opened(path, read_only=True) as run:
        assert len(list(run.outcomes())) == 1
    assert list(path.parent.iterdir()) == [path]


def test_any_sqlite_tool_can_read_the_views(path: Path) -> None:
    jobs = [make_job(0, EAST, "fn", "prod"), make_job(1, WEST)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[0], attempts=2)], Traffic())
    with closing(sqlite3.connect(path)) as database:
        assert database.execute(
            "SELECT seq, source, function_name, qualifier, region, status, attempts FROM result"
        ).fetchall() == [(0, "targets.csv:2", "fn", "prod", "us-east-1", "updated", 2)]
        assert database.execute("SELECT seq, source, region FROM pending").fetchall() == [
            (1, "targets.csv:3", "us-west-2")
        ]


def test_a_file_that_is_not_there(path: Path) -> None:
    assert not is_run_file(path)
    assert "No such file" in refusal(path)
    assert list(path.parent.iterdir()) == []


def test_only_a_run_file_that_exists_can_be_resumed(path: Path) -> None:
    load(path, [make_job(0)])
    with pytest.raises(RunFileError, match="give another name, or resume it: bulkeic apply"):
        load(path, [make_job(0)])

    path.write_text("FunctionName")
    with pytest.raises(RunFileError, match=r"exists; give another name$"):
        load(path, [make_job(0)])
    assert path.read_text() == "FunctionName"


def test_a_folder_is_not_a_run_file(path: Path) -> None:
    path.mkdir()
    assert not is_run_file(path)
    refusal(path)


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (empty, "is not a run file"),
        (table, "is not a run file"),
        (foreign, "is a database, but not a run file"),
        (foreign_wal, "is a database, but not a run file"),
        (newer, "has version 99, this bulkeic supports 10"),
        (older, "has version 3, this bulkeic supports 10; apply the targets file again"),
        (half_loaded, "was not loaded completely"),
        (garbled, ""),
        (cut, ""),
    ],
)
def test_other_files_are_refused_and_left_alone(
    path: Path, make: Callable[[Path], None], says: str, *, read_only: bool
) -> None:
    make(path)
    before = path.read_bytes()
    assert says in refusal(path, read_only=read_only)
    assert path.read_bytes() == before
    if make in (foreign, foreign_wal):
        assert list(path.parent.iterdir()) == [path]


def test_a_run_file_is_known_by_its_first_bytes(path: Path) -> None:
    assert is_run_file(load(path, [make_job(0)]))
    table(path)
    assert not is_run_file(path)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("note", "CREATE TABLE note (seq, text)"),
        ("by_status", "CREATE INDEX by_status ON outcome (status)"),
        ("mine", "CREATE VIEW mine AS SELECT * FROM result"),
        ("other", "CREATE TRIGGER other AFTER INSERT ON outcome BEGIN DELETE FROM job; END"),
    ],
)
def test_what_does_not_belong_to_a_run_file_is_refused(
    path: Path, name: str, statement: str
) -> None:
    with closing(sqlite3.connect(load(path, [make_job(0)]))) as database:
        database.execute(statement)
    assert f"damaged: {name!r} does not belong to the file" in refusal(path)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_transaction_that_a_kill_interrupted_is_rolled_back_on_opening(
    path: Path, tmp_path: Path, *, read_only: bool
) -> None:
    jobs = [make_job(seq) for seq in range(300)]
    with closing(sqlite3.connect(load(path, jobs))) as database:
        database.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the end
        database.execute("BEGIN")
        database.execute("UPDATE job SET function = printf('%0500d', seq)")
        killed = tmp_path / "killed.db"
        for ending in ("", "-journal"):
            shutil.copy(f"{path}{ending}", f"{killed}{ending}")
    assert killed.read_bytes() != path.read_bytes()
    with opened(killed, read_only=read_only) as run:
        assert [job.target.function for job in pending(run)] == [f"fn-{n}" for n in range(300)]
    assert not Path(f"{killed}-journal").exists()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE job SET seq = 'x'", "job: a value of the wrong type"),
        ("UPDATE lane SET region = '../x'", "Region: '../x' is not a Region"),
        ("DELETE FROM settings", "job: without a function, or with unknown settings"),
        ("DELETE FROM lane", "job: of an unknown lane"),
        ("DELETE FROM run WHERE key = 'source'", "run: it does not name its targets file"),
        ("DROP VIEW result", "result is not as it was created"),
        ("ALTER TABLE outcome ADD COLUMN more", "outcome is not as it was created"),
        ("INSERT INTO wave_lane VALUES (1, 1, 0)", "wave_lane: of an unknown lane or wave"),
        ("INSERT INTO managed VALUES (1, 7, 1)", "managed: of an unknown job"),
        ("INSERT INTO managed VALUES (1, 0, 1)", "managed: of an unknown owner"),
        ("INSERT INTO owner VALUES (1, 'x', '', 'keeps')", "owner: a value of the wrong type"),
    ],
)
@pytest.mark.parametrize("read_only", [False, True])
def test_content_that_bulkeic_did_not_write_is_damage(
    path: Path, statement: str, says: str, *, read_only: bool
) -> None:
    change(load(path, [make_job(0)]), statement)
    before = path.read_bytes()
    assert f"damaged: {says}" in refusal(path, read_only=read_only)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "api", ["{", "null", '{"MaximumRetryAttempts":"1"}', '{"DestinationConfig":{"OnFailure":[]}}']
)
def test_invalid_settings_are_damage(path: Path, api: str) -> None:
    change(load(path, [make_job(0)]), "UPDATE settings SET api = ?", values=(api,))
    with opened(path) as run, pytest.raises(RunFileError, match="cannot be read: damaged: "):
        pending(run)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5000, "damaged: (maximum recursion|JSON is malformed)"),
        (f'"{"x" * (9 << 20)}"', "too big"),
    ],
)
def test_values_that_are_too_deep_or_too_long_are_damage(path: Path, text: str, says: str) -> None:
    with opened(load(path, [make_job(0)])) as run:
        record(run, [outcome_of(make_job(0))], Traffic())
    change(path, "UPDATE outcome SET config = ?", values=(f'{{"x":{text}}}',))
    with pytest.raises(RunFileError, match=says), opened(path) as run:
        list(run.outcomes())


@pytest.mark.parametrize("time", ["yesterday", "2026-02-31T00:00:00Z", "2026-01-01T00:00:00"])
def test_an_invalid_time_is_refused_before_the_run_starts(path: Path, time: str) -> None:
    with opened(load(path, [make_job(0)])) as run:
        record(run, [outcome_of(make_job(0), started_at=time)], Traffic())
    before = path.read_bytes()
    assert "damaged: an invalid time" in refusal(path)
    assert path.read_bytes() == before
    with opened(path, read_only=True) as run, pytest.raises(RunFileError, match="an invalid time"):
        run.summary()


def test_a_damaged_worker_is_refused_in_one_line(path: Path) -> None:
    with opened(load(path, [make_job(0)])) as run:
        run.begin_session("apply", 1_700_000_000.0)
        run.workers.replace([worker("w", 1)])
        run.end_session("done")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE worker SET calls = calls + 1")
    assert "worker: a row is not as it was stored" in refusal(path)
    change(path, "UPDATE worker SET last_heard_at = 'yesterday'")
    with opened(path, read_only=True) as run, pytest.raises(RunFileError, match="an invalid time"):
        run.workers.all()


def test_a_new_folder_is_synced_together_with_its_parents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def recorded(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", recorded)
    load(tmp_path / "a" / "b" / "run.db", [make_job(0)])

    folders = [str(tmp_path), str(tmp_path / "a")]
    assert synced == [*folders, str(tmp_path / "a" / "b" / "run.db.loading"), f"{folders[1]}/b"]
