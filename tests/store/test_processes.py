"""Two processes on one run file, and a process that is killed."""

import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bulkeic.core.errors import RunFileError
from bulkeic.core.summary import Traffic
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata

from .damaged_files import half_loaded
from .run_files import (
    EAST,
    LANES,
    SOURCE,
    load,
    make_job,
    opened,
    outcome_of,
    pending,
    record,
    refusal,
)

CHILD = """
import sys
from pathlib import Path
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Outcome, Status
from bulkeic.core.summary import Traffic
from bulkeic.store.jobs import JobFilter
from bulkeic.store.loader import Loader
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata
path = Path(sys.argv[1])
"""


@contextmanager
def child(path: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs the code; its stdin closes when the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD + textwrap.dedent(code), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


WORK = """
run = RunFile(path)
run.begin_session("apply", 0.0)
print("open", flush=True)
sys.stdin.readline()
"""


def test_another_process_cannot_work_on_the_same_run_but_look_at_it(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        record(run, [outcome_of(jobs[0])], Traffic())
    with child(path, WORK) as process:
        assert line_of(process) == "open"
        assert "another bulkeic process uses it" in refusal(path)
        with opened(path, read_only=True) as run:
            assert [outcome.seq for outcome in run.outcomes()] == [0]
            assert len(run.sessions()) == 1
        assert "another bulkeic process uses it" in refusal(path)
    with opened(path) as run:
        assert [job.seq for job in pending(run)] == [1, 2]


def test_the_same_process_cannot_work_on_a_run_twice(path: Path) -> None:
    with opened(load(path, [make_job(0)])):
        assert "another bulkeic process uses it" in refusal(path)
    with opened(path):
        pass


def test_a_refused_file_is_not_left_locked(path: Path) -> None:
    half_loaded(path)
    refusal(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE run SET value = 'ready' WHERE key = 'state'")
        database.commit()
    with opened(path):
        pass


def test_no_other_process_loads_the_same_run_file(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    for seq in range(5000):
        loader.add(make_job(seq))
    with child(
        path,
        """
        try:
            Loader(path, RunMetadata(source="x"))
        except RunFileError as error:
            print(error, flush=True)
        else:
            print("taken", flush=True)
        """,
    ) as process:
        assert "run.db': another bulkeic process uses it" in line_of(process)
        assert not path.exists()
    loader.finish()
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    with opened(path) as run:
        assert run.jobs.lanes() == {EAST: 5000}


@pytest.mark.parametrize("rows", [10, 100_000])
def test_a_killed_loading_leaves_no_run_file_and_can_begin_again(path: Path, rows: int) -> None:
    code = f"""
        from bulkeic.core.model import Job, Lane, Settings, SourceLine, Target
        loader = Loader(path, RunMetadata(source="x"))
        lane, settings = Lane("111111111111", "us-east-1"), Settings(1)
        for seq in range({rows}):
            name = f"fn-{{seq}}"
            row = SourceLine("x", seq)
            loader.add(Job(seq, row, name.rjust(256), Target(lane, name), settings))
        print("loaded", flush=True)
        sys.stdin.readline()
    """
    with child(path, code) as process:
        assert line_of(process) == "loaded"
        process.kill()
    assert not path.exists()
    (left,) = path.parent.iterdir()
    for read_only in (False, True):
        with pytest.raises(RunFileError, match="was not loaded completely"):
            RunFile(left, read_only=read_only)
    load(path, [make_job(0)])
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_foreign_file_with_the_name_of_a_loading_file_is_left_alone(path: Path) -> None:
    left = path.with_name("run.db.loading")
    left.write_bytes(b"somebody's notes")
    with pytest.raises(RunFileError, match="is in the way and is not a run file"):
        load(path, [make_job(0)])
    assert left.read_bytes() == b"somebody's notes"


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_remains_of_a_killed_run_do_not_get_into_a_new_run_file(path: Path, ending: str) -> None:
    load(path, [make_job(0)])
    with child(path, WORK) as process:
        assert line_of(process) == "open"
        process.kill()
    path.with_name("run.db-wal").rename(left := path.with_name(f"run.db{ending}"))
    path.unlink()
    log = left.read_bytes()
    with pytest.raises(RunFileError, match=f"run.db{ending}' belongs to another run file"):
        load(path, [make_job(0)])
    assert left.read_bytes() == log
    assert not path.exists()
    left.unlink()
    load(path, [make_job(0)])


def test_a_file_that_appears_under_the_name_during_loading_is_not_replaced(path: Path) -> None:
    loader = Loader(path, RunMetadata(source=SOURCE))
    path.write_bytes(b"somebody's notes")
    with pytest.raises(RunFileError, match="cannot be written: File exists"):
        loader.finish()
    loader.discard()
    assert path.read_bytes() == b"somebody's notes"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


RECORD = """
run = RunFile(path)
run.begin_session("apply", 0.0)
calls = 0
while True:
    batch = [
        job
        for lane in run.jobs.lanes()
        for job in run.jobs.next_jobs(JobFilter.PENDING, lane, -1, 2**40, 5)
    ]
    if not batch:
        break
    outcomes = [
        Outcome(
            job.seq, job.source, job.function_name, job.target, Status.UPDATED, attempts=1,
            error_message="x" * 3000,
        )
        for job in batch
    ]
    calls += len(outcomes)
    run.record(run.rows(outcomes), Traffic(calls=calls, elapsed_s=calls / 10))
    print(*(outcome.seq for outcome in outcomes), flush=True)
"""


def test_a_kill_loses_nothing_that_was_committed(path: Path) -> None:
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(20_000)]
    load(path, jobs)
    reported: list[int] = []
    for batches in (1, 20, 50):
        with child(path, RECORD) as process:
            for _ in range(batches):
                reported += map(int, line_of(process).split())
            process.send_signal(signal.SIGKILL)
            assert process.stdout is not None
            reported += map(int, "".join(process.stdout.readlines()).split())
            assert process.wait() == -signal.SIGKILL
    with opened(path) as run:
        kept = [outcome.seq for outcome in run.outcomes()]
        # A batch may have been committed without the child's having had the time to say so.
        assert set(reported) <= set(kept)
        assert len(kept) <= len(reported) + 3 * 15
        assert len(kept) == len(set(kept))
        assert sum(run.jobs.lanes().values()) == len(jobs) - len(kept)
        assert run.jobs.next_jobs(JobFilter.PENDING, EAST, -1, len(jobs), 1)[0].seq not in kept
        assert run.traffic().calls == len(kept)
        assert len(run.sessions()) == 3


def test_a_run_keeps_its_log_if_its_own_process_reads_it_too(path: Path) -> None:
    log = path.with_name(f"{path.name}-wal")
    with opened(load(path, [make_job(0)])) as run:
        run.begin_session("apply", 0.0)
        number = log.stat().st_ino
        with opened(path, read_only=True):
            pass
        assert "uses it" in refusal(path)
        other = "import sqlite3; sqlite3.connect(path).execute('SELECT * FROM run').fetchall()"
        with child(path, other) as process:
            assert process.wait() == 0

        assert log.stat().st_ino == number  # the other program was not the last one to close it
