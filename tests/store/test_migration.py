"""Run files of older versions: migrated once, in one piece, with the file as it was beside them."""

import fcntl
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bulkeic.core.errors import DamagedRunError, RunFileError
from bulkeic.core.model import Status
from bulkeic.store.integrity.plan_digest import PlanDigest, PlanParts
from bulkeic.store.migration.migrated_copy import MigratedCopy
from bulkeic.store.migration.older_salvage import OlderSalvage
from bulkeic.store.migration.older_tables import check_older_content
from bulkeic.store.migration.rebuilding import rebuild
from bulkeic.store.migration.run_migration import migrate, open_older
from bulkeic.store.schema import VERSION
from bulkeic.store.sqlite.file_checks import may_need_migration, run_file_version

from .older_run_files import FOLDER, OLDER, older_run, rows, version_of
from .run_files import opened

PENDING = "SELECT * FROM pending ORDER BY seq"
IMAGES = "SELECT seq, lane_id, read_at, action, may_be_sent, config FROM before_image ORDER BY seq"
SETTINGS = "SELECT id, api FROM settings ORDER BY id"
JOBS = "SELECT lane_id, seq, line, given, function, qualifier, settings_id FROM job ORDER BY 1, 2"
DIGEST_OF_LANE = "SELECT value FROM run WHERE key = 'digest_of_lane'"


def results(path: Path) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute("SELECT * FROM result ORDER BY seq")]


@pytest.mark.parametrize("name", OLDER)
def test_a_migrated_run_has_what_the_older_one_had(path: Path, name: str) -> None:
    older = older_run(path, name).read_bytes()

    done = migrate(path)

    assert done is not None
    assert (done.version, done.kept.name) == (version_of(name), f"run.v{version_of(name)}.db")
    assert done.kept.read_bytes() == older
    for query in (PENDING, SETTINGS, JOBS, *([IMAGES] if version_of(name) > 2 else [])):
        assert rows(path, query) == rows(done.kept, query)
    for before, after in zip(results(done.kept), results(path), strict=True):
        assert before.items() <= after.items()
    with opened(path) as run:
        assert len(list(run.outcomes())) == len(results(path))
        first, *_ = run.sessions()
        assert first.doing == ("plan" if name.endswith("/plan") else "apply")
        assert (first.version is None) == (version_of(name) < 7)
        run.begin_session("apply", 1.0)
        run.end_session("done")


def test_a_run_is_migrated_once(path: Path) -> None:
    older_run(path, "v3/plan")
    assert may_need_migration(path)
    assert migrate(path) is not None
    assert not may_need_migration(path)
    assert migrate(path) is None
    assert sorted(file.name for file in path.parent.iterdir()) == ["run.db", "run.v3.db"]


def test_the_kept_file_can_be_migrated_too(path: Path) -> None:
    older_run(path, "v1/finished")
    first = migrate(path)
    assert first is not None
    again = migrate(first.kept)
    assert again is not None
    assert again.kept == path.with_name("run.v1.v1.db")
    assert first.kept.read_bytes() == path.read_bytes()


def test_a_copy_never_replaces_another_file(path: Path) -> None:
    other = path.with_name("run.v2.db")
    other.write_text("mine")
    older = older_run(path, "v2/finished").read_bytes()
    done = migrate(path)
    assert done is not None
    assert done.kept == path.with_name("run.v2-2.db")
    assert done.kept.read_bytes() == older
    assert other.read_text() == "mine"


def test_an_equal_copy_is_used_again(path: Path) -> None:
    shutil.copy(older_run(path, "v2/finished"), path.with_name("run.v2.db"))
    done = migrate(path)
    assert done is not None
    assert done.kept == path.with_name("run.v2.db")


