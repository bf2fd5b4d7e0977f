"""A loaded run file: its jobs, its outcomes, and how outcomes are written."""

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Lane, Outcome, Status, rfc3339
from bulkeic.core.report.run_end import SessionRecord
from bulkeic.core.summary import SessionNumbers, Summary, Tally, Traffic, summarize
from bulkeic.core.targets.selection import Selection
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.integrity.digests import save_run_rows, sealed
from bulkeic.store.integrity.plan_digest import PlanDigest
from bulkeic.store.jobs import Jobs
from bulkeic.store.known_configs import KnownConfigs
from bulkeic.store.mapping import lane_of, outcome_of
from bulkeic.store.outcome_columns import SELECT_OUTCOME, STORE_OUTCOMES
from bulkeic.store.records.gate_records import GateRecords
from bulkeic.store.records.session_origin import SessionOrigin
from bulkeic.store.records.stored_owners import StoredOwners
from bulkeic.store.records.wave_progress import WaveProgress
from bulkeic.store.records.worker_records import WorkerRecords
from bulkeic.store.reopening import Reopening
from bulkeic.store.run_counts import RunCounts
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.run_rows import RowMaker, RunRows
from bulkeic.store.run_writer import close_log, open_writer
from bulkeic.store.schema import (
    INSERT_SESSION,
    MARK_BEFORE_IMAGES,
    STORE_BEFORE_IMAGES,
)
from bulkeic.store.sqlite.database import Database

_COUNT_WITHOUT_IMAGE = """
SELECT count(*) FROM outcome o LEFT JOIN before_image b ON b.seq = o.seq
WHERE o.status IN ('updated', 'created', 'unknown') AND b.may_be_sent IS NOT 1
"""


