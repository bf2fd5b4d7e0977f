"""Reads the jobs of a run file, lane by lane."""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from bulkeic.core.change.snapshot import snapshot_of
from bulkeic.core.model import Job, Lane, Settings, Target
from bulkeic.core.targets.templates import has_template
from bulkeic.store.chosen_jobs import ChosenJobs
from bulkeic.store.mapping import (
    config_of,
    job_of,
    lane_of,
    restore_job_of,
    settings_of,
    target_of,
    with_snapshot,
)
from bulkeic.store.records.stored_owners import StoredOwners
from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.sqlite.database import Database

_MakeJob = Callable[[tuple[Any, ...], str, Lane, Settings], Job]

_MEMOIZED, _MAX_SEQ = 8192, 2**62

_SELECT_JOBS = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id, j.expected_id,
  b.seq IS NOT NULL, b.may_be_sent, b.config, o.config
FROM job j{index} LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
WHERE j.lane_id = ? AND j.seq > ? AND j.seq <= ? AND {job_filter} ORDER BY j.seq LIMIT ?
"""
_BY_WAVE = " INDEXED BY job_by_wave"
_SELECT_IN_FILE_ORDER = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id, l.account_id, l.region,
  j.wave, b.seq IS NOT NULL, b.config
FROM job j JOIN lane l ON l.id = j.lane_id
LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
WHERE {job_filter} ORDER BY j.seq LIMIT ?
"""
_ANY_WITH_WAVE = "SELECT 1 FROM job INDEXED BY job_by_wave WHERE wave IS NOT NULL LIMIT 1"
_SELECT_UNTOUCHED = """
SELECT seq, line, given, function, qualifier, settings_id, expected_id, 0, NULL, NULL FROM job
WHERE lane_id = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?
"""
_SELECT_LAST_TOUCHED = """
SELECT max(coalesce((SELECT max(seq) FROM outcome), -1),
  coalesce((SELECT max(seq) FROM before_image), -1))
"""
_COUNT_JOBS = """
SELECT j.lane_id, count(*) FROM job j
LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
WHERE j.lane_id <> 0 AND {job_filter} GROUP BY 1
"""
_COUNT_JOBS_OF_WAVE = """
SELECT j.lane_id, count(*) FROM wave_lane w
JOIN job j ON j.lane_id = w.lane_id AND j.seq <= w.last_seq
LEFT JOIN wave_lane e ON e.wave = (SELECT max(number) FROM wave WHERE number < w.wave)
  AND e.lane_id = w.lane_id
LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
WHERE w.wave = ? AND (? OR j.seq > coalesce(e.last_seq, -1)) AND {job_filter} GROUP BY 1
"""
_SELECT_RANGES_OF_WAVE = """
SELECT w.lane_id, coalesce(e.last_seq, -1), w.last_seq FROM wave_lane w
LEFT JOIN wave_lane e ON e.wave = (SELECT max(number) FROM wave WHERE number < w.wave)
  AND e.lane_id = w.lane_id
WHERE w.wave = ?
"""
_SELECT_CHANGED = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id, b.config,
  o.status IN ('updated', 'created'), o.config, j.wave
FROM before_image b JOIN job j ON j.lane_id = b.lane_id AND j.seq = b.seq
LEFT JOIN outcome o ON o.seq = j.seq
WHERE b.lane_id = ? AND b.may_be_sent{chosen} ORDER BY j.seq
"""
_SELECT_ANY_CHANGED = "SELECT 1 FROM before_image b WHERE b.may_be_sent"
_COUNT_CHANGED = "SELECT count(*) FROM before_image b WHERE b.may_be_sent"
_SELECT_WITHOUT_IMAGE = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id
FROM outcome o JOIN job j ON j.lane_id = o.lane_id AND j.seq = o.seq
LEFT JOIN before_image b ON b.seq = o.seq
WHERE o.lane_id = ? AND o.status IN ('updated', 'created', 'unknown') AND b.may_be_sent IS NOT 1
{chosen} ORDER BY j.seq
"""
_SELECT_PLANNED = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id, b.config, l.account_id,
  l.region
