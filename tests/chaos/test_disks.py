"""Full, read-only and missing disks: a run stops, says why, and can be resumed."""

import os
import resource
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Bulkeic, Result, Server
from tests.e2e.test_interruptions import write_targets

from .disks import in_file, in_memory
from .disruptions import has_ended
from .run_file_state import count, read_state
from .state_check import TargetKey, call_counts

TARGETS = 60
READ = "before_image"
DONE = "outcome"
# Calls in flight, and the outcomes of one commit, may be lost.
SPARE = 20
# A third of the jobs run at once; the others take longer than any test needs to react.
SLOWLY = ("--rate", 1, "--burst", 50, "--concurrency", 2)
only_in_make_chaos = pytest.mark.skipif(
    "BULKEIC_ROUNDS" not in os.environ, reason="make chaos does it"
)


@pytest.fixture(scope="module")
def sandbox_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox with some latency."""
    command = Bulkeic(tmp_path_factory.mktemp("sandbox"))
    served = Server(command.start("sandbox", "--rate", "unlimited", "--latency", 0.02))
    yield served
    served.stop()


@pytest.fixture
def slow(bulkeic: Bulkeic, sandbox_of_all: Server) -> Server:
    """The same sandbox with its counts reset, and ``targets.csv``."""
    write_targets(bulkeic, TARGETS)
    sandbox_of_all.window("state", {}, "PUT")
    sandbox_of_all.window("reset-stats", method="POST")
    return sandbox_of_all


class DiskTest:
    """Runs a command until its disk breaks, and resumes it.

    Args:
        bulkeic: the command.
        server: the server that it calls.
        run: the run file.
    """

    def __init__(self, bulkeic: Bulkeic, server: Server, run: str = "run.db") -> None:
        self.bulkeic, self.server, self.run = bulkeic, server, run
        self.path = bulkeic.folder / run
        self.ends = ("--endpoint-url", server.url, *SLOWLY)

    def plan(self) -> tuple[object, ...]:
        """The words of a plan of the targets file."""
        begun = ("targets.csv", "--run", self.run, "--maximum-retry-attempts", 1)
        return ("plan", *begun, *self.ends)

    def apply(self, *more: object) -> tuple[object, ...]:
        """The words of an apply of the targets file."""
        return ("apply", *self.plan()[1:], "--yes", *more)

    def run_until_broken(
        self, words: tuple[object, ...], break_disk: Callable[[int], object], of: str = DONE
    ) -> Result:
        """Runs a command and breaks its disk when a third of the jobs is done: how it ended."""
        process = self.bulkeic.start(*words, stdout=subprocess.DEVNULL)
        while count(self.path, of) < TARGETS // 3:
            assert not has_ended(process)
        break_disk(process.pid)
        _, err = process.communicate(timeout=30)
        result = Result(subprocess.CompletedProcess([], process.wait(), "", err))
        check_stopped(result)
        return result

    def resume(self, stopped: Result, *more: object) -> Result:
        """Runs the command of the last line; jobs with an outcome are not called again."""
        left = read_state(self.path)
        assert left is not None
        assert 0 < left.pending <= TARGETS
        before = self._known_calls(set(left.known))
        words = shlex.split(stopped.lines[-1].partition("bulkeic ")[2])
        result = self.bulkeic(*words, "--rate", "unlimited", *more)
        assert result.code == 0, result.err
        assert self._known_calls(set(left.known)) == before
        return result

    def _known_calls(self, seqs: set[int]) -> list[object]:
        found = call_counts(self.server)
        return [found.get(_target(seq)) for seq in sorted(seqs)]

    def check_changed_once(self, spare: int = 0) -> None:
        """Every target was changed; at most ``spare`` of them twice."""
        changes = [each.acknowledged for each in call_counts(self.server).values()]
        assert (len(changes), min(changes)) == (TARGETS, 1)
        assert sum(changes) <= TARGETS + spare


def full(pid: int) -> None:
    """Makes every further write of a process fail."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))


def _target(seq: int) -> TargetKey:
    return ("123456789012/us-east-1", f"fn-{seq}", "$LATEST")


def check_stopped(result: Result) -> None:
    """It says once why it stopped, and how to resume."""
    assert result.code == 3, result.err
    assert "Traceback" not in result.err
    assert "internal error" not in result.err
    assert len([line for line in result.lines if line.startswith("stopped: ")]) == 1, result.err
    assert result.lines[-1].startswith("resume with: bulkeic "), result.err