class RunFile:
    """A run's jobs and outcomes.

    Reads and writes have connections of their own, so that one thread can read jobs while another
    writes outcomes.

    Attributes:
        metadata: how the run was started.
        jobs: its jobs.
        chosen: those that a command works on.
        configs: what the targets of its jobs have now.
        counts: its jobs and outcomes, counted.
        owners: who manages its targets.
        waves: its waves.
        gates: what its gate has decided.
        workers: what the workers of its sessions have done.
        plan_digest: computes the digest of a plan.
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
                self.metadata = RunMetadata.load(rows)
                self._lane_ids: dict[Lane, tuple[int, int]] = {
                    lane_of(account, region): (number, jobs)
                    for number, account, region, jobs in self._reader.execute(
                        "SELECT id, account_id, region, jobs FROM lane ORDER BY id"
                    )
                }
            self._add_counts()
            if not read_only and not is_new:
                self.counts.tallies()  # fails now if the outcomes cannot be summarized at the end
            self._writer = self._reader if read_only else open_writer(self._database)
        except BaseException:
            self._database.close()
            raise
        self._session_numbers = SessionNumbers()
        self._session: tuple[Any, ...] = ()
        self._origin = SessionOrigin()
        self._traffic = Traffic()
        self._add_parts()

    def _add_counts(self) -> None:
        self.chosen = ChosenJobs(self._database, self._reader)
        self.counts = RunCounts(self._database, self._reader, self._lane_ids, self.chosen)

    def _add_parts(self) -> None:
        database, lane_ids = self._database, self._lane_ids
        facts = (database, self._reader, lane_ids, self.metadata, self.chosen)
        self.owners = StoredOwners(*facts)
        self.jobs = Jobs(*facts, owners=self.owners)
        self.configs = KnownConfigs(database, self._reader, lane_ids, self.chosen)
        self.plan_digest = PlanDigest(database, self._reader)
        self.waves = WaveProgress(database, self._reader, self._writer, lane_ids)
        self.gates = GateRecords(database, self._reader, self._writer)
        self.workers = WorkerRecords(database, self._reader)
        self.reopening = Reopening(
            database,
            self._reader,
            self._writer,
            {number: lane for lane, (number, _) in lane_ids.items()},
            self.chosen,
            planned=self.metadata.planned,
        )
        # A restored snapshot may have braces that are not templates; the view would fill them in.
        keeps_sent = self.metadata.replace_destinations or self.metadata.restores is not None
        numbers = {lane: number for lane, (number, _) in lane_ids.items()}
        self._row_maker = RowMaker(numbers, keeps_sent=keeps_sent)

    def close(self) -> None:
        """Closes the run file and leaves a single file that any SQLite tool can read."""
        if not self._read_only:
            self._reader.close()
            close_log(self._writer)
        self._database.close()

    def for_another_thread(self) -> "RunFile":
        """The same run with the same selection, to read in another thread while this one works.

        Close it before this one.

        Raises:
            RunFileError: it cannot be opened.
        """
        other = copy.copy(self)
        other._open_reader()  # noqa: SLF001 - a copy of this object
        self.chosen.copy_to(other.chosen)
        return other

    def _open_reader(self) -> None:
        self._read_only, self._database = True, self._database.for_another_thread()
        with self._database.errors("cannot be read"):
            self._reader = self._writer = self._database.connect(read_only=True)
        self._add_counts()
        self._add_parts()

    def interrupt(self) -> None:
        """Ends what another thread reads of this object; that raises ``RunFileError`` there."""
        self._database.interrupt()

    def choose(self, selection: Selection) -> None:
        """Restricts the run to some of its jobs, for this object: the others stay as they are.

        Raises:
            RunFileError: it cannot be read.
        """
        if not selection.is_everything():
            lanes = {lane: number for lane, (number, _) in self._lane_ids.items()}
            self.chosen.choose(selection, lanes)

    @contextmanager
    def same_moment(self) -> Iterator[None]:
        """Lets all reads see the run as it is at the first of them, although work on it goes on.

        Raises:
            RunFileError: it cannot be read.
        """
        with self._database.errors("cannot be read"):
            self._reader.execute("BEGIN")
        try:
            yield
        finally:
            if self._reader.in_transaction:
                self._reader.execute("ROLLBACK")

    def save_metadata(self, metadata: RunMetadata) -> None:
        """Replaces the run's metadata.

        Raises:
            RunFileError: it cannot be written.
        """
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            save_run_rows(self._writer, metadata.save())
        self.metadata = metadata

    def begin_session(
        self,
        doing: str,
        started_at: float,
        origin: SessionOrigin = SessionOrigin(),  # noqa: B008 - frozen
    ) -> None:
        """Stores that a session begins.

        Args:
            doing: ``apply`` or ``plan``.
            started_at: Unix time in seconds.
            origin: where it comes from.
        """
        self._origin = origin
        with self._database.errors("cannot be written"):
            (last,) = self._writer.execute("SELECT coalesce(max(id), 0) FROM session").fetchone()
            self._session = (last + 1, doing, rfc3339(started_at))
            self._store_session(Traffic())
        self.workers.session = last + 1
        self._session_numbers = SessionNumbers()

    def _store_session(self, traffic: Traffic, ended: str | None = None) -> None:
        """Stores the session's row, if a session has begun."""
        if self._session:
            self._traffic = traffic
            numbers = traffic.calls, traffic.throttles, traffic.conflicts, traffic.retries
            origin = msgspec.structs.astuple(self._origin)
            row = (*self._session, float(traffic.elapsed_s), *numbers, ended, *origin)
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
            self.workers.save(writer)
        done = self._session_numbers.targets + len(rows.outcomes) + rows.planned
        self._session_numbers = SessionNumbers(done, traffic)

    def was_applied(self) -> bool:
        """Whether an apply has worked on the run."""
        return any(session.doing == "apply" for session in self.sessions())

    def end_session(self, how: str) -> None:
        """Stores why the session ended."""
        with self._database.errors("cannot be written"):
            self._store_session(self._traffic, how)
            self.workers.save(self._writer)

    def summary(self, *, stopped: bool = False, tallies: Iterable[Tally] | None = None) -> Summary:
        """The run in numbers.

        Args:
            stopped: whether the run stopped early, so that outcomes may be missing.
            tallies: of the run; ``None``: not read yet.
        """
        summary = summarize(
            self.counts.tallies() if tallies is None else tallies,
            run=str(self.path),
            targets=self.counts.targets(),
            lanes=self.counts.lanes(),
            traffic=self.traffic(),
            session=None if self._read_only else self._session_numbers,
            stopped=stopped,
            can_be_rolled_back=self.is_reversible(),
        )
        managed = self.owners.count()
        return msgspec.structs.replace(summary, left_out=self.left_out(), managed=managed)

    def left_out(self) -> int:
        """Number of targets that are not selected, or were not when the run was made."""
        return self.chosen.left_out + self.metadata.left_out_targets

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
                _COUNT_WITHOUT_IMAGE + self.chosen.condition("o")
            ).fetchone()
        return int(number)

    def lanes(self) -> list[Lane]:
        """Every lane of the run, whatever became of its jobs."""
        return list(self._lane_ids)

    def roles(self) -> dict[str, str]:
        """The roles that rows gave, by account id."""
        with self._database.errors("cannot be read"):
            return dict(self._reader.execute("SELECT account_id, role_arn FROM account"))

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
                SessionRecord(*(*row, SessionOrigin(flags=flags).words))
                for *row, flags in self._reader.execute(
                    "SELECT doing, started_at, elapsed_s, ended, calls, throttles, conflicts,"
                    " retries, version, caller_arn, flags FROM session ORDER BY id"
                )
            ]

    def outcomes(
        self, *, only_chosen: bool = False, statuses: Collection[Status] = tuple(Status)
    ) -> Iterator[Outcome]:
        """Outcomes in file order. A stream.

        Args:
            only_chosen: only those of the selected jobs.
            statuses: only those with one of these.
        """
        where = self.chosen.condition("o") if only_chosen else ""
        if len(statuses) < len(Status):
            where += f" AND o.status IN ({', '.join('?' * len(statuses))})"
        parameters = tuple(statuses) if len(statuses) < len(Status) else ()
        with self._database.errors("cannot be read"):
            query = f"{SELECT_OUTCOME} WHERE 1{where} ORDER BY o.seq"
            for row in self._reader.execute(query, parameters):
                yield outcome_of(row, self.metadata.source)

    def examples(self, limit: int = 10) -> dict[str, Outcome]:
        """The first outcome of each error code, for the most frequent codes."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT error_code, min(seq) FROM outcome o WHERE error_code IS NOT NULL"  # noqa: S608 - constants only
                f"{self.chosen.condition('o')} GROUP BY 1 ORDER BY count(*) DESC, 2 LIMIT ?",
                (limit,),
            ).fetchall()
            return {code: self._outcome(seq) for code, seq in rows}

    def more_examples(self, examples: Mapping[str, Outcome], most: int) -> dict[str, list[Outcome]]:
        """The outcomes that follow the first one of each error code.

        Args:
            examples: the first ones.
            most: how many for each code.
        """
        with self._database.errors("cannot be read"):
            return {
                code: [self._outcome(seq) for seq in self._seqs_after(first, most)]
                for code, first in examples.items()
            }

    def _seqs_after(self, outcome: Outcome, most: int) -> list[int]:
        rows = self._reader.execute(
            "SELECT seq FROM outcome o WHERE seq > ? AND error_code = ?"  # noqa: S608 - as above
            f"{self.chosen.condition('o')} ORDER BY seq LIMIT ?",
            (outcome.seq, outcome.error_code, most),
        )
        return [seq for (seq,) in rows.fetchall()]

    def _outcome(self, seq: int) -> Outcome:
        row = self._reader.execute(f"{SELECT_OUTCOME} WHERE o.seq = ?", (seq,)).fetchone()
        return outcome_of(row, self.metadata.source)
