"""Who manages the targets of a run, as its run file stores it."""

import functools
import sqlite3
from collections.abc import Sequence

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
_COUNT = """
SELECT w.manager, w.next_deployment, w.name, sum(c.jobs) n
FROM (SELECT owner_id, count(*) jobs FROM managed m WHERE 1{chosen} GROUP BY 1) c
JOIN owner w ON w.id = c.owner_id GROUP BY 1, 2, 3
"""
_SUM = f"SELECT manager, next_deployment, sum(n), sum(name <> '') FROM ({_COUNT}) GROUP BY 1, 2"  # noqa: S608 - constants only
_LARGEST = f"""
SELECT name, n FROM ({_COUNT})
WHERE manager = ? AND next_deployment = ? AND name <> '' ORDER BY n DESC, name LIMIT ?
"""  # noqa: S608 - as above
_STACKS = f"FROM ({_COUNT}) WHERE manager <> '{Manager.TERRAFORM}' AND name <> ''"
_STACKS_OF = f"SELECT manager, count(DISTINCT name) {_STACKS} GROUP BY 1"
_LARGEST_STACKS = f"""
SELECT next_deployment, names, targets, name, jobs FROM (
  SELECT next_deployment, name, sum(n) jobs,
    count(*) OVER alike names, sum(sum(n)) OVER alike targets,
    row_number() OVER (PARTITION BY next_deployment ORDER BY sum(n) DESC, name) place
  {_STACKS} GROUP BY 1, 2 WINDOW alike AS (PARTITION BY next_deployment)
) WHERE place <= ? ORDER BY next_deployment, place
"""  # noqa: S608 - as above
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
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(_SUM.format(chosen=selected)).fetchall()
            owners = [
                OwnerCount(
                    Manager(manager),
                    NextDeployment(next_deployment),
                    targets,
                    names,
                    self._largest(manager, next_deployment, selected) if names else (),
                )
                for manager, next_deployment, targets, names in rows
            ]
            unmanaged, unread = self._count_others(selected)
            stacks = self._count_stacks(selected)
            rows = self._reader.execute(_STACKS_OF.format(chosen=selected)).fetchall()
            stacks_of = {Manager(manager): names for manager, names in rows}
        owners.sort(key=lambda owner: (-owner.targets, owner.manager, owner.next_deployment))
        return ManagedTargets(owners, unmanaged, unread, self._restores, stacks, stacks_of)

    def _count_stacks(self, selected: str) -> dict[NextDeployment, StackCount]:
        """The stacks with a name: one that several tools deploy counts once."""
        found: dict[NextDeployment, StackCount] = {}
        query = _LARGEST_STACKS.format(chosen=selected)
        for word, names, targets, name, jobs in self._reader.execute(query, (_MOST_NAMES,)):
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

    def _largest(
        self, manager: str, next_deployment: str, selected: str
    ) -> Sequence[tuple[str, int]]:
        query = _LARGEST.format(chosen=selected)
        return self._reader.execute(query, (manager, next_deployment, _MOST_NAMES)).fetchall()

    def _read_owner(self, number: int) -> Owner:
        manager, name, next_deployment = self._reader.execute(_SELECT_OWNER, (number,)).fetchone()
        return Owner(Manager(manager), name, NextDeployment(next_deployment))