def test_a_full_disk_stops_a_plan_its_apply_and_its_rollback_and_loses_nothing(
    bulkeic: Bulkeic, slow: Server
) -> None:
    disk_test = DiskTest(bulkeic, slow)
    planned = disk_test.run_until_broken(disk_test.plan(), full, of=READ)
    assert "stopped: run file 'run.db': cannot be written: " in planned.err
    disk_test.resume(planned)
    assert not any(each.changed for each in call_counts(slow).values())

    apply = ("apply", "run.db", "--yes", *disk_test.ends)
    applied = disk_test.run_until_broken(apply, full)
    assert "stopped: run file 'run.db': cannot be written: " in applied.err
    disk_test.resume(applied)
    disk_test.check_changed_once(spare=SPARE)

    slow.window("reset-stats", method="POST")
    back = DiskTest(bulkeic, slow, "back.db")
    rollback = ("rollback", "run.db", "--run", "back.db", "--yes", *back.ends)
    restored = back.run_until_broken(rollback, full)
    assert "stopped: run file 'back.db': cannot be written: " in restored.err
    back.resume(restored)
    back.check_changed_once(spare=SPARE)


def test_a_disk_that_is_full_from_the_start_sends_nothing(bulkeic: Bulkeic, slow: Server) -> None:
    disk_test = DiskTest(bulkeic, slow)
    command = shlex.join(bulkeic.words(disk_test.apply()))
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 8; exec {command}"], cwd=bulkeic.folder, env=bulkeic.env,
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "bulkeic: run file 'run.db'" in done.stderr
    assert "cannot be written" in done.stderr
    assert [path.name for path in bulkeic.folder.iterdir()] == ["targets.csv"]
    assert slow.stats()["by_lane"] == {}


def test_full_results_stop_the_run_and_are_complete_after_it_resumes(
    bulkeic: Bulkeic, slow: Server
) -> None:
    disk_test = DiskTest(bulkeic, slow)
    with Path("/dev/full").open("w") as full:
        done = bulkeic.start(*disk_test.apply("--results", "-"), stdout=full)
        _, err = done.communicate(timeout=30)
    result = Result(subprocess.CompletedProcess([], done.wait(), "", err))

    check_stopped(result)
    assert "stopped: results: No space left on device" in result.lines
    assert slow.calls() < TARGETS
    disk_test.resume(result, "--results", "r.jsonl")
    disk_test.check_changed_once()
    assert sorted(each["seq"] for each in bulkeic.outcomes("r.jsonl")) == list(range(TARGETS))


@only_in_make_chaos
def test_a_results_file_on_a_full_device_stops_the_run(bulkeic: Bulkeic, slow: Server) -> None:
    disk_test = DiskTest(bulkeic, slow)
    (bulkeic.folder / "r.jsonl").symlink_to("/dev/full")

    result = bulkeic(*disk_test.apply("--results", "r.jsonl"))

    check_stopped(result)
    assert slow.calls() < TARGETS
    disk_test.resume(result, "--results", "other.jsonl")
    disk_test.check_changed_once()
    assert sorted(each["seq"] for each in bulkeic.outcomes("other.jsonl")) == list(range(TARGETS))


def test_a_disk_that_others_fill_stops_the_run_until_there_is_space(
    bulkeic: Bulkeic, slow: Server
) -> None:
    disk_test = DiskTest(bulkeic, slow, "disk/run.db")
    with in_memory(bulkeic.folder / "disk") as disk:
        files = list[Path]()
        result = disk_test.run_until_broken(
            disk_test.apply("--before-image", "--results", "disk/r.csv"),
            lambda _: files.append(disk.fill()),
        )
        assert "o space left on device" in result.err or "disk is full" in result.err
        files[0].unlink()
        disk_test.resume(result)
        disk_test.check_changed_once(spare=SPARE)
        lines = (disk.folder / "r.csv").read_text().splitlines()
        assert sorted(int(line.partition(",")[0]) for line in lines[1:]) == list(range(TARGETS))


def test_a_disk_that_becomes_read_only_stops_the_run(bulkeic: Bulkeic, slow: Server) -> None:
    disk_test = DiskTest(bulkeic, slow, "disk/run.db")
    with in_file(bulkeic.folder / "disk") as disk:
        result = disk_test.run_until_broken(disk_test.apply(), lambda _: disk.fail())
        refused = bulkeic("apply", "disk/run.db", "--yes", *disk_test.ends)
        assert refused.code == 2, refused.err
        assert len(refused.lines) == 1
        assert "'disk/run.db'" in refused.err
        assert "ead-only file system" in refused.err
        disk.unmount()
        disk.mount()
        disk_test.resume(result)
        disk_test.check_changed_once(spare=SPARE)


@only_in_make_chaos
def test_a_disk_that_is_gone_stops_the_run(bulkeic: Bulkeic, slow: Server) -> None:
    disk_test = DiskTest(bulkeic, slow, "disk/run.db")
    with in_file(bulkeic.folder / "disk") as disk:
        result = disk_test.run_until_broken(disk_test.apply(), lambda _: disk.unmount("-l"))
        assert "stopped: run file 'disk/run.db' was deleted, moved or replaced" in result.lines
        disk.mount()
        disk_test.resume(result)
        disk_test.check_changed_once(spare=SPARE)