def test_the_log_of_a_killed_run_is_merged(path: Path) -> None:
    killed = path.with_name("killed.db")
    with closing(sqlite3.connect(older_run(killed, "v5/killed"), isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("BEGIN")
        database.execute("DELETE FROM session")
        database.execute("COMMIT")
        for end in ("", "-wal"):
            shutil.copy(f"{killed}{end}", f"{path}{end}")
    migrate(path)
    with opened(path, read_only=True) as run:
        assert run.sessions() == []
    assert rows(path.with_name("run.v5.db"), "SELECT * FROM session") == []
    assert not path.with_name("run.db-wal").exists()


def test_a_run_without_its_log_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(older_run(path, "v5/killed"))) as database:
        database.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(DamagedRunError, match="outcomes may be lost"):
        migrate(path)
    assert run_file_version(path) == 5
    assert migrate(path, accept_loss=True) is not None


def test_a_crash_at_any_moment_leaves_the_older_or_the_migrated_file(path: Path) -> None:
    older = older_run(path, "v3/waves").read_bytes()
    moments: dict[tuple[bytes, ...], str] = {}

    def keep(statement: str) -> None:
        files = (path, Path(f"{path}-journal"))
        moments[tuple(file.read_bytes() for file in files if file.exists())] = statement

    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA cache_size = 1")  # writes pages before the commit
        database.set_trace_callback(keep)
        rebuild(database, 3)
        database.set_trace_callback(None)
    expected = results(path)

    assert any(files[0] != older for files in moments)
    for number, files in enumerate(moments):
        moment = path.parent / f"{number}.db"
        for end, content in zip(("", "-journal"), files, strict=False):
            Path(f"{moment}{end}").write_bytes(content)
        done = migrate(moment)
        assert done is not None
        assert rows(done.kept, JOBS) == rows(path, JOBS)
        assert results(moment) == expected


def test_a_file_without_room_for_its_copy_is_left_alone(path: Path) -> None:
    older = older_run(path, "v3/finished").read_bytes()
    in_the_way = path.with_name("run.v3.db.loading")
    in_the_way.mkdir()
    with pytest.raises(RunFileError, match=r"run\.v3\.db' cannot be created"):
        migrate(path)
    assert path.read_bytes() == older
    assert sorted(path.parent.iterdir()) == [path, in_the_way]
    with closing(MigratedCopy(path)) as run:
        assert len(list(run.outcomes())) == 6


def no_table(database: sqlite3.Connection) -> None:
    database.execute("DROP TABLE wave_lane")


def other_column(database: sqlite3.Connection) -> None:
    database.execute("ALTER TABLE job ADD COLUMN mine TEXT")


def trigger(database: sqlite3.Connection) -> None:
    database.execute("CREATE TRIGGER t AFTER UPDATE ON job BEGIN DELETE FROM job; END")


def other_outcome(database: sqlite3.Connection) -> None:
    database.execute("UPDATE outcome SET status = 'unchanged' WHERE seq = 0")


def other_job(database: sqlite3.Connection) -> None:
    database.execute("UPDATE job SET function = 'other' WHERE seq = 2")


def other_settings(database: sqlite3.Connection) -> None:
    database.execute("UPDATE settings SET api = '{}'")


def other_source(database: sqlite3.Connection) -> None:
    database.execute("UPDATE run SET value = 'x' WHERE key = 'source'")


def no_status(database: sqlite3.Connection) -> None:
    database.execute("UPDATE outcome SET status = 'perhaps'")


@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("v3/waves", no_table, "cannot be opened: damaged: wave_lane is not as it was created"),
        ("v2/finished", other_column, "cannot be opened: damaged: job is not as it was created"),
        ("v1/finished", trigger, "cannot be opened: damaged: 't' does not belong to the file"),
        ("v4/waves", other_outcome, "damaged: outcome: a row is not as it was stored"),
        ("v4/waves", other_job, "damaged: job: not as it was stored"),
        ("v5/waves", other_job, "damaged: job: not as it was stored"),
        ("v6/finished", other_settings, "damaged: settings: not as it was stored"),
        ("v8/finished", other_source, "damaged: run: not as it was stored"),
        ("v1/finished", no_status, "damaged: outcome: a value of the wrong type"),
    ],
)
def test_a_damaged_file_is_refused_and_left_alone(
    path: Path, name: str, damage: Callable[[sqlite3.Connection], None], says: str
) -> None:
    with closing(sqlite3.connect(older_run(path, name))) as database:
        damage(database)
        database.commit()
    before = path.read_bytes()
    with pytest.raises(RunFileError, match=says) as error:
        migrate(path)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", [name for name in OLDER if name.endswith("/waves")] + OLDER[:1])
