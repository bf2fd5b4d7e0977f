"""The run file: what goes in comes out, whatever happens to the process in between."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.errors import RunFileError
from bulkeic.core.model import CLEARED, LATEST, Job, Lane, Outcome, Settings, Status, Target
from bulkeic.core.names import partition_of
from bulkeic.core.summary import Tally, Traffic
from bulkeic.store import Duplicate, Loader, RunFile, is_run_file

SOURCE = "targets.csv"
EAST = Lane("111111111111", "us-east-1")
WEST = Lane("111111111111", "us-west-2")
CHINA = Lane("222222222222", "cn-north-1")
LANES = (EAST, WEST, CHINA)
ONCE = Settings(maximum_retry_attempts=1)
STARTED = "2026-01-02T03:04:05.678Z"


def make_job(
    seq: int,
    lane: Lane = EAST,
    function: str | None = None,
    qualifier: str = LATEST,
    settings: Settings = ONCE,
) -> Job:
    name = function or f"fn-{seq}"
    target = Target(lane, name, qualifier, partition_of(lane.region))
    return Job(seq, f"{SOURCE}:{seq + 2}", name, target, settings)


def outcome_of(job: Job, status: Status = Status.UPDATED, **fields: Any) -> Outcome:
    lane = job.target.lane
    return Outcome(
        job.seq,
        job.source,
        job.function_name,
        job.target.arn,
        job.target.qualifier,
        lane.account_id,
        lane.region,
        status,
        settings=job.settings.to_api(),
        **fields,
    )


def load(path: Path, jobs: list[Job], **facts: str) -> Path:
    """A run file that is ready, with these jobs."""
    loader = Loader(path, {"source": SOURCE, **facts})
    for job in jobs:
        loader.add(job, job.seq + 2)
    loader.ready()
    return path


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[RunFile]:
    with closing(RunFile(path, read_only=read_only)) as run:
        yield run


def pending(run: RunFile) -> list[Job]:
    """Every pending job, lane by lane, read in handfuls."""
    found: list[Job] = []
    for lane, count in run.lanes().items():
        of_lane: list[Job] = []
        while jobs := run.pending(lane, of_lane[-1].seq if of_lane else -1, 3):
            assert len(jobs) <= 3
            of_lane += jobs
        assert len(of_lane) == count
        found += of_lane
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Paths of files that do not exist yet: one for each example that hypothesis tries."""
    folder = tmp_path_factory.mktemp("runs")
    numbers = iter(range(10**9))
    return lambda: folder / f"{next(numbers)}.db"


def refusal(path: Path, *, read_only: bool = False) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(RunFileError) as caught:
        RunFile(path, read_only=read_only)
    text = str(caught.value)
    assert text.isprintable()
    assert path.name in text
    return text


# --- what goes in comes out ---

