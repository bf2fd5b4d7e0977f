"""A loaded run file: its jobs, its outcomes, and how outcomes are written."""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bulkeic.core.model import Job, Lane, Outcome, Settings, Status, rfc3339
from bulkeic.core.reconcile import Action, BeforeImage
from bulkeic.core.summary import (
    ActionCount,
    SessionNumbers,
    Summary,
    Tally,
    Traffic,
    summarize,
)
from bulkeic.store.database import Database
from bulkeic.store.digests import (
    CLOSED,
    OPEN,
    SESSION,
    add_digest_function,
    save_run_rows,
    sealed,
)
from bulkeic.store.integrity import DamagedError
from bulkeic.store.jobs import Jobs
from bulkeic.store.mapping import (
    check_time,
    lane_of,
    outcome_of,
    settings_of,
)
from bulkeic.store.outcome_columns import SELECT_OUTCOME, STORE_OUTCOMES
from bulkeic.store.reopening import Reopening
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.run_rows import RowMaker, RunRows
from bulkeic.store.schema import (
    INSERT_SESSION,
    MARK_BEFORE_IMAGES,
    NO_LANE,
    STORE_BEFORE_IMAGES,
)
from bulkeic.store.wave_progress import WaveProgress


class SessionRecord(msgspec.Struct, frozen=True):
    """One session of work on a run.

    Attributes:
        doing: ``apply`` or ``plan``.
        ended: why it ended; ``None``: it has not, or was killed.
    """

    doing: str
    started_at: str
    elapsed_s: float
    ended: str | None


