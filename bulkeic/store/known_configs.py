"""Reads what the targets of a run have now, as far as the run file knows."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from bulkeic.core.code.known_config import JobEvidence, known_settings
from bulkeic.core.model import Lane, Settings, Status, Target
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.mapping import config_of, target_of
from bulkeic.store.sqlite.database import Database

_SELECT = """
SELECT j.function, j.qualifier, o.status, o.error_code, o.config, o.sent,
  b.seq IS NOT NULL, b.may_be_sent, b.config
FROM job j LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
WHERE j.lane_id = ?{chosen} ORDER BY j.function, j.qualifier
"""
_DELETES = "{}"


class KnownConfigs:
    """Reads the selected targets, lane by lane.

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

    def of_lane(self, lane: Lane) -> Iterator[tuple[Target, Settings | None]]:
        """Targets by name and qualifier, each with what it has (see ``core.code.known_config``).

        A stream.

        Raises:
            RunFileError: it cannot be read.
        """
        query = _SELECT.format(chosen=self._chosen.condition("j"))
        with self._database.errors("cannot be read"):
            for row in self._reader.execute(query, (self._lane_ids[lane][0],)):
                yield target_of(lane, row[0], row[1]), known_settings(_evidence(row))


def _evidence(row: tuple[Any, ...]) -> JobEvidence:
    _, _, status, error_code, config, sent, was_read, may_be_sent, before = row
    return JobEvidence(
        None if status is None else Status(status),
        error_code,
        config_of(config),
        sent == _DELETES,
        bool(was_read),
        bool(may_be_sent),
        config_of(before),
    )
