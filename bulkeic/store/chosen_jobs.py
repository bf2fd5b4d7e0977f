"""The jobs of a run that a selection selects, in a temporary table of one connection.

SQLite keeps the table in a temporary file, so memory stays flat. The run file is not changed.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from bulkeic.core.model import Lane
from bulkeic.core.targets.selection import Selection
from bulkeic.store.schema import NO_LANE
from bulkeic.store.sqlite.database import Database

_CREATE = """
CREATE TEMP TABLE IF NOT EXISTS chosen (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, rank INTEGER NOT NULL,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID
"""
_SELECT = """
SELECT j.seq, coalesce(j.function, j.given, ''), j.qualifier, o.status, o.error_code
FROM job j LEFT JOIN outcome o ON o.seq = j.seq WHERE j.lane_id = ?
"""
_IS_MANAGED = "EXISTS (SELECT 1 FROM managed m WHERE m.lane_id = j.lane_id AND m.seq = j.seq)"
_KEEP_SAMPLE = """
DELETE FROM chosen WHERE lane_id = :lane AND seq NOT IN (
  SELECT seq FROM chosen WHERE lane_id = :lane ORDER BY rank, seq LIMIT :most
)
"""
_KEEP_FIRST = """
DELETE FROM chosen WHERE seq >= (SELECT seq FROM chosen ORDER BY seq LIMIT 1 OFFSET ?)
"""
_IS_CHOSEN = (
    " AND EXISTS (SELECT 1 FROM temp.chosen c"
    " WHERE c.lane_id = {table}.lane_id AND c.seq = {table}.seq)"
)
_INVALID = Lane("", "")


class ChosenJobs:
    """Every job of a run, until ``choose`` selects some of them.

    Args:
        database: the run file.
        connection: to it, for the temporary table.

    Attributes:
        is_limited: whether ``choose`` was called.
        left_out: number of jobs that are not selected.
    """

    def __init__(self, database: Database, connection: sqlite3.Connection) -> None:
        self._database = database
        self._connection = connection
        self.is_limited = False
        self.left_out = 0

    def choose(
        self, selection: Selection, lanes: Mapping[Lane, int], *, in_transaction: bool = False
    ) -> None:
        """Selects jobs by the run's present state; call it once.

        Args:
            selection: which.
            lanes: the ids of the run's lanes.
            in_transaction: whether the connection is in a transaction, which goes on.

        Raises:
            RunFileError: the run file cannot be read, or there is no room for a temporary file.
        """
        execute = self._connection.execute
        with self._database.errors("cannot be read"):
            if not in_transaction:
                execute("BEGIN")
            execute(_CREATE)
            matching = {
                lane: self._add(selection, lane, number)
                for lane, number in {_INVALID: NO_LANE, **lanes}.items()
            }
            if selection.sample is not None:
                sizes = selection.sample_sizes({lane: matching[lane] for lane in lanes})
                for lane, number in {_INVALID: NO_LANE, **lanes}.items():
                    execute(_KEEP_SAMPLE, {"lane": number, "most": sizes.get(lane, 0)})
            if selection.limit is not None:
                execute(_KEEP_FIRST, (selection.limit,))
            if not in_transaction:
                execute("COMMIT")
            query = "SELECT count(*) FROM {} j WHERE lane_id <> 0"
            (jobs,) = execute(query.format("job")).fetchone()
            (chosen,) = execute(query.format("chosen")).fetchone()
        self.is_limited = True
        self.left_out = int(jobs) - int(chosen)

    def copy_to(self, other: "ChosenJobs") -> None:
        """Selects the same jobs for another connection.

        Raises:
            RunFileError: there is no room for a temporary file.
        """
        if self.is_limited:
            with self._database.errors("cannot be read"):
                rows = self._connection.execute("SELECT lane_id, seq, rank FROM temp.chosen")
                other._take(rows)  # noqa: SLF001 - of the same class
            other.left_out = self.left_out

    def _take(self, rows: Iterable[tuple[int, int, int]]) -> None:
        self._connection.execute(_CREATE)
        self._connection.executemany("INSERT INTO chosen VALUES (?, ?, ?)", rows)
        self.is_limited = True

    def _add(self, selection: Selection, lane: Lane, number: int) -> int:
        """Adds the matching jobs of a lane: their number."""
        if number == NO_LANE and (selection.accounts or selection.regions):
            return 0  # the lane of an invalid row is not known
        if number != NO_LANE and not selection.matches_lane(lane):
            return 0
        added = self._connection.executemany(
            "INSERT INTO chosen VALUES (?, ?, ?)", self._matching(selection, number)
        )
        return max(0, added.rowcount)

    def _matching(self, selection: Selection, number: int) -> Iterator[tuple[int, int, int]]:
        is_sampled = selection.sample is not None
        query = _SELECT
        if selection.needs_owners:
            query += f" AND {'NOT ' * selection.skip_managed}{_IS_MANAGED}"
        rows = self._connection.execute(query, (number,))
        for seq, function, qualifier, *outcome in rows:
            if selection.matches_function(function) and selection.matches_outcome(*outcome):
                rank = selection.rank(function, qualifier) if is_sampled else 0
                yield number, seq, rank

    def condition(self, table: str) -> str:
        """The SQL after a condition that restricts it to selected jobs; empty: all are.

        Args:
            table: the name in the query of a table with ``lane_id`` and ``seq``.
        """
        return _IS_CHOSEN.format(table=table) if self.is_limited else ""