class RunFile:
    """A run's jobs and outcomes.

    Reads and writes have connections of their own, so that one thread can read jobs while another
    writes outcomes.

    Attributes:
        metadata: how the run was started.
        jobs: its jobs.
        waves: its waves.
        reopening: makes its jobs pending again.

    Args:
        path: of the run file.
        read_only: only read; works while another process uses the run file.
        is_new: this process has just created it, so it is not checked for damage.
        accept_loss: open it although its last outcomes may be lost.

    Raises:
        DamagedRunError: it is damaged, or its last outcomes may be lost.
        RunFileError: it cannot be opened, is not a run file, or is in use by another process.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        is_new: bool = False,
        accept_loss: bool = False,
    ) -> None:
        self.path = path
        self._read_only = read_only
        self._database = Database(path, shared=read_only, is_sound=is_new, accept_loss=accept_loss)
        try:
            with self._database.errors("cannot be read"):
                self._reader = self._database.connect(read_only=True)
                rows: dict[str, str] = dict(self._reader.execute("SELECT key, value FROM run"))
                if "source" not in rows:
                    raise DamagedError("run: it does not name its targets file")  # noqa: TRY301 - placed by errors()
                self.metadata = RunMetadata.load(rows)
                self._lane_ids: dict[Lane, tuple[int, int]] = {
                    lane_of(account, region): (number, jobs)
                    for number, account, region, jobs in self._reader.execute(
                        "SELECT id, account_id, region, jobs FROM lane ORDER BY id"
                    )
                }
            if not read_only and not is_new:
                self.tallies()  # fails now if the outcomes cannot be summarized at the end
            self._writer = self._reader if read_only else self._open_writer()
        except BaseException:
            self._database.close()
            raise
        self._session_numbers = SessionNumbers()
        self._session: tuple[Any, ...] = ()
        self._traffic = Traffic()
        database, lane_ids = self._database, self._lane_ids
        self.jobs = Jobs(database, self._reader, lane_ids, self.metadata)
        self.waves = WaveProgress(database, self._reader, self._writer, lane_ids)
        self.reopening = Reopening(
            database,
            self._reader,
            self._writer,
            {number: lane for lane, (number, _) in lane_ids.items()},
            planned=self.metadata.planned,
        )
        # A restored snapshot may have braces that are not templates; the view would fill them in.
        keeps_sent = self.metadata.replace_destinations or self.metadata.restores is not None
        numbers = {lane: number for lane, (number, _) in lane_ids.items()}
        self._row_maker = RowMaker(numbers, keeps_sent=keeps_sent)

    def _open_writer(self) -> sqlite3.Connection:
        with self._database.errors("cannot be written"):
            writer = self._database.connect()
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("PRAGMA synchronous = FULL")
            add_digest_function(writer)
            try:
                _mark_session(writer, OPEN)
                # The mark must outlive the log, or the log's loss would not be noticed.
                writer.execute("PRAGMA wal_checkpoint(FULL)")
            except BaseException:
                _close_log(writer)
                raise
            return writer

    def close(self) -> None:
        """Closes the run file and leaves a single file that any SQLite tool can read."""
        if not self._read_only:
            self._reader.close()
            _close_log(self._writer)
        self._database.close()

    def save_metadata(self, metadata: RunMetadata) -> None:
        """Replaces the run's metadata.

        Raises:
            RunFileError: it cannot be written.
        """
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            save_run_rows(self._writer, metadata.save())
        self.metadata = metadata

    def begin_session(self, doing: str, started_at: float) -> None:
        """Stores that a session begins.

        Args:
            doing: ``apply`` or ``plan``.
            started_at: Unix time in seconds.
        """
        with self._database.errors("cannot be written"):
            (last,) = self._writer.execute("SELECT coalesce(max(id), 0) FROM session").fetchone()
            self._session = (last + 1, doing, rfc3339(started_at))
            self._store_session(Traffic())
        self._session_numbers = SessionNumbers()

    def _store_session(self, traffic: Traffic, ended: str | None = None) -> None:
        """Stores the session's row, if a session has begun."""
        if self._session:
            self._traffic = traffic
            numbers = traffic.calls, traffic.throttles, traffic.conflicts, traffic.retries
            row = (*self._session, float(traffic.elapsed_s), *numbers, ended)
            self._writer.execute(INSERT_SESSION, sealed(row))

    def rows(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]] = (),
    ) -> RunRows:
        """The rows of outcomes and before-images, for ``record``.

        Raises:
            RunFileError: a text cannot be stored.
        """
        with self._database.errors("cannot be written"):
            return self._row_maker.rows(outcomes, before_images)

    def record(self, rows: RunRows, traffic: Traffic) -> None:
        """Commits rows and the traffic of this session in one transaction.

        Raises:
            RunFileError: they cannot be written; then none of them is.
        """
        self._database.check_in_place()
        with self._database.errors("cannot be written"), self._writer as writer:
            writer.execute("BEGIN")
            STORE_BEFORE_IMAGES.execute(writer, rows.images)
            MARK_BEFORE_IMAGES.execute(writer, rows.marks)
            STORE_OUTCOMES.execute(writer, rows.outcomes)
            self._store_session(traffic)
        done = self._session_numbers.targets + len(rows.outcomes) + rows.planned
        self._session_numbers = SessionNumbers(done, traffic)

    def was_applied(self) -> bool:
        """Whether an apply has worked on the run."""
        return any(session.doing == "apply" for session in self.sessions())

    def end_session(self, how: str) -> None:
        """Stores why the session ended."""
        with self._database.errors("cannot be written"):
            self._store_session(self._traffic, how)

    def summary(self, *, stopped: bool = False) -> Summary:
        """The run in numbers.

        Args:
            stopped: whether the run stopped early, so that outcomes may be missing.
        """
        return summarize(
            self.tallies(),
            run=str(self.path),
            targets=self.targets(),
            lanes={lane: jobs for lane, (_, jobs) in self._lane_ids.items()},
            traffic=self.traffic(),
            session=None if self._read_only else self._session_numbers,
            stopped=stopped,
            can_be_rolled_back=self.is_reversible(),
        )

    def is_reversible(self) -> bool:
        """Whether every target that the run has changed or will change has a before-image."""
        return self.metadata.keeps_before_images and not self.changed_without_before_image()

    def has_changes_to_roll_back(self) -> bool:
        """Whether the run has before-images of targets that it may have changed."""
        with self._database.errors("cannot be read"):
            row = self._reader.execute(
                "SELECT 1 FROM before_image WHERE may_be_sent LIMIT 1"
            ).fetchone()
        return row is not None

    def changed_without_before_image(self) -> int:
        """Number of targets that were changed, or may have been, without a before-image."""
        with self._database.errors("cannot be read"):
            (number,) = self._reader.execute(
                "SELECT count(*) FROM outcome o LEFT JOIN before_image b ON b.seq = o.seq"
                " WHERE o.status IN ('updated', 'created', 'unknown') AND b.may_be_sent IS NOT 1"
            ).fetchone()
        return int(number)

    def lanes(self) -> list[Lane]:
        """Every lane of the run, whatever became of its jobs."""
        return list(self._lane_ids)

    def roles(self) -> dict[str, str]:
        """The roles that rows gave, by account id."""
        with self._database.errors("cannot be read"):
            return dict(self._reader.execute("SELECT account_id, role_arn FROM account"))

    def common_settings(self, limit: int) -> tuple[list[tuple[Settings, int]], int]:
        """The most common settings of all jobs.

        Args:
            limit: most settings to return.

        Returns:
            Settings (templates as given) with their number of jobs, and the number of all settings.
        """
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT api, jobs FROM settings WHERE jobs > 0 ORDER BY jobs DESC, id LIMIT ?",
                (limit,),
            ).fetchall()
            (kinds,) = self._reader.execute(
                "SELECT count(*) FROM settings WHERE jobs > 0"
            ).fetchone()
            return [(settings_of(api), jobs) for api, jobs in rows], kinds

    def needs(self) -> list[ActionCount]:
        """What the targets that were read need, by lane."""
        lanes = {number: lane for lane, (number, _) in self._lane_ids.items()}
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT lane_id, action, count(*) FROM before_image GROUP BY 1, 2"
            ).fetchall()
        return [ActionCount(lanes[number], Action(action), count) for number, action, count in rows]

    def tallies(self) -> list[Tally]:
        """The outcomes, counted by lane, status and error code."""
        lanes: dict[int, Lane | None] = {
            number: lane for lane, (number, _) in self._lane_ids.items()
        }
        lanes[NO_LANE] = None
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT lane_id, status, error_code, count(*), sum(throttles),"
                " min(started_at), max(started_at) FROM outcome GROUP BY 1, 2, 3"
            )
            return [
                Tally(
                    lanes[number], Status(status), code, count, throttles, *map(check_time, times)
                )
                for number, status, code, count, throttles, *times in rows
            ]

    def targets(self) -> int:
        """Number of jobs and invalid rows."""
        with self._database.errors("cannot be read"):
            (invalid,) = self._reader.execute(
                "SELECT count(*) FROM job WHERE lane_id = ?", (NO_LANE,)
            ).fetchone()
        jobs: int = sum(jobs for _, jobs in self._lane_ids.values())
        return int(invalid) + jobs

    def traffic(self) -> Traffic:
        """The traffic of all sessions together."""
        with self._database.errors("cannot be read"):
            row = self._reader.execute(
                "SELECT total(calls), total(throttles), total(conflicts), total(retries),"
                " total(elapsed_s) FROM session"
            ).fetchone()
        calls, throttles, conflicts, retries, elapsed_s = row
        return Traffic(int(calls), int(throttles), int(conflicts), int(retries), elapsed_s)

    def sessions(self) -> list[SessionRecord]:
        """The sessions of the run, in order."""
        with self._database.errors("cannot be read"):
            return [
                SessionRecord(*row)
                for row in self._reader.execute(
                    "SELECT doing, started_at, elapsed_s, ended FROM session ORDER BY id"
                )
            ]

    def outcomes(self, statuses: Sequence[Status] = ()) -> Iterator[Outcome]:
        """Outcomes in file order. A stream.

        Args:
            statuses: only outcomes with one of these; empty: all.
        """
        where = f" WHERE o.status IN ({', '.join('?' * len(statuses))})" if statuses else ""
        with self._database.errors("cannot be read"):
            for row in self._reader.execute(
                f"{SELECT_OUTCOME}{where} ORDER BY o.seq",
                list(statuses),
            ):
                yield outcome_of(row, self.metadata.source)

    def examples(self, limit: int = 10) -> dict[str, Outcome]:
        """The first outcome of each error code, for the most frequent codes."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT error_code, min(seq) FROM outcome WHERE error_code IS NOT NULL"
                " GROUP BY 1 ORDER BY count(*) DESC, 2 LIMIT ?",
                (limit,),
            ).fetchall()
            return {code: self._outcome(seq) for code, seq in rows}

    def _outcome(self, seq: int) -> Outcome:
        row = self._reader.execute(f"{SELECT_OUTCOME} WHERE o.seq = ?", (seq,)).fetchone()
        return outcome_of(row, self.metadata.source)


def _mark_session(writer: sqlite3.Connection, state: str) -> None:
    """Stores whether a process works on the run."""
    with writer:
        writer.execute("BEGIN")
        save_run_rows(writer, {SESSION: state})


def _close_log(writer: sqlite3.Connection) -> None:
    """Merges the log into the file and deletes it, if the disk and other readers allow that."""
    with contextlib.suppress(sqlite3.Error):
        writer.execute("PRAGMA wal_checkpoint(PASSIVE)")  # makes room on a full disk
        _mark_session(writer, CLOSED)
        writer.execute("PRAGMA journal_mode = DELETE")