texts = st.text(max_size=40)
numbers = st.integers(0, 10**6)
seconds = st.floats(0, 10**6)
functions = st.sampled_from(["a", "b", "my-function_1"])
qualifiers = st.sampled_from([LATEST, "1", "prod", "$LATEST.PUBLISHED"])
destinations = st.sampled_from([None, CLEARED, "arn:aws:sqs:us-east-1:111111111111:dead"])
wanted = st.builds(
    Settings,
    st.none() | st.integers(0, 2),
    st.none() | st.integers(60, 21600),
    destinations,
    destinations,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def jobs_of_a_file(draw: st.DrawFn) -> list[Job]:
    """Jobs as a file may hold them: gaps where rows were invalid, any lane, names in any form."""
    seqs = draw(st.lists(st.integers(0, 500), min_size=1, max_size=12, unique=True))
    jobs = []
    for seq in sorted(seqs):
        job = make_job(
            seq,
            draw(st.sampled_from(LANES)),
            draw(functions),
            draw(qualifiers),
            draw(wanted),
        )
        given_as = draw(st.sampled_from([job.function_name, job.target.arn, "a:prod"]))
        jobs.append(msgspec.structs.replace(job, function_name=given_as))
    return jobs


@st.composite
def some_outcomes(draw: st.DrawFn, jobs: list[Job]) -> list[Outcome]:
    """Outcomes of some of the jobs, in any order."""
    ended = draw(st.lists(st.sampled_from(jobs), unique_by=lambda job: job.seq))
    return [
        outcome_of(
            job,
            draw(
                st.sampled_from([Status.UPDATED, Status.CREATED, Status.UNCHANGED, Status.FAILED])
            ),
            attempts=draw(numbers),
            throttles=draw(numbers),
            conflicts=draw(numbers),
            http_status=draw(st.none() | st.integers(100, 599)),
            error_code=draw(st.none() | texts),
            error_message=draw(st.none() | texts),
            request_id=draw(st.none() | texts),
            started_at=STARTED,
            duration_s=draw(seconds),
            call_s=draw(seconds),
            wait_s=draw(seconds),
            config=draw(st.none() | st.dictionaries(texts, json_values, max_size=3)),
        )
        for job in ended
    ]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), jobs=jobs_of_a_file())
def test_jobs_and_outcomes_come_back_as_they_went_in(
    fresh: Callable[[], Path], data: st.DataObject, jobs: list[Job]
) -> None:
    outcomes = data.draw(some_outcomes(jobs))
    path = load(fresh(), jobs)
    with opened(path) as run:
        by_lane = sorted(
            jobs, key=lambda job: [one.target.lane for one in jobs].index(job.target.lane)
        )
        assert pending(run) == by_lane
        assert run.targets() == len(jobs)
        run.begin_session(0)
        half = len(outcomes) // 2
        run.record(outcomes[:half], Traffic())
        run.record(outcomes[half:], Traffic())
        check_outcomes(run, jobs, outcomes)
    with opened(path) as run:
        check_outcomes(run, jobs, outcomes)
    with opened(path, read_only=True) as run:
        check_outcomes(run, jobs, outcomes)


def check_outcomes(run: RunFile, jobs: list[Job], outcomes: list[Outcome]) -> None:
    in_order = sorted(outcomes, key=lambda outcome: outcome.seq)
    assert list(run.outcomes()) == in_order
    failed = [outcome for outcome in in_order if outcome.status is Status.FAILED]
    assert list(run.outcomes([Status.FAILED])) == failed
    ended = {outcome.seq for outcome in outcomes}
    left = pending(run)
    assert sorted(job.seq for job in left) == [job.seq for job in jobs if job.seq not in ended]
    counts: Counter[tuple[Any, ...]] = Counter()
    for outcome in outcomes:
        tally = Tally.of(outcome)
        counts[tally.lane, tally.status, tally.error_code] += 1
    assert {(one.lane, one.status, one.error_code): one.count for one in run.tallies()} == counts


def test_every_target_is_told_with_its_partition(path: Path) -> None:
    jobs = [make_job(0), make_job(1, CHINA, "fn", "prod"), make_job(2, WEST)]
    with opened(load(path, jobs)) as run:
        run.record([outcome_of(jobs[0])], Traffic())
        assert list(run.every_target()) == [job.target for job in jobs]


def test_an_outcome_that_is_recorded_again_replaces_the_first(path: Path) -> None:
    job = make_job(0)
    with opened(load(path, [job])) as run:
        run.record([outcome_of(job, Status.FAILED, error_code="x")], Traffic())
        run.record([outcome_of(job)], Traffic())
        assert [outcome.status for outcome in run.outcomes()] == [Status.UPDATED]
        assert run.lanes() == {}


