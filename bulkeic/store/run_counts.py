"""A run in counts: its jobs, its outcomes, and what its targets need."""

import sqlite3
from collections.abc import Iterable, Mapping

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane, Settings, Status
from bulkeic.core.report.timeline import Timeline, TimelineStep, step_length
from bulkeic.core.summary import ActionCount, Tally
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.mapping import check_time, settings_of
from bulkeic.store.schema import NO_LANE
from bulkeic.store.sqlite.database import Database

_COUNT_OUTCOMES = """
SELECT lane_id, status, error_code, count(*), sum(throttles), min(started_at), max(started_at)
FROM outcome o WHERE 1 {chosen} GROUP BY 1, 2, 3
"""
_SELECT_SETTINGS = """
SELECT api, jobs FROM settings WHERE jobs > 0 ORDER BY jobs DESC, id LIMIT ?
"""
_SELECT_CHOSEN_SETTINGS = """
SELECT s.api, count(*) FROM temp.chosen c
JOIN job j ON j.lane_id = c.lane_id AND j.seq = c.seq JOIN settings s ON s.id = j.settings_id
GROUP BY s.id ORDER BY 2 DESC, s.id LIMIT ?
"""
_COUNT_CHOSEN_SETTINGS = """
SELECT count(DISTINCT j.settings_id) FROM temp.chosen c
JOIN job j ON j.lane_id = c.lane_id AND j.seq = c.seq
"""

_COUNT_STEPS = """
SELECT CAST(strftime('%s', started_at) AS INTEGER) / :step * :step AS at, count(*),
  sum(attempts), sum(throttles), count(CASE WHEN status IN ('failed', 'unknown') THEN 1 END)
FROM (
  SELECT started_at, attempts, throttles, status FROM outcome o WHERE 1 {outcomes}
  UNION ALL
  SELECT started_at, attempts, throttles, status FROM earlier_outcome e WHERE 1 {earlier}
  UNION ALL
  SELECT read_at, 1, 0, NULL FROM before_image b
  WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = b.seq)
  AND NOT EXISTS (SELECT 1 FROM earlier_outcome e WHERE e.seq = b.seq) {images}
) GROUP BY at HAVING at IS NOT NULL ORDER BY at
"""
_SELECT_OTHER_TIMES = """
SELECT min(started_at), max(started_at), (SELECT min(read_at) FROM before_image),
  (SELECT max(read_at) FROM before_image)
FROM earlier_outcome
"""


class RunCounts:
    """Counts the selected jobs of a run: all of them, unless a selection was chosen.

    Args:
        database: the run file.
        reader: a connection to it.
        lane_ids: each lane's id and number of jobs.
        chosen: the selected jobs.
    """

    def __init__(
        self,
        database: Database,
        reader: sqlite3.Connection,
        lane_ids: Mapping[Lane, tuple[int, int]],
        chosen: ChosenJobs,
    ) -> None:
        self._database = database
        self._reader = reader
        self._lane_ids = lane_ids
        self._chosen = chosen

    def lanes(self) -> dict[Lane, int]:
        """Every lane with its number of jobs."""
        jobs = {lane: number for lane, (_, number) in self._lane_ids.items()}
        if not self._chosen.is_limited:
            return jobs
        with self._database.errors("cannot be read"):
            counts = dict(
                self._reader.execute("SELECT lane_id, count(*) FROM temp.chosen GROUP BY 1")
            )
        return {lane: counts[n] for lane, (n, _) in self._lane_ids.items() if n in counts}

    def common_settings(self, limit: int) -> tuple[list[tuple[Settings, int]], int]:
        """The most common settings of all jobs.

        Args:
            limit: most settings to return.

        Returns:
            Settings (templates as given) with their number of jobs, and the number of all settings.
        """
        select, count = _SELECT_SETTINGS, "SELECT count(*) FROM settings WHERE jobs > 0"
        if self._chosen.is_limited:
            select, count = _SELECT_CHOSEN_SETTINGS, _COUNT_CHOSEN_SETTINGS
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(select, (limit,)).fetchall()
            (kinds,) = self._reader.execute(count).fetchone()
            return [(settings_of(api), jobs) for api, jobs in rows], kinds

    def needs(self) -> list[ActionCount]:
        """What the targets that were read need, by lane."""
        lanes = {number: lane for lane, (number, _) in self._lane_ids.items()}
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(
                "SELECT lane_id, action, count(*) FROM before_image b"  # noqa: S608 - constants only
                f" WHERE 1{self._chosen.condition('b')} GROUP BY 1, 2"
            ).fetchall()
        return [ActionCount(lanes[number], Action(action), count) for number, action, count in rows]

    def tallies(self) -> list[Tally]:
        """The outcomes, counted by lane, status and error code."""
        lanes: dict[int, Lane | None] = {
            number: lane for lane, (number, _) in self._lane_ids.items()
        }
        lanes[NO_LANE] = None
        with self._database.errors("cannot be read"):
            query = _COUNT_OUTCOMES.format(chosen=self._chosen.condition("o"))
            rows = self._reader.execute(query)
            return [
                Tally(
                    lanes[number], Status(status), code, count, throttles, *map(check_time, times)
                )
                for number, status, code, count, throttles, *times in rows
            ]

    def timeline(self, tallies: Iterable[Tally]) -> Timeline:
        """The outcomes by the time at which their jobs started, earlier ones included.

        A target that was read and has no outcome counts at the time of the read.

        Args:
            tallies: of the run, which know its first and its last time.
        """
        times = [time for tally in tallies for time in (tally.first_at, tally.last_at)]
        with self._database.errors("cannot be read"):
            times += map(check_time, self._reader.execute(_SELECT_OTHER_TIMES).fetchone())
            step = step_length(times)
            query = _COUNT_STEPS.format(
                outcomes=self._chosen.condition("o"),
                earlier=self._chosen.condition("e"),
                images=self._chosen.condition("b"),
            )
            rows = self._reader.execute(query, {"step": step}).fetchall()
        return Timeline(step, tuple(TimelineStep(*row) for row in rows))

    def targets(self) -> int:
        """Number of jobs and invalid rows."""
        with self._database.errors("cannot be read"):
            (invalid,) = self._reader.execute(
                f"SELECT count(*) FROM job j WHERE lane_id = ?{self._chosen.condition('j')}",  # noqa: S608 - constants only
                (NO_LANE,),
            ).fetchone()
        return int(invalid) + sum(self.lanes().values())
