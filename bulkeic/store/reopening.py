"""Jobs that are made pending again, and the outcomes that they had before."""

import sqlite3
from collections.abc import Iterable, Iterator

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane, Status, rfc3339
from bulkeic.core.summary import EarlierFailures
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.mapping import check_time
from bulkeic.store.outcome_columns import KEEP_OUTCOME, RESTORE_OUTCOMES
from bulkeic.store.sqlite.database import Database

_FAILED = "o.lane_id <> 0 AND o.status IN ('failed', 'unknown')"
_WAS_READ = "EXISTS (SELECT 1 FROM before_image b WHERE b.seq = o.seq)"
_DELETE = "DELETE FROM outcome WHERE seq = ?"
_SELECT_UNCONFIGURED = """
SELECT b.seq FROM before_image b JOIN outcome o ON o.seq = b.seq
WHERE b.action = ? AND o.status = ? AND NOT b.may_be_sent
"""
_LAST_RETRY = "SELECT coalesce(max(retry), 0) FROM earlier_outcome"
_COUNT_EARLIER = """
SELECT retry, max(retried_at), error_code, count(*), min(started_at), max(started_at)
FROM earlier_outcome GROUP BY retry, error_code ORDER BY retry, count(*) DESC, error_code
"""


class Reopening:
    """Makes jobs pending again.

    Args:
        database: the run file.
        reader: a connection to it.
        writer: another one.
        lanes: the run's lanes, by id.
        chosen: the jobs to work on; the others keep their outcomes.
        planned: whether ``plan`` made the run; then only jobs that were read can be retried.
    """

    def __init__(
        self,
        database: Database,
        reader: sqlite3.Connection,
        writer: sqlite3.Connection,
        lanes: dict[int, Lane],
        chosen: ChosenJobs,
        *,
        planned: bool,
    ) -> None:
        self._database = database
        self._reader = reader
        self._writer = writer
        self._lanes = lanes
        self._chosen = chosen
        self._condition = f"{_FAILED} AND {_WAS_READ}" if planned else _FAILED

    def failed_codes(self) -> dict[Lane, dict[str, int]]:
        """The jobs that can be retried: for each lane, their number by error code."""
        found: dict[Lane, dict[str, int]] = {}
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT o.lane_id, coalesce(o.error_code, ''), count(*) FROM outcome o"  # noqa: S608 - constants only
                f" WHERE {self._condition}{self._chosen.condition('o')} GROUP BY 1, 2 ORDER BY 1, 2"
            )
            for number, code, count in rows:
                found.setdefault(self._lanes[number], {})[code] = count
        return found

    def retry_failed(self, codes: Iterable[str], now: float) -> int:
        """Makes failed jobs pending again, and keeps their outcomes as earlier ones.

        Args:
            codes: only jobs with one of these error codes; empty: all.
            now: Unix time in seconds.

        Returns:
            The number of this retry, for ``undo_retry``.

        Raises:
            RunFileError: it cannot be written; then every job keeps its outcome.
        """
        wanted = list(codes)
        condition = self._condition + self._chosen.condition("o")
        if wanted:
            condition += f" AND o.error_code IN ({', '.join('?' * len(wanted))})"
        query = f"SELECT o.seq FROM outcome o WHERE {condition}"  # noqa: S608 - constants only
        with self._database.errors("cannot be written"), self._writer as writer:
            writer.execute("BEGIN")
            (last,) = writer.execute(_LAST_RETRY).fetchone()
            retry = int(last) + 1
            kept = {"retry": retry, "retried_at": rfc3339(now)}
            for (seq,) in self._reader.execute(query, wanted):
                writer.execute(KEEP_OUTCOME, {"seq": seq, **kept})
                writer.execute(_DELETE, (seq,))
        return retry

    def undo_retry(self, retry: int) -> None:
        """Gives the jobs of the last retry their outcomes back. None of them was sent since."""
        with self._database.errors("cannot be written"), self._writer as writer:
            writer.execute("BEGIN")
            writer.execute(RESTORE_OUTCOMES, {"retry": retry})
            writer.execute("DELETE FROM earlier_outcome WHERE retry = ?", (retry,))

    def reopen(self, seqs: Iterable[int]) -> None:
        """Deletes the outcomes of jobs, which are pending from then on."""
        with self._database.errors("cannot be written"), self._writer:
            self._writer.execute("BEGIN")
            self._writer.executemany(_DELETE, ((seq,) for seq in seqs))

    def reopen_unconfigured(self) -> None:
        """Makes the jobs pending that a plan failed because there was no configuration."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                _SELECT_UNCONFIGURED + self._chosen.condition("b"),
                (Action.UNCONFIGURED, Status.FAILED),
            ).fetchall()
        self.reopen(seq for (seq,) in rows)

    def earlier_failures(self) -> Iterator[EarlierFailures]:
        """What was retried, by retry and error code, the most frequent code first."""
        with self._database.errors("cannot be read"):
            for retry, retried_at, code, count, *times in self._reader.execute(_COUNT_EARLIER):
                first, last = map(check_time, times)
                yield EarlierFailures(retry, str(check_time(retried_at)), code, count, first, last)