def test_text_that_is_no_text_is_recorded_or_refused_but_never_raises_anything_else(
    path: Path,
) -> None:
    job = make_job(0)
    odd = outcome_of(
        job, Status.FAILED, error_message="half a pair: \ud83d", config={"a": "\ud83d"}
    )
    with opened(load(path, [job])) as run:
        try:
            run.record([odd], Traffic())
        except RunFileError:
            assert list(run.outcomes()) == []
        else:
            assert [outcome.seq for outcome in run.outcomes()] == [0]


def test_a_batch_that_cannot_be_written_leaves_no_part_of_itself(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    load(path, jobs)
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON outcome WHEN new.seq = 2"
            " BEGIN SELECT raise(ABORT, 'disk full'); END"
        )
    with opened(path) as run:
        with pytest.raises(RunFileError, match=r"run\.db.*disk full"):
            run.record([outcome_of(job) for job in jobs], Traffic())
        assert list(run.outcomes()) == []
        run.record([outcome_of(job) for job in jobs[:2]], Traffic())
        assert [job.seq for job in pending(run)] == [2]


def test_facts_come_back(path: Path) -> None:
    with opened(load(path, [make_job(0)], profile="prod", rate="10")) as run:
        assert run.source == SOURCE
        assert run.facts == {
            "source": SOURCE,
            "profile": "prod",
            "rate": "10",
            "state": "ready",
        }


def test_a_run_of_no_jobs(path: Path) -> None:
    with opened(load(path, [])) as run:
        assert (run.lanes(), run.targets(), run.lane_count()) == ({}, 0, 0)
        assert (list(run.outcomes()), run.tallies(), run.examples()) == ([], [], {})


def test_pending_jobs_are_read_in_file_order_a_handful_at_a_time(path: Path) -> None:
    jobs = [make_job(seq, LANES[seq % 2]) for seq in range(5000)]
    with opened(load(path, jobs)) as run:
        run.record([outcome_of(job) for job in jobs[:3000:4]], Traffic())
        first = run.pending(EAST, -1, 500)
        assert [job.seq for job in first] == [
            seq for seq in range(0, 5000, 2) if seq >= 3000 or seq % 4
        ][:500]
        after = run.pending(EAST, first[-1].seq, 1)
        assert after[0].seq == first[-1].seq + 4
        assert run.lanes() == {EAST: 2500 - 750, WEST: 2500}


# --- loading ---


def numbered(loader: Loader, lane: Lane, first: int, again: int, *, agree: bool) -> Duplicate:
    return Duplicate(loader.number(lane), (first, again), (first + 2, again + 2), agree)


def test_duplicates_are_found_with_whether_they_agree(path: Path) -> None:
    twice = Settings(maximum_retry_attempts=2)
    jobs = [
        make_job(0, EAST, "fn"),
        make_job(1, WEST, "fn"),
        make_job(2, EAST, "fn", "prod"),
        make_job(3, EAST, "fn"),
        make_job(4, EAST, "fn", "prod", twice),
        make_job(5, EAST, "fn", settings=twice),
        make_job(6, EAST, "Fn"),
    ]
    loader = Loader(path, {"source": SOURCE})
    for job in jobs:
        loader.add(job, job.seq + 2)
    found = sorted(loader.duplicates([EAST, WEST]), key=lambda duplicate: duplicate.seqs)
    assert found == [
        numbered(loader, EAST, 0, 3, agree=True),
        numbered(loader, EAST, 0, 5, agree=False),
        numbered(loader, EAST, 2, 4, agree=False),
    ]
    assert list(loader.duplicates([WEST])) == []
    loader.drop(found[0])
    loader.ready()
    with opened(path) as run:
        assert run.targets() == 6
        assert sorted(job.seq for job in pending(run)) == [0, 1, 2, 4, 5, 6]


