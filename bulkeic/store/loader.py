"""Loads a new run file: stores jobs and invalid rows, and finds duplicates."""

import functools
import itertools
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from bulkeic.core.model import LATEST, Job, Lane, Outcome, Settings, SourceLine, Status
from bulkeic.core.targets.names import partition_of
from bulkeic.core.targets.selection import Selection
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.integrity.digests import CLOSED, SESSION, save_run_rows, seal_tables
from bulkeic.store.integrity.job_digests import LoadedLanes
from bulkeic.store.mapping import job_of, outcome_row
from bulkeic.store.outcome_columns import STORE_OUTCOMES
from bulkeic.store.records.loaded_owners import LoadedOwners
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.schema import (
    APPLICATION_ID,
    DUPLICATES,
    NO_LANE,
    SCHEMA,
    STORE_JOBS,
    VERSION,
)
from bulkeic.store.sqlite.database import Database

_MEMOIZED = 8192
_GIVEN_CHARACTERS = 256
INVALID = "InvalidInput"


_COUNT_JOBS = (
    """
    UPDATE lane SET jobs = n
    FROM (SELECT lane_id, count(*) n FROM job GROUP BY 1) WHERE id = lane_id
    """,
    """
    UPDATE settings SET jobs = n
    FROM (
      SELECT settings_id, count(*) n FROM job
      WHERE settings_id IS NOT NULL AND seq NOT IN (SELECT seq FROM outcome) GROUP BY 1
    )
    WHERE id = settings_id
    """,
)


_COMPLETE_WAVES = "UPDATE job SET wave = ? WHERE wave IS NULL AND lane_id <> 0"


_DELETE_LEFT_OUT = """
DELETE FROM job AS j WHERE lane_id <> 0 AND NOT EXISTS (
  SELECT 1 FROM temp.chosen c WHERE c.lane_id = j.lane_id AND c.seq = j.seq
)
"""


class Duplicate(msgspec.Struct, frozen=True):
    """Two rows that name the same target.

    Attributes:
        lane_id: id of their lane in the run file.
        seqs: of the two rows, the earlier first.
        lines: of the two rows.
        agree: whether both have the same settings.
    """

    lane_id: int
    seqs: tuple[int, int]
    lines: tuple[int, int]
    agree: bool


