"""Each step of a migration leads to the tables that the code of the next version made."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bulkeic.store.migration.migration_steps import FIRST_VERSION, STEPS, take_steps
from bulkeic.store.migration.older_tables import tables_of_version
from bulkeic.store.migration.rebuilding import drop_views_and_indexes
from bulkeic.store.schema import SCHEMA, VERSION

from .older_run_files import FOLDER, columns


@contextmanager
def stored(version: int, kind: str = "interrupted") -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:", isolation_level=None)
    try:
        if version == VERSION:
            database.executescript(SCHEMA)
        else:
            database.executescript((FOLDER / f"v{version}/{kind}.sql").read_text())
        yield database
    finally:
        database.close()


@contextmanager
def stepped(version: int, kind: str = "interrupted") -> Iterator[sqlite3.Connection]:
    """A run file of a version, after the step to the next one."""
    with stored(version, kind) as database:
        drop_views_and_indexes(database)
        take_steps(database, version, version + 1)
        yield database


def test_every_version_has_a_step() -> None:
    assert list(STEPS) == list(range(FIRST_VERSION, VERSION))


@pytest.mark.parametrize("version", STEPS)
def test_a_step_leads_to_the_tables_of_the_next_version(version: int) -> None:
    with stepped(version) as found, stored(version + 1) as expected:
        assert columns(found) == columns(expected)


@pytest.mark.parametrize("version", range(FIRST_VERSION, VERSION))
def test_the_tables_of_a_version_are_known(version: int) -> None:
    with stored(version) as database:
        assert tables_of_version(version) == {
            table: frozenset(found) for table, found in columns(database).items()
        }


def test_lanes_get_their_partition_and_settings_their_jobs() -> None:
    with stepped(1, "finished") as database:
        assert database.execute("SELECT region, partition FROM lane ORDER BY id").fetchall() == [
            ("us-east-1", "aws"),
            ("eu-west-1", "aws"),
        ]
        assert database.execute("SELECT sum(jobs) FROM settings").fetchall() == [(5,)]
        # The code of version 2 counted the same.
        with stored(2, "finished") as next_version:
            query = "SELECT api, jobs FROM settings ORDER BY id"
            assert database.execute(query).fetchall() == next_version.execute(query).fetchall()


def test_the_first_sessions_applied_and_had_no_before_images() -> None:
    with stepped(2) as database:
        assert database.execute("SELECT doing FROM session").fetchall() == [("apply",)]
        assert database.execute("SELECT count(*) FROM before_image").fetchone() == (0,)


def test_where_a_run_was_made_is_not_known_before_it_was_recorded() -> None:
    with stepped(3) as database:
        assert database.execute("SELECT 1 FROM run WHERE key = 'place'").fetchone() is None


def test_the_sandbox_stays_known() -> None:
    with stored(3) as database:
        database.execute("UPDATE run SET value = 'the sandbox' WHERE key = 'place'")
        drop_views_and_indexes(database)
        take_steps(database, 3, 4)
        query = "SELECT value FROM run WHERE key = 'place'"
        assert database.execute(query).fetchone() == ("the sandbox",)


def test_known_flags_can_be_repeated() -> None:
    with stored(3) as database:
        database.execute("INSERT INTO run VALUES ('create_missing', 'yes'), ('where', 'a == `1`')")
        drop_views_and_indexes(database)
        take_steps(database, 3, 4)
        (flags,) = database.execute("SELECT value FROM run WHERE key = 'made_with'").fetchone()
    assert json.loads(flags) == {
        "--create-missing": "--create-missing",
        "--where": "--where 'a == `1`'",
    }


def test_the_first_gates_were_commands() -> None:
    with stepped(7, "gates") as database, stored(8, "gates") as expected:
        query = "SELECT wave, decision, kind, name FROM gate"
        assert database.execute(query).fetchall() == expected.execute(query).fetchall() != []


@pytest.mark.parametrize("version", [4, 5, 8])
def test_other_steps_change_no_row(version: int) -> None:
    with stored(version) as before, stepped(version) as after:
        for table, names in columns(before).items():
            query = f"SELECT {', '.join(names)} FROM {table}"
            assert after.execute(query).fetchall() == before.execute(query).fetchall()