def test_what_is_intact_of_a_damaged_file_can_be_saved(path: Path, name: str) -> None:
    with closing(sqlite3.connect(older_run(path, name))) as database:
        other_outcome(database)
        database.execute("UPDATE lane SET jobs = 99")
        database.commit()
    salvage = OlderSalvage(path, version_of(name))
    seqs = [outcome.seq for outcome in salvage.outcomes()]
    stored = [result["seq"] for result in results(path)]
    if version_of(name) >= 4 and 0 in stored:
        assert (seqs, salvage.damaged) == ([seq for seq in stored if seq], 1)
    else:
        assert (seqs, salvage.damaged) == (stored, 0)


def test_a_run_in_use_is_read_from_a_temporary_copy(path: Path) -> None:
    """As an older bulkeic uses it: locked, with its last outcomes in the log."""
    with (
        closing(sqlite3.connect(older_run(path, "v3/interrupted"), isolation_level=None)) as writer,
        path.open("rb") as lock,
    ):
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE session SET ended = 'just now'")
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(RunFileError, match="another bulkeic process uses it"):
            migrate(path)
        with closing(MigratedCopy(path)) as run:
            assert run.path == path
            assert [session.ended for session in run.sessions()] == ["just now"]
            with closing(run.for_another_thread()) as other:
                assert len(list(other.outcomes())) == 2
            assert len(list(run.outcomes())) == 2
        assert run_file_version(path) == 3


def test_a_damaged_copy_is_known_by_the_name_of_the_file(path: Path) -> None:
    with closing(sqlite3.connect(older_run(path, "v8/finished"))) as database:
        other_settings(database)
        database.commit()
    with pytest.raises(DamagedRunError) as error:
        MigratedCopy(path)
    assert str(error.value).startswith(f"run file '{path}': cannot be opened: damaged: settings")


@pytest.mark.parametrize("name", [name for name in OLDER if name.endswith("/plan")])
def test_a_plan_stays_a_plan(path: Path, name: str) -> None:
    older_run(path, name)
    migrate(path)
    with opened(path) as run:
        assert run.metadata.planned
        assert run.counts.needs() != []
        assert list(run.outcomes()) == []
        if run.metadata.plan_parts is not None:
            parts = PlanParts(*run.metadata.plan_parts.split())
            assert run.plan_digest.parts(run.metadata) == parts


def test_the_digest_of_a_plan_stays_if_its_lanes_stay(path: Path) -> None:
    older_run(path, "v7/plan")
    done = migrate(path)
    assert done is not None
    with opened(path, read_only=True) as run:
        parts = run.plan_digest.parts(run.metadata)
        digest = run.plan_digest.of(parts)
    with closing(open_older(done.kept, done.version, accept_loss=False)) as kept:
        older = PlanDigest(kept, kept.connect(read_only=True)).of(parts)
    same = rows(path, DIGEST_OF_LANE) == rows(done.kept, DIGEST_OF_LANE)
    assert (digest == older) is same


def test_a_file_that_another_process_has_just_migrated(path: Path) -> None:
    with closing(sqlite3.connect(older_run(path, "v3/plan"))) as database:
        database.execute("PRAGMA user_version = 5")
        with pytest.raises(RunFileError, match="another process has migrated the run file"):
            check_older_content(database, 3)


def test_failed_jobs_keep_their_earlier_outcomes(path: Path) -> None:
    older_run(path, "v6/retried")
    migrate(path)
    query = "SELECT seq, retry, status, error_code FROM earlier_outcome"
    assert rows(path, query) == rows(path.with_name("run.v6.db"), query) != []
    with opened(path) as run:
        assert run.reopening.retry_failed([], 1.0) == 2
        assert Status.FAILED not in {outcome.status for outcome in run.outcomes()}


def test_every_version_has_its_files() -> None:
    found = {int(folder.name[1:]) for folder in FOLDER.iterdir()}
    assert set(range(1, VERSION)) <= found