class Loader:
    """A run file while it is filled. There is not a run file before ``finish``.

    Args:
        path: of the run file; it must not exist.
        metadata: how the run was started.

    Raises:
        RunFileError: the file cannot be created or written.
    """

    def __init__(self, path: Path, metadata: RunMetadata) -> None:
        self._source = metadata.source
        self._database = Database(path, create=True)
        self._rows: list[tuple[object, ...]] = []
        self._loaded = LoadedLanes()
        self._lanes: dict[Lane, int] = {}
        self._last_wave = 0
        self._numbers = itertools.count(NO_LANE + 1)
        self._settings_id = functools.lru_cache(_MEMOIZED)(self._add_settings)
        try:
            self._connection = self._start(metadata)
            self._owners = LoadedOwners(self._database, self._connection, self._source)
        except BaseException:
            self.discard()
            raise

    def _start(self, metadata: RunMetadata) -> sqlite3.Connection:
        with self._database.errors("cannot be written"):
            connection = self._database.connect()
            # A crash loses the file, and it is loaded again; finish() makes it durable.
            connection.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000;"
                f"BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
                f"{SCHEMA}"
            )
            rows = {"state": "loading", SESSION: CLOSED, **metadata.save()}
            save_run_rows(connection, rows)
            connection.execute("COMMIT")
            connection.execute("BEGIN")
            return connection

    def add(self, job: Job) -> None:
        """Adds a job; rows are written in batches."""
        target = job.target
        lane = self._lanes.get(target.lane) or self._add_lane(target.lane)
        given = job.function_name
        row = (
            lane,
            job.seq,
            job.source.line,
            None if given == target.function else given,
            target.function,
            None if target.qualifier == LATEST else target.qualifier,
            self._settings_id(job.settings),
            None if job.expected is None else self._settings_id(job.expected),
            job.wave,
        )
        if job.owner is not None:
            self._owners.save(lane, [(job.seq, job.owner)])
        if job.wave is not None:
            self._last_wave = max(self._last_wave, job.wave)
        self._loaded.add(row)
        self._rows.append(row)
        if len(self._rows) == STORE_JOBS.most_rows:
            self._flush()

    @property
    def owners(self) -> LoadedOwners:
        """Stores the owners of the jobs that were added."""
        self._flush()
        return self._owners

    @property
    def have_waves(self) -> bool:
        """Whether rows give their waves."""
        return self._last_wave > 0

    def add_invalid(self, seq: int, line: int, given: str, problem: str) -> None:
        """Adds an invalid row, with its outcome."""
        given = given[:_GIVEN_CHARACTERS].encode(errors="replace").decode()
        with self._database.errors("cannot be written"):
            row = (NO_LANE, seq, line, given, None, None, None, None, None)
            STORE_JOBS.execute(self._connection, [row])
        self.invalidate(seq, NO_LANE, problem)

    def add_failed(self, job: Job, code: str, message: str) -> None:
        """Adds a job that cannot be done, with its outcome.

        Args:
            job: the job.
            code: error code of the outcome.
            message: error message of the outcome.
        """
        self.add(job)
        outcome = Outcome(
            job.seq,
            job.source,
            job.function_name,
            job.target,
            Status.FAILED,
            error_code=code,
            error_message=message,
        )
        row = outcome_row(outcome, self._lanes[job.target.lane], keeps_sent=False)
        with self._database.errors("cannot be written"):
            STORE_OUTCOMES.execute(self._connection, [row])

    def invalidate(self, seq: int, lane_id: int, problem: str) -> None:
        """Gives a row the outcome ``invalid`` and removes it from its lane."""
        outcome = Outcome(
            seq,
            SourceLine(self._source),
            "",
            None,
            Status.INVALID,
            error_code=INVALID,
            error_message=problem,
        )
        self._loaded.exclude(lane_id)
        with self._database.errors("cannot be written"):
            self._connection.execute(
                "UPDATE job SET lane_id = ? WHERE lane_id = ? AND seq = ?", (NO_LANE, lane_id, seq)
            )
            row = outcome_row(outcome, NO_LANE, keeps_sent=False)
            STORE_OUTCOMES.execute(self._connection, [row])

    def invalidate_lane(self, lane: Lane, problem: str) -> None:
        """Gives every job of a lane the outcome ``invalid``."""
        self._flush()
        number = self._lanes[lane]
        with self._database.errors("cannot be read"):
            rows = self._connection.execute("SELECT seq FROM job WHERE lane_id = ?", (number,))
            for (seq,) in rows.fetchall():
                self.invalidate(seq, number, problem)

    def drop_duplicate(self, duplicate: Duplicate) -> None:
        """Deletes the later one of two equal rows."""
        self._loaded.exclude(duplicate.lane_id)
        with self._database.errors("cannot be written"):
            self._connection.execute(
                "DELETE FROM job WHERE lane_id = ? AND seq = ?",
                (duplicate.lane_id, duplicate.seqs[1]),
            )

    def keep_only(self, selection: Selection) -> int:
        """Deletes the jobs that a selection leaves out: their number."""
        self._flush()
        chosen = ChosenJobs(self._database, self._connection)
        chosen.choose(selection, self._lanes, in_transaction=True)
        if chosen.left_out:
            for number in self._lanes.values():
                self._loaded.exclude(number)
            with self._database.errors("cannot be written"):
                self._connection.execute(_DELETE_LEFT_OUT)
        return chosen.left_out

    def duplicates(self, lanes: Iterable[Lane]) -> Iterator[Duplicate]:
        """Every row that names a target again, with the first row that named it."""
        self._flush()
        with self._database.errors("cannot be read"):
            for number in [self._lanes[lane] for lane in lanes]:
                rows = self._connection.execute(DUPLICATES, {"lane_id": number})
                for _, same in itertools.groupby(rows, key=lambda row: row[:2]):
                    first, *others = same
                    for _, _, seq, line, api in others:
                        seqs, lines = (first[2], seq), (first[3], line)
                        yield Duplicate(number, seqs, lines, first[4] == api)

    def lanes(self) -> list[Lane]:
        """Every lane that has a job."""
        self._flush()
        with self._database.errors("cannot be read"):
            rows = self._connection.execute(
                "SELECT id FROM lane WHERE EXISTS (SELECT 1 FROM job WHERE lane_id = id)"
            )
            held = {number for (number,) in rows}
        return [lane for lane, number in self._lanes.items() if number in held]

    def count_of(self, lane: Lane) -> int:
        """Number of jobs of a lane."""
        with self._database.errors("cannot be read"):
            (count,) = self._connection.execute(
                "SELECT count(*) FROM job WHERE lane_id = ?", (self._lanes[lane],)
            ).fetchone()
        return int(count)

    def count(self) -> int:
        """Number of jobs."""
        self._flush()
        with self._database.errors("cannot be read"):
            (count,) = self._connection.execute(
                "SELECT count(*) FROM job WHERE lane_id <> ?", (NO_LANE,)
            ).fetchone()
        return int(count)

    def lane_id(self, lane: Lane) -> int:
        """The lane's id in the run file."""
        return self._lanes[lane]

    def first_line(self, lane: Lane) -> int:
        """The line of the lane's first row."""
        self._flush()
        (line,) = self._connection.execute(
            "SELECT line FROM job WHERE lane_id = ? ORDER BY seq LIMIT 1", (self._lanes[lane],)
        ).fetchone()
        return int(line)

    def jobs_with_function_destinations(self, lane: Lane) -> Iterator[Job]:
        """The lane's jobs that have a function as a destination."""
        feeding = "SELECT 1 FROM settings WHERE api LIKE '%:lambda:%' LIMIT 1"
        if self._connection.execute(feeding).fetchone() is None:
            return
        self._flush()
        rows = self._connection.execute(
            "SELECT j.seq, j.line, j.given, j.function, j.qualifier, s.api FROM job j"
            " JOIN settings s ON s.id = j.settings_id"
            " WHERE j.lane_id = ? AND s.api LIKE '%:lambda:%'",
            (self._lanes[lane],),
        )
        for row in rows:
            settings = Settings.from_api(msgspec.json.decode(row[5]))
            yield job_of(row, self._source, lane, settings)

    def set_account(self, account_id: str) -> None:
        """Moves the jobs without an account to the caller's own account."""
        self._flush()
        with self._database.errors("cannot be written"):
            for lane in [lane for lane in self._lanes if not lane.account_id]:
                self._move_lane(lane, Lane(account_id, lane.region))

    def set_roles(self, roles: Mapping[str, str]) -> None:
        """Stores the roles that rows gave, by account id."""
        with self._database.errors("cannot be written"):
            self._connection.executemany("INSERT INTO account VALUES (?, ?)", roles.items())

    def set_metadata(self, metadata: RunMetadata) -> None:
        """Replaces how the run was started."""
        with self._database.errors("cannot be written"):
            self._connection.executemany(
                "INSERT OR REPLACE INTO run VALUES (?, ?)", metadata.save().items()
            )

    def finish(self) -> None:
        """Completes the run file and gives it its name, durably."""
        self._flush()
        with self._database.errors("cannot be written"):
            self._complete_waves()
            self._owners.complete()
            for statement in _COUNT_JOBS:
                self._connection.execute(statement)
            self._connection.execute("DELETE FROM lane WHERE jobs = 0")
            save_run_rows(self._connection, {"state": "ready"})
            seal_tables(self._connection, self._loaded.digests())
            self._connection.execute("COMMIT")
        self._database.publish()

    def _complete_waves(self) -> None:
        """If some rows give their wave, the jobs of the others get one of their own, the last."""
        if not self._last_wave:
            return
        if self._connection.execute(_COMPLETE_WAVES, (self._last_wave + 1,)).rowcount > 0:
            for number in self._lanes.values():
                self._loaded.exclude(number)

    def discard(self) -> None:
        """Deletes the file."""
        self._database.discard()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        with self._database.errors("cannot be written"):
            STORE_JOBS.execute(self._connection, rows)

    def _add_lane(self, lane: Lane) -> int:
        number = self._lanes[lane] = next(self._numbers)
        with self._database.errors("cannot be written"):
            self._connection.execute(
                "INSERT INTO lane (id, account_id, region, partition) VALUES (?, ?, ?, ?)",
                (number, lane.account_id, lane.region, partition_of(lane.region)),
            )
        return number

    def _add_settings(self, settings: Settings) -> int | None:
        api = msgspec.json.encode(settings.to_api()).decode()
        with self._database.errors("cannot be written"):
            return self._connection.execute(
                "INSERT INTO settings (api) VALUES (?)", (api,)
            ).lastrowid

    def _move_lane(self, lane: Lane, to: Lane) -> None:
        number, known = self._lanes.pop(lane), self._lanes.get(to)
        execute = self._connection.execute
        if known is None:
            self._lanes[to] = number
            execute("UPDATE lane SET account_id = ? WHERE id = ?", (to.account_id, number))
            return
        count = "SELECT count(*) FROM job WHERE lane_id = ?"
        sizes = {each: execute(count, (each,)).fetchone()[0] for each in (number, known)}
        small, large = sorted(sizes, key=sizes.__getitem__)
        self._loaded.exclude(large)
        execute("UPDATE job SET lane_id = ? WHERE lane_id = ?", (large, small))
        execute("DELETE FROM lane WHERE id = ?", (small,))
        execute("UPDATE lane SET account_id = ? WHERE id = ?", (to.account_id, large))
        self._lanes[to] = large
