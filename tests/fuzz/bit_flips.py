"""Flips single bits of a run file, and compares what can still be read with what was stored."""

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Outcome, Settings, Status
from bulkeic.core.rollout.gates import GateDecision, GateRecord
from bulkeic.core.summary import Traffic
from bulkeic.store.integrity.salvage import Salvage
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata
from tests.store.run_files import EAST, LANES, SOURCE, make_job, outcome_of, record

JOBS = 60
_QUEUE = "arn:aws:sqs:{region}:{account}:dead-letters"
_ROLES = {lane.account_id: f"arn:aws:iam::{lane.account_id}:role/deployer" for lane in LANES}
_AIMED = re.compile(
    rb"fn-\d+|MaximumRetryAttempts|dead-letters|role/deployer|digest_of_\w+[0-9a-f]{32}|updated|failed"
    rb'|"MaximumEventAgeInSeconds":\d+|change|us-east-1|111111111111|planned|state|ready'
)


def make_run(path: Path) -> None:
    """A planned run in waves, with roles, before-images, and outcomes of most jobs."""
    jobs = [
        make_job(seq, LANES[seq % 3], settings=Settings(seq % 3, 60 + seq % 4, None, _QUEUE))
        for seq in range(JOBS)
    ]
    loader = Loader(path, RunMetadata(source=SOURCE, planned=True, place="AWS"))
    for job in jobs:
        loader.add(job)
    loader.add_invalid(JOBS, JOBS + 2, "no name", "no function name")
    loader.set_roles(_ROLES)
    loader.finish()
    with closing(RunFile(path)) as run:
        run.begin_session("apply", 0.0)
        run.waves.create([{EAST: 5}, run.jobs.lanes()])
        seen = [
            (job, BeforeImage({"MaximumEventAgeInSeconds": 900}, Action.CHANGE, job.seq % 2 == 0))
            for job in jobs[:50]
        ]
        outcomes = [
            outcome_of(job, (Status.UPDATED, Status.FAILED)[job.seq % 5 == 0], duration_s=0.5,
                       config={"MaximumRetryAttempts": job.seq % 3},
                       error_code="Throttled" if job.seq in {5, 10} else None)
            for job in jobs[:40]
        ]  # fmt: skip
        record(run, outcomes, Traffic(calls=90), seen)
        now = "2026-01-01T00:00:00.000Z"
        run.gates.save(GateRecord(1, 1, now, now, 3, GateDecision.HALT, "exit code 1", "no"))
        run.reopening.retry_failed(["Throttled"], 0.0)
        run.end_session("done")


def read_everything(path: Path) -> object:
    """All that decides what is sent or shown."""
    with closing(RunFile(path, read_only=True)) as run:
        lanes = list(run.jobs.lanes(JobFilter.EVERY))
        jobs = [
            run.jobs.next_jobs(which, lane, -1, JOBS, JOBS)
            for which in (JobFilter.PENDING, JobFilter.UNREAD, JobFilter.WRITTEN, JobFilter.EVERY)
            for lane in lanes
        ]
        return (
            run.metadata, run.roles(), run.sessions(), run.waves.all(), run.gates.all(),
            run.counts.tallies(),
            [run.jobs.seq_ranges(JobFilter.PENDING, wave.number) for wave in run.waves.all()],
            jobs, list(run.jobs.changed_jobs()), list(run.jobs.planned_jobs()),
            list(run.jobs.known_snapshots()), list(run.outcomes()),
            list(run.reopening.earlier_failures()),
        )  # fmt: skip


def flips(data: bytes, count: int, aimed: int, seed: int) -> Iterator[tuple[int, int]]:
    """Bytes to flip a bit of, each with the bit: some anywhere, some in values that matter."""
    choose = random.Random(seed)
    spans = [match.span() for match in _AIMED.finditer(data)]
    for _ in range(count):
        yield choose.randrange(len(data)), choose.randrange(8)
    for _ in range(aimed):
        yield choose.randrange(*choose.choice(spans)), choose.randrange(8)


class FlipCounts:
    """How the flips of a run file ended.

    Args:
        folder: for the files.

    Attributes:
        refused: number of refused files.
        harmless: number of files that were read as they were stored.
        false: the flips after which something else was read or exported.
    """

    def __init__(self, folder: Path) -> None:
        self._whole, self._path = folder / "whole.db", folder / "run.db"
        make_run(self._whole)
        self.data = self._whole.read_bytes()
        self._expected = read_everything(self._whole)
        with closing(RunFile(self._whole, read_only=True)) as run:
            self._outcomes: dict[int, Outcome] = {each.seq: each for each in run.outcomes()}
        self.refused = self.harmless = 0
        self.false: list[tuple[int, int]] = []

    def flip(self, at: int, bit: int) -> None:
        """Flips one bit, opens the file and reads it; exports from it if it is refused."""
        shutil.copyfile(self._whole, self._path)
        with self._path.open("r+b") as file:
            file.seek(at)
            file.write(bytes([self.data[at] ^ 1 << bit]))
        try:
            found = read_everything(self._path)
        except RunFileError:
            self.refused += 1
            self._salvage(at, bit)
            return
        if found == self._expected:
            self.harmless += 1
        else:
            self.false.append((at, bit))

    def _salvage(self, at: int, bit: int) -> None:
        for outcome in Salvage(self._path).outcomes():
            if not self._is_true(outcome):
                self.false.append((at, bit))

    def _is_true(self, outcome: Outcome) -> bool:
        """Whether an outcome is what was stored, apart from what was left out as damaged."""
        stored = self._outcomes[outcome.seq]
        return all(
            getattr(outcome, name) in (getattr(stored, name), None, "")
            for name in Outcome.__struct_fields__
            if name != "source"
        ) and (outcome.source.line == stored.source.line or outcome.target is None)
