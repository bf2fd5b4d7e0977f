"""Who manages the targets of a run, as its run file stores it."""

import functools
import sqlite3

import msgspec

from bulkeic.core.code.ownership import (
    ManagedTargets,
    Manager,
    NextDeployment,
    Owner,
    OwnerCount,
    StackCount,
)
from bulkeic.core.model import Job, Lane
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.sqlite.database import Database

_MEMOIZED = 8192
_MOST_NAMES = 3
_SELECT_OWNER = "SELECT manager, name, next_deployment FROM owner WHERE id = ?"
_CREATE_COUNT = """
CREATE TEMP TABLE IF NOT EXISTS owner_count (manager TEXT, next_deployment TEXT, name TEXT, n INT)
"""
_CLEAR_COUNT = "DELETE FROM temp.owner_count"
_COUNT = """
INSERT INTO temp.owner_count
SELECT w.manager, w.next_deployment, w.name, sum(c.jobs)
FROM (SELECT owner_id, count(*) jobs FROM managed m WHERE 1{chosen} GROUP BY 1) c
JOIN owner w ON w.id = c.owner_id GROUP BY 1, 2, 3
"""
_SUM = """
SELECT manager, next_deployment, sum(n), sum(name <> '') FROM temp.owner_count GROUP BY 1, 2
"""
_LARGEST = """
SELECT name, n FROM temp.owner_count
WHERE manager = ? AND next_deployment = ? AND name <> '' ORDER BY n DESC, name LIMIT ?
"""
_STACKS = f"FROM temp.owner_count WHERE manager <> '{Manager.TERRAFORM}' AND name <> ''"
_STACKS_OF = f"SELECT manager, count(DISTINCT name) {_STACKS} GROUP BY 1"
_LARGEST_STACKS = f"""
SELECT next_deployment, names, targets, name, jobs FROM (
  SELECT next_deployment, name, sum(n) jobs,
    count(*) OVER alike names, sum(sum(n)) OVER alike targets,
    row_number() OVER (PARTITION BY next_deployment ORDER BY sum(n) DESC, name) place
  {_STACKS} GROUP BY 1, 2 WINDOW alike AS (PARTITION BY next_deployment)
) WHERE place <= ? ORDER BY next_deployment, place
"""  # noqa: S608 - constants only
_COUNT_MANAGED = "SELECT lane_id, count(*) FROM managed m WHERE 1{chosen} GROUP BY 1"
_COUNT_CHOSEN = "SELECT lane_id, count(*) FROM temp.chosen GROUP BY 1"


class StoredOwners:
    """Reads the owners of a run's targets. Each method raises ``RunFileError`` if it cannot.

    Args:
        database: the run file.
        reader: a connection to it.
        lane_ids: each lane's id and number of jobs.
        metadata: of the run.
        chosen: the selected jobs, which are counted.
    """

    def __init__(
        self,
        database: Database,
        reader: sqlite3.Connection,
        lane_ids: dict[Lane, tuple[int, int]],
        metadata: RunMetadata,
        chosen: ChosenJobs,
    ) -> None:
        self._database = database
        self._reader = reader
        self._lane_ids = lane_ids
        self._chosen = chosen
        self._restores = metadata.restores is not None
        self._sources = (metadata.owner_sources or "").split()
        self._owner = functools.lru_cache(_MEMOIZED)(self._read_owner)

    @property
    def are_known(self) -> bool:
        """Whether tags or code were read when the run was made."""
        return bool(self._sources)

    def unread_lanes(self) -> list[Lane]:
        """The lanes whose tags could not be read; none if they were not asked for."""
        if "tags" not in self._sources:
            return []
        read = set(self.read_lanes())
        return [lane for lane in self._lane_ids if lane not in read]

    def read_lanes(self) -> list[Lane]:
        """The lanes whose tags were read."""
        with self._database.errors("cannot be read"):
            rows = self._reader.execute("SELECT id FROM lane WHERE tags_read").fetchall()
        read = {number for (number,) in rows}
        return [lane for lane, (number, _) in self._lane_ids.items() if number in read]

    def with_owner(self, job: Job) -> Job:
        """The job with its owner, if it has one."""
        if not self._sources:
            return job
        number, _ = self._lane_ids[job.target.lane]
        row = self._reader.execute(
            "SELECT owner_id FROM managed WHERE lane_id = ? AND seq = ?", (number, job.seq)
        ).fetchone()
        return job if row is None else msgspec.structs.replace(job, owner=self._owner(row[0]))

    def count(self) -> ManagedTargets | None:
        """The selected targets by owner; ``None``: neither tags nor code were read."""
        if not self._sources:
            return None
        selected = self._chosen.condition("m")
        execute = self._reader.execute
        with self._database.errors("cannot be read"):
            for statement in (_CREATE_COUNT, _CLEAR_COUNT, _COUNT.format(chosen=selected)):
                execute(statement)
            owners = [
                OwnerCount(
                    Manager(manager),
                    NextDeployment(effect),
                    targets,
                    names,
                    execute(_LARGEST, (manager, effect, _MOST_NAMES)).fetchall(),
                )
                for manager, effect, targets, names in execute(_SUM).fetchall()
            ]
            stacks = self._count_stacks()
            stacks_of = {Manager(manager): names for manager, names in execute(_STACKS_OF)}
            execute(_CLEAR_COUNT)
            unmanaged, unread = self._count_others(selected)
        owners.sort(key=lambda owner: (-owner.targets, owner.manager, owner.next_deployment))
        return ManagedTargets(owners, unmanaged, unread, self._restores, stacks, stacks_of)

    def _count_stacks(self) -> dict[NextDeployment, StackCount]:
        """The stacks with a name: one that several tools deploy counts once."""
        found: dict[NextDeployment, StackCount] = {}
        rows = self._reader.execute(_LARGEST_STACKS, (_MOST_NAMES,))
        for word, names, targets, name, jobs in rows:
            effect = NextDeployment(word)
            largest = [*found.get(effect, StackCount()).largest, (name, jobs)]
            found[effect] = StackCount(names, targets, largest)
        return found

    def _count_others(self, selected: str) -> tuple[int, int]:
        """The number of targets without an owner, and of those whose tags were not read."""
        execute = self._reader.execute
        managed = dict(execute(_COUNT_MANAGED.format(chosen=selected)).fetchall())
        chosen = dict(execute(_COUNT_CHOSEN).fetchall()) if self._chosen.is_limited else {}
        counts = [0, 0]
        for number, jobs, is_read in execute("SELECT id, jobs, tags_read FROM lane"):
            total = chosen.get(number, 0) if self._chosen.is_limited else jobs
            counts[not is_read] += total - managed.get(number, 0)
        return counts[0], counts[1]

    def _read_owner(self, number: int) -> Owner:
        manager, name, next_deployment = self._reader.execute(_SELECT_OWNER, (number,)).fetchone()
        return Owner(Manager(manager), name, NextDeployment(next_deployment))