FROM before_image b JOIN job j ON j.lane_id = b.lane_id AND j.seq = b.seq
JOIN lane l ON l.id = j.lane_id
WHERE b.action IN ('change', 'create', 'delete'){chosen} ORDER BY b.seq
"""
_SELECT_PLANNED_UNCHANGED = """
SELECT j.seq, j.line, j.given, j.function, j.qualifier, j.settings_id, b.config
FROM before_image b JOIN job j ON j.lane_id = b.lane_id AND j.seq = b.seq
JOIN outcome o ON o.seq = j.seq
WHERE b.lane_id = ? AND b.action = 'unchanged' AND o.status = 'unchanged' AND b.read_at < ?
AND o.started_at < coalesce((SELECT min(started_at) FROM session WHERE doing = 'apply'), '9999')
{chosen}
"""
_SELECT_KNOWN = """
SELECT j.function, j.qualifier, o.status IN ('updated', 'created'), o.config, s.api,
  b.seq IS NOT NULL, b.config
FROM job j LEFT JOIN outcome o ON o.seq = j.seq LEFT JOIN before_image b ON b.seq = j.seq
LEFT JOIN settings s ON s.id = j.expected_id
WHERE j.lane_id = ? AND (o.status IN ('updated', 'created') OR s.id OR b.seq IS NOT NULL)
"""


class JobFilter(StrEnum):
    """A selection of a run's jobs, as an SQL condition.

    - ``PENDING``: without an outcome.
    - ``UNREAD``: pending, and not planned yet.
    - ``WRITTEN``: changed; their settings are the snapshot that was answered.
    - ``CHANGED``: their targets may have been changed, and they have a before-image.
    - ``NOT_DONE``: failed, or of unknown outcome.
    - ``EVERY``: all but those that ``--where`` left out, and those without a before-image that a
      rollback cannot restore.
    """

    PENDING = "o.seq IS NULL"
    UNREAD = "o.seq IS NULL AND b.seq IS NULL"
    WRITTEN = "o.status IN ('updated', 'created')"
    CHANGED = "b.may_be_sent"
    NOT_DONE = "o.status IN ('failed', 'unknown')"
    EVERY = "o.status IS NOT 'not_matched' AND o.error_code IS NOT 'NoBeforeImage'"


_OF_ONE_WAVE = frozenset({JobFilter.WRITTEN, JobFilter.CHANGED, JobFilter.NOT_DONE})


class Jobs:
    """Reads jobs.

    Args:
        database: the run file.
        reader: a connection to it.
        lane_ids: each lane's id and number of jobs.
        metadata: of the run.
        chosen: the selected jobs; every method but ``all_targets`` and ``known_snapshots`` leaves
            out the others.
        owners: of its targets.
    """

    def __init__(
        self,
        database: Database,
        reader: sqlite3.Connection,
        lane_ids: Mapping[Lane, tuple[int, int]],
        metadata: RunMetadata,
        chosen: ChosenJobs,
        *,
        owners: StoredOwners,
    ) -> None:
        self._database, self._reader = database, reader
        self._lane_ids = lane_ids
        self._chosen, self._owners = chosen, owners
        self._source, self._guarded = metadata.source, metadata.is_guarded
        self._restores = metadata.restores is not None
        self._settings = functools.lru_cache(_MEMOIZED)(self._read_settings)

    def lanes(
        self, job_filter: JobFilter = JobFilter.PENDING, wave: int | None = None
    ) -> dict[Lane, int]:
        """Every lane that has such jobs, with their number.

        Args:
            job_filter: selects the jobs.
            wave: number of a wave: only jobs up to its end; of jobs that were worked on, or if rows
                give their waves, only its own; ``None``: all waves.
        """
        execute, of_wave = self._reader.execute, self._of_wave(wave)
        with self._database.errors("cannot be read"):
            if wave is not None and not of_wave:
                up_to = job_filter not in _OF_ONE_WAVE
                rows = execute(
                    _COUNT_JOBS_OF_WAVE.format(job_filter=self._sql(job_filter)), (wave, up_to)
                )
                counts = dict(rows.fetchall())
            elif job_filter is JobFilter.PENDING and not (self._chosen.is_limited or of_wave):
                done = dict(execute("SELECT lane_id, count(*) FROM outcome GROUP BY 1").fetchall())
                pairs = self._lane_ids.values()
                counts = {number: jobs - done.get(number, 0) for number, jobs in pairs}
            else:
                condition = self._sql(job_filter) + of_wave
                counts = dict(execute(_COUNT_JOBS.format(job_filter=condition)).fetchall())
        numbers = ((lane, number) for lane, (number, _) in self._lane_ids.items())
        return {lane: counts[number] for lane, number in numbers if counts.get(number)}

    def pending_left_out(self) -> int:
        """Number of pending jobs that are not selected."""
        if not self._chosen.is_limited:
            return 0
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(_COUNT_JOBS.format(job_filter=JobFilter.PENDING.value))
            pending = sum(count for _, count in rows)
        return int(pending) - sum(self.lanes().values())

    def count_changed(self) -> int:
        """Number of jobs whose targets may have been changed, and that have a before-image."""
        with self._database.errors("cannot be read"):
            query = _COUNT_CHANGED + self._chosen.condition("b")
            return int(self._reader.execute(query).fetchone()[0])

    def has_changed(self) -> bool:
        """Whether there is such a job."""
        with self._database.errors("cannot be read"):
            query = f"{_SELECT_ANY_CHANGED}{self._chosen.condition('b')} LIMIT 1"
            return self._reader.execute(query).fetchone() is not None

    def changed_left_out(self) -> int:
        """Number of such jobs that are not selected."""
        with self._database.errors("cannot be read"):
            (every,) = self._reader.execute(_COUNT_CHANGED).fetchone()
        return int(every) - self.count_changed()

    def seq_ranges(self, job_filter: JobFilter, wave: int | None) -> dict[Lane, tuple[int, int]]:
        """The range of ``seq`` of each lane's jobs: (after, up to).

        Args:
            job_filter: as for ``lanes``.
            wave: as for ``lanes``.
        """
        if wave is None or self.have_waves:
            return dict.fromkeys(self._lane_ids, (-1, _MAX_SEQ))
        lanes = {number: lane for lane, (number, _) in self._lane_ids.items()}
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(_SELECT_RANGES_OF_WAVE, (wave,)).fetchall()
        own = job_filter in _OF_ONE_WAVE
        return {lanes[number]: (after if own else -1, until) for number, after, until in rows}

    def last_touched(self) -> int:
        """The greatest ``seq`` of a job with an outcome or a before-image; -1: there is none."""
        with self._database.errors("cannot be read"):
            return int(self._reader.execute(_SELECT_LAST_TOUCHED).fetchone()[0])

    def next_jobs(
        self,
        job_filter: JobFilter,
        lane: Lane,
        after: int,
        until: int,
        limit: int,
        *,
        wave: int | None = None,
        untouched: bool = False,
    ) -> list[Job]:
        """The lane's next jobs, in file order.

        Args:
            job_filter: selects the jobs.
            lane: account and Region.
            after: only jobs with a greater ``seq``; -1: all.
            until: only jobs with at most this ``seq``.
            limit: most jobs to return.
            wave: as for ``lanes``; the range is that of ``seq_ranges`` for it.
            untouched: these jobs are after ``last_touched``, so their outcomes are not looked up.
        """
        (number, _), of_wave = self._lane_ids[lane], self._of_wave(wave)
        index = _BY_WAVE if of_wave else ""
        query = _SELECT_JOBS.format(job_filter=self._sql(job_filter) + of_wave, index=index)
        if (
            untouched
            and job_filter is not JobFilter.WRITTEN
            and not (self._chosen.is_limited or of_wave)
        ):
            query = _SELECT_UNTOUCHED
        with self._database.errors("cannot be read"):
            rows = self._reader.execute(query, (number, after, until, limit)).fetchall()
            if job_filter is JobFilter.WRITTEN:
                return [
                    restore_job_of(row, self._source, lane, snapshot_of(config_of(row[10])))
                    for row in rows
                ]
            return [self._job(row, lane) for row in rows]

    def all_targets(self) -> Iterator[Target]:
        """The targets of all jobs, in the order of their lanes. A stream."""
        for lane, (number, _) in self._lane_ids.items():
            with self._database.errors("cannot be read"):
                for function, qualifier in self._reader.execute(
                    "SELECT function, qualifier FROM job WHERE lane_id = ?", (number,)
                ):
                    yield target_of(lane, function, qualifier)

    def known_snapshots(self) -> Iterator[tuple[Target, Settings]]:
        """Targets, each with its last known snapshot. A stream."""
        for lane, (number, _) in self._lane_ids.items():
            with self._database.errors("cannot be read"):
                for row in self._reader.execute(_SELECT_KNOWN, (number,)):
                    function, qualifier, written, answered, expected, was_read, before = row
                    target = target_of(lane, function, qualifier)
                    config = answered if written else before if was_read else expected
                    yield target, snapshot_of(config_of(config))

    def in_file_order(
        self, job_filter: JobFilter | None = None, limit: int | None = None
    ) -> Iterator[Job]:
        """Jobs in the order of the targets file, with their settings. A stream.

        ``Job.before_snapshot`` is what a target had, if it was read.

        Args:
            job_filter: selects the jobs; ``None``: all.
            limit: most jobs to read; ``None``: no limit.
        """
        which = "1" if job_filter is None else job_filter.value
        query = _SELECT_IN_FILE_ORDER.format(job_filter=which + self._chosen.condition("j"))
        with self._database.errors("cannot be read"):
            for row in self._reader.execute(query, (-1 if limit is None else limit,)):
                *fields, wave, was_read, config = row
                job = self._job_of(fields, lane_of(*fields[6:8]))
                if was_read:
                    job = with_snapshot(job, config)
                yield job if wave is None else msgspec.structs.replace(job, wave=wave)

    def changed_jobs(self) -> Iterator[tuple[Job, Settings | None]]:
        """Jobs whose targets may have been changed, each with the snapshot of the answer.

        The snapshot is ``None`` if there was no answer. ``Job.before_snapshot`` is what the target
        had before. A stream.
        """
        for lane, (number, _) in self._lane_ids.items():
            with self._database.errors("cannot be read"):
                for row in self._reader.execute(self._restricted(_SELECT_CHANGED), (number,)):
                    after = snapshot_of(config_of(row[8])) if row[7] else None
                    job = with_snapshot(self._job_of(row, lane), row[6])
                    yield msgspec.structs.replace(job, wave=row[9]), after

    def changed_without_before_image(self) -> Iterator[Job]:
        """Jobs whose targets were changed, or may have been, without a before-image. A stream."""
        for lane, (number, _) in self._lane_ids.items():
            with self._database.errors("cannot be read"):
                for row in self._reader.execute(self._restricted(_SELECT_WITHOUT_IMAGE), (number,)):
                    yield self._job_of(row, lane)

    def planned_unchanged(self, *, before: str) -> Iterator[Job]:
        """Jobs that a plan read before a time and found unchanged, with ``before_snapshot``.

        A stream.
        """
        for lane, (number, _) in self._lane_ids.items():
            with self._database.errors("cannot be read"):
                for row in self._reader.execute(
                    self._restricted(_SELECT_PLANNED_UNCHANGED), (number, before)
                ):
                    yield with_snapshot(self._job_of(row, lane), row[6])

    def planned_jobs(self) -> Iterator[Job]:
        """Jobs that need a change, with ``Job.before_snapshot``, in file order. A stream."""
        with self._database.errors("cannot be read"):
            for row in self._reader.execute(self._restricted(_SELECT_PLANNED)):
                yield with_snapshot(self._job_of(row, lane_of(*row[7:9])), row[6])

    @functools.cached_property
    def have_waves(self) -> bool:
        """Whether rows give their waves; then each job has the number of one."""
        with self._database.errors("cannot be read"):
            return self._reader.execute(_ANY_WITH_WAVE).fetchone() is not None

    def _of_wave(self, wave: int | None) -> str:
        return f" AND j.wave = {wave:d}" if wave is not None and self.have_waves else ""

    def _sql(self, job_filter: JobFilter) -> str:
        return job_filter.value + self._chosen.condition("j")

    def _restricted(self, query: str) -> str:
        return query.format(chosen=self._chosen.condition("j"))

    def _job(self, row: tuple[Any, ...], lane: Lane) -> Job:
        job = self._job_of(row, lane)
        if not row[7] and row[6] is None:
            return job
        expected_id, was_read, may_be_sent, config = row[6:10]
        before = config_of(config) or {} if was_read else None
        seen = snapshot_of(before) if was_read else None
        expected = None if expected_id is None else self._settings(expected_id)[0]
        return msgspec.structs.replace(
            job,
            before_snapshot=seen,
            before=before,
            may_be_sent=bool(may_be_sent),
            expected=seen if was_read and (self._guarded or may_be_sent) else expected,
        )

    def _job_of(self, row: tuple[Any, ...], lane: Lane) -> Job:
        settings, make_job = self._settings(row[5])
        return self._owners.with_owner(make_job(row, self._source, lane, settings))

    def _read_settings(self, number: int) -> tuple[Settings, _MakeJob]:
        """The settings, and what makes a job with them."""
        (api,) = self._reader.execute("SELECT api FROM settings WHERE id = ?", (number,)).fetchone()
        settings = settings_of(api)
        fills_in = has_template(settings) and not self._restores
        return settings, job_of if fills_in else restore_job_of