def test_the_same_settings_agree_however_many_others_stand_between(path: Path) -> None:
    loader = Loader(path, {"source": SOURCE})
    ages = [60 + number % 9000 for number in range(18000)]
    for seq, age in enumerate(ages):
        wanted = Settings(maximum_event_age_in_seconds=age)
        loader.add(make_job(seq, LANES[seq // 9000], f"fn-{age}", settings=wanted), seq + 2)
    for seq, age in ((18000, 60), (18001, 61)):
        wanted = Settings(maximum_event_age_in_seconds=age if seq == 18000 else 60)
        loader.add(make_job(seq, EAST, f"fn-{age}", settings=wanted), seq + 2)
    found = sorted(loader.duplicates(loader.lanes()), key=lambda duplicate: duplicate.seqs)
    assert found == [
        numbered(loader, EAST, 0, 18000, agree=True),
        numbered(loader, EAST, 1, 18001, agree=False),
    ]
    loader.discard()


def test_finding_duplicates_takes_no_time_for_each_pair_of_rows(path: Path) -> None:
    loader = Loader(path, {"source": SOURCE})
    for seq in range(12_000):
        loader.add(make_job(seq, EAST, f"fn-{seq % 6_000}"), seq + 2)
    begun = time.process_time()
    assert sum(1 for _ in loader.duplicates([EAST])) == 6_000
    assert time.process_time() - begun < 2
    loader.discard()


def test_set_account_merges_lanes_in_file_order(path: Path) -> None:
    nobody, other = Lane("", "us-east-1"), Lane("", "us-west-2")
    jobs = [
        make_job(seq, lane, f"fn-{seq // 2}")
        for seq, lane in enumerate([nobody, EAST, EAST, nobody, other, nobody, CHINA])
    ]
    loader = Loader(path, {"source": SOURCE})
    for job in jobs:
        loader.add(job, job.seq + 2)
    assert list(loader.duplicates(loader.lanes())) == []
    assert loader.set_account(EAST.account_id) == [EAST]
    assert sorted(loader.lanes()) == sorted(LANES)
    assert list(loader.duplicates([EAST])) == [
        numbered(loader, EAST, 0, 1, agree=True),
        numbered(loader, EAST, 2, 3, agree=True),
    ]
    loader.ready()
    with opened(path) as run:
        assert run.lane_count() == 3
        assert run.lanes() == {EAST: 5, WEST: 1, CHINA: 1}
        assert [job.seq for job in run.pending(EAST, -1, 10)] == [0, 1, 2, 3, 5]
        assert all(job.target.lane == EAST for job in run.pending(EAST, -1, 10))


def test_rows_that_are_no_jobs_are_outcomes_of_their_own(path: Path) -> None:
    loader = Loader(path, {"source": SOURCE})
    loader.add(make_job(0), 2)
    loader.add_invalid(1, 3, "bad name\x00\ud83d" + "x" * 1000, "FunctionName: no")
    loader.add(make_job(2, WEST), 4)
    loader.add(make_job(3, WEST), 5)
    list(loader.duplicates([EAST]))
    loader.invalidate(0, loader.number(EAST), "the same target as line 9")
    loader.invalidate_lane(WEST, "not yours")
    loader.ready()
    with opened(path) as run:
        assert run.lanes() == {}
        assert run.targets() == 4
        assert [
            (outcome.seq, outcome.source, outcome.status, outcome.error_code, outcome.error_message)
            for outcome in run.outcomes()
        ] == [
            (0, f"{SOURCE}:2", Status.INVALID, "InvalidInput", "the same target as line 9"),
            (1, f"{SOURCE}:3", Status.INVALID, "InvalidInput", "FunctionName: no"),
            (2, f"{SOURCE}:4", Status.INVALID, "InvalidInput", "not yours"),
            (3, f"{SOURCE}:5", Status.INVALID, "InvalidInput", "not yours"),
        ]
        outcome = next(outcome for outcome in run.outcomes() if outcome.seq == 1)
        assert outcome.function_name.startswith("bad name")
        assert len(outcome.function_name) == 256
        assert (outcome.function_arn, outcome.account_id, outcome.region) == (None, None, None)
        assert run.tallies() == [Tally(None, Status.INVALID, "InvalidInput", 4)]


def test_the_functions_that_are_fed_are_told_with_their_lines(path: Path) -> None:
    arn = "arn:aws:lambda:us-east-1:111111111111:function:sink"
    jobs = [
        make_job(0),
        make_job(1, settings=Settings(on_failure=arn)),
        make_job(2, settings=Settings(on_success="arn:aws:sqs:us-east-1:111111111111:q")),
        make_job(3, WEST, settings=Settings(on_failure=arn)),
    ]
    loader = Loader(path, {"source": SOURCE})
    for job in jobs:
        loader.add(job, job.seq + 2)
    assert list(loader.fed_functions(EAST)) == [(jobs[1], 3)]
    assert loader.first_line(WEST) == 5
    loader.discard()


def test_discard_leaves_nothing_behind(tmp_path: Path) -> None:
    loader = Loader(tmp_path / "run.db", {"source": SOURCE})
    for seq in range(5000):
        loader.add(make_job(seq), seq + 2)
    loader.discard()
    assert list(tmp_path.iterdir()) == []
    load(tmp_path / "run.db", [make_job(0)])


def test_a_run_file_is_never_overwritten(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(RunFileError, match=r"run\.db' exists"):
        Loader(path, {"source": SOURCE})
    assert path.read_text() == "precious"


def test_a_run_file_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunFileError, match="cannot be made") as caught:
        Loader(tmp_path / "file" / "run.db", {"source": SOURCE})
    assert str(caught.value).isprintable()


# --- the file itself ---


def test_nobody_else_can_read_a_run_file(path: Path) -> None:
    before = os.umask(0)
    try:
        load(path, [make_job(0)])
        with opened(path) as run:
            run.record([outcome_of(make_job(0))], Traffic())
            files = list(path.parent.iterdir())
            assert len(files) > 1
            assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    finally:
        os.umask(before)


def test_closing_leaves_one_file(path: Path) -> None:
    with opened(load(path, [make_job(0)])) as run:
        run.record([outcome_of(make_job(0))], Traffic())
    assert list(path.parent.iterdir()) == [path]


def test_looking_at_a_run_that_is_over_leaves_nothing_beside_it(path: Path) -> None:
    with opened(load(path, [make_job(0)])) as run:
        run.record([outcome_of(make_job(0))], Traffic())
    with opened(path, read_only=True) as run:
        assert len(list(run.outcomes())) == 1
    assert list(path.parent.iterdir()) == [path]


def test_any_sqlite_tool_can_read_what_the_views_tell(path: Path) -> None:
    jobs = [make_job(0, EAST, "fn", "prod"), make_job(1, WEST)]
    with opened(load(path, jobs)) as run:
        run.record([outcome_of(jobs[0], attempts=2)], Traffic())
    with closing(sqlite3.connect(path)) as database:
        assert database.execute(
            "SELECT seq, source, function_name, qualifier, region, status, attempts FROM result"
        ).fetchall() == [(0, "targets.csv:2", "fn", "prod", "us-east-1", "updated", 2)]
        assert database.execute("SELECT seq, source, region FROM pending").fetchall() == [
            (1, "targets.csv:3", "us-west-2")
        ]


# --- what is no run file ---


def test_a_file_that_is_not_there(path: Path) -> None:
    assert not is_run_file(path)
    assert "No such file" in refusal(path)
    assert list(path.parent.iterdir()) == []


def test_a_folder_is_no_run_file(path: Path) -> None:
    path.mkdir()
    assert not is_run_file(path)
    refusal(path)


def garbled(path: Path) -> None:
    load(path, [make_job(seq) for seq in range(100)])
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xa5" * (len(data) - 100))


def cut(path: Path) -> None:
    load(path, [make_job(seq) for seq in range(100)])
    path.write_bytes(path.read_bytes()[:1000])


def foreign(path: Path, mode: str = "DELETE") -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {mode}")
        database.execute("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT)")
        database.execute("INSERT INTO run VALUES ('state', 'ready'), ('source', 'x')")
        database.commit()


def foreign_wal(path: Path) -> None:
    foreign(path, "WAL")


def newer(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")


def half_loaded(path: Path) -> None:
    load(path, [make_job(0)])
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE run SET value = 'loading' WHERE key = 'state'")
        database.commit()


def empty(path: Path) -> None:
    path.touch()


def table(path: Path) -> None:
    path.write_text("FunctionName,Region\nfn,us-east-1\n")


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (empty, "is no run file"),
        (table, "is no run file"),
        (foreign, "is a database, but no run file"),
        (foreign_wal, "is a database, but no run file"),
        (newer, "is of version 2, this bulkeic knows 1"),
        (half_loaded, "was not loaded to its end"),
        (garbled, ""),
        (cut, ""),
    ],
)
def test_what_is_no_run_file_is_refused_and_left_alone(
    path: Path, make: Callable[[Path], None], says: str, *, read_only: bool
) -> None:
    make(path)
    before = path.read_bytes()
    assert says in refusal(path, read_only=read_only)
    assert path.read_bytes() == before
    if make in (foreign, foreign_wal):
        assert list(path.parent.iterdir()) == [path]


def test_a_run_file_is_known_by_its_first_bytes(path: Path) -> None:
    assert is_run_file(load(path, [make_job(0)]))
    table(path)
    assert not is_run_file(path)


# --- two processes ---

CHILD = """
import sys
from pathlib import Path
from bulkeic.core.errors import RunFileError
from bulkeic.core.model import Outcome, Status
from bulkeic.core.summary import Traffic
from bulkeic.store import Loader, RunFile
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
run.begin_session(0.0)
print("open", flush=True)
sys.stdin.readline()
"""


def test_another_process_cannot_work_on_the_same_run_but_look_at_it(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    with opened(load(path, jobs)) as run:
        run.record([outcome_of(jobs[0])], Traffic())
    with child(path, WORK) as process:
        assert line_of(process) == "open"
        assert "another bulkeic works on it" in refusal(path)
        with opened(path, read_only=True) as run:
            assert [outcome.seq for outcome in run.outcomes()] == [0]
            assert len(run.sessions()) == 1
        assert "another bulkeic works on it" in refusal(path)
    with opened(path) as run:
        assert [job.seq for job in pending(run)] == [1, 2]


def test_the_same_process_cannot_work_on_a_run_twice(path: Path) -> None:
    with opened(load(path, [make_job(0)])):
        assert "another bulkeic works on it" in refusal(path)
    with opened(path):
        pass


def test_what_is_refused_does_not_keep_the_file_locked(path: Path) -> None:
    half_loaded(path)
    refusal(path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE run SET value = 'ready' WHERE key = 'state'")
        database.commit()
    with opened(path):
        pass


def test_a_file_that_is_still_loading_is_refused(path: Path) -> None:
    loader = Loader(path, {"source": SOURCE})
    for seq in range(5000):
        loader.add(make_job(seq), seq + 2)
    with child(
        path,
        """
        for read_only in (False, True):
            try:
                RunFile(path, read_only=read_only)
            except RunFileError as error:
                print(error, flush=True)
            else:
                print("taken", flush=True)
        """,
    ) as process:
        assert "another bulkeic works on it" in line_of(process)
        assert "run.db" in line_of(process)
    loader.ready()
    with opened(path) as run:
        assert run.lanes() == {EAST: 5000}


@pytest.mark.parametrize("rows", [10, 100_000])
def test_a_file_whose_loading_was_killed_is_refused(path: Path, rows: int) -> None:
    code = f"""
        from bulkeic.core.model import Job, Lane, Settings, Target
        loader = Loader(path, {{"source": "x"}})
        lane, settings = Lane("111111111111", "us-east-1"), Settings(1)
        for seq in range({rows}):
            name = f"fn-{{seq}}"
            loader.add(Job(seq, "", name.rjust(256), Target(lane, name), settings), seq)
        print("loaded", flush=True)
        sys.stdin.readline()
    """
    with child(path, code) as process:
        assert line_of(process) == "loaded"
        process.kill()
    refusal(path)
    refusal(path, read_only=True)


RECORD = """
run = RunFile(path)
run.begin_session(0.0)
calls = 0
while True:
    batch = [job for lane in run.lanes() for job in run.pending(lane, -1, 5)]
    if not batch:
        break
    outcomes = [
        Outcome(
            job.seq, job.source, job.function_name, job.target.arn, job.target.qualifier,
            job.target.lane.account_id, job.target.lane.region, Status.UPDATED, attempts=1,
            error_message="x" * 3000,
        )
        for job in batch
    ]
    calls += len(outcomes)
    run.record(outcomes, Traffic(calls=calls, elapsed_s=calls / 10))
    print(*(outcome.seq for outcome in outcomes), flush=True)
"""


def test_a_kill_loses_nothing_that_was_committed(path: Path) -> None:
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(20_000)]
    load(path, jobs)
    told: list[int] = []
    for batches in (1, 20, 50):
        with child(path, RECORD) as process:
            for _ in range(batches):
                told += map(int, line_of(process).split())
            process.send_signal(signal.SIGKILL)
            assert process.stdout is not None
            told += map(int, "".join(process.stdout.readlines()).split())
            assert process.wait() == -signal.SIGKILL
    with opened(path) as run:
        kept = [outcome.seq for outcome in run.outcomes()]
        # A batch may have been committed without the child's having had the time to say so.
        assert set(told) <= set(kept)
        assert len(kept) <= len(told) + 3 * 15
        assert len(kept) == len(set(kept))
        assert sum(run.lanes().values()) == len(jobs) - len(kept)
        assert run.pending(EAST, -1, 1)[0].seq not in kept
        assert run.traffic().calls == len(kept)
        assert len(run.sessions()) == 3


# --- sessions, traffic, examples ---


def test_the_traffic_of_all_sessions_adds_up(path: Path) -> None:
    jobs = [make_job(seq) for seq in range(3)]
    load(path, jobs)
    with opened(path) as run:
        assert run.traffic() == Traffic()
        run.begin_session(1_700_000_000.25)
        run.record([outcome_of(jobs[0])], Traffic(3, 1, 0, 2, 1.5))
        run.record([], Traffic(5, 1, 1, 3, 2.5))
        run.end_session("interrupted")
    with opened(path) as run:
        run.begin_session(1_700_000_100.0)
        run.record([outcome_of(jobs[1])], Traffic(1, 0, 0, 0, 0.25))
        assert run.traffic() == Traffic(6, 1, 1, 3, 2.75)
        sessions = [(one.started_at, one.elapsed_s, one.ended) for one in run.sessions()]
        assert sessions == [
            ("2023-11-14T22:13:20.250Z", 2.5, "interrupted"),
            ("2023-11-14T22:15:00.000Z", 0.25, None),
        ]


def test_examples_are_the_first_of_the_most_frequent_codes(path: Path) -> None:
    codes = ["A", "B", None, "B", "C", "C", "C"]
    jobs = [make_job(seq, LANES[seq % 3]) for seq in range(len(codes))]
    with opened(load(path, jobs)) as run:
        outcomes = [
            outcome_of(job, Status.FAILED if code else Status.UPDATED, error_code=code)
            for job, code in zip(jobs, codes, strict=True)
        ]
        run.record(outcomes[::-1], Traffic())
        assert list(run.examples().items()) == [
            ("C", outcomes[4]),
            ("B", outcomes[1]),
            ("A", outcomes[0]),
        ]
        assert list(run.examples(limit=1)) == ["C"]
