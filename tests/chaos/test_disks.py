"""Disks that are full, read-only or gone: a run stops, says why, and is carried on with."""

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
from .expected_outcomes import count, ledger
from .state_check import Place, counts

TARGETS = 60
READ = "before_image"
DONE = "outcome"
# What is in flight and what was answered within the last fifth of a second cannot be kept.
SPARE = 30
# A third at once, and what is left after that takes longer than any test is late.
SLOWLY = ("--rate", 1, "--burst", 50, "--concurrency", 2)
at_length = pytest.mark.skipif("BULKEIC_ROUNDS" not in os.environ, reason="make chaos does it")


@pytest.fixture(scope="module")
def sandbox_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox that takes its time."""
    command = Bulkeic(tmp_path_factory.mktemp("sandbox"))
    served = Server(command.start("sandbox", "--rate", "unlimited", "--latency", 0.02))
    yield served
    served.stop()


@pytest.fixture
def slow(bulkeic: Bulkeic, sandbox_of_all: Server) -> Server:
    """That sandbox, with nothing counted, and ``targets.csv``."""
    write_targets(bulkeic, TARGETS)
    sandbox_of_all.window("state", {}, "PUT")
    sandbox_of_all.window("reset-stats", method="POST")
    return sandbox_of_all


class Trial:
    """A command that works on a run file until something is wrong with a disk.

    Args:
        bulkeic: the command.
        server: what it calls.
        run: the run file.
    """

    def __init__(self, bulkeic: Bulkeic, server: Server, run: str = "run.db") -> None:
        self.bulkeic, self.server, self.run = bulkeic, server, run
        self.path = bulkeic.folder / run
        self.ends = ("--endpoint-url", server.url, *SLOWLY)

    def plan(self) -> tuple[object, ...]:
        """A plan of the targets file."""
        begun = ("targets.csv", "--run", self.run, "--maximum-retry-attempts", 1)
        return ("plan", *begun, *self.ends)

    def apply(self, *more: object) -> tuple[object, ...]:
        """An apply of the targets file."""
        return ("apply", *self.plan()[1:], "--yes", *more)

    def stopped(
        self, words: tuple[object, ...], wrong: Callable[[int], object], of: str = DONE
    ) -> Result:
        """Runs a command, lets something go wrong when a third is done: how it ended."""
        process = self.bulkeic.start(*words, stdout=subprocess.DEVNULL)
        while count(self.path, of) < TARGETS // 3:
            assert not has_ended(process)
        wrong(process.pid)
        _, err = process.communicate(timeout=30)
        result = Result(subprocess.CompletedProcess([], process.wait(), "", err))
        check_stopped(result)
        return result

    def carried_on(self, stopped: Result, *more: object) -> Result:
        """Does what the last line says; what was known is not called again, the rest is."""
        left = ledger(self.path)
        assert left is not None
        assert 0 < left.pending <= TARGETS
        before = self._known_calls(set(left.known))
        words = shlex.split(stopped.lines[-1].partition("bulkeic ")[2])
        result = self.bulkeic(*words, "--rate", "unlimited", *more)
        assert result.code == 0, result.err
        assert self._known_calls(set(left.known)) == before
        return result

    def _known_calls(self, seqs: set[int]) -> list[object]:
        found = counts(self.server)
        return [found.get(_place(seq)) for seq in sorted(seqs)]

    def check_told_once(self, spare: int = 0) -> None:
        """Every target was changed; so many at most twice, since that could not be kept."""
        told = [each.told for each in counts(self.server).values()]
        assert (len(told), min(told)) == (TARGETS, 1)
        assert sum(told) <= TARGETS + spare


def full(pid: int) -> None:
    """Lets a process write to no file any more: how much one can grow until it is full varies."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, 0))


def _place(seq: int) -> Place:
    return ("123456789012/us-east-1", f"fn-{seq}", "$LATEST")


def check_stopped(result: Result) -> None:
    """It says once why, and how to go on."""
    assert result.code == 3, result.err
    assert "Traceback" not in result.err
    assert "internal error" not in result.err
    assert len([line for line in result.lines if line.startswith("stopped: ")]) == 1, result.err
    assert result.lines[-1].startswith("resume with: bulkeic "), result.err


def test_a_full_disk_stops_a_plan_its_apply_and_its_rollback_and_loses_nothing(
    bulkeic: Bulkeic, slow: Server
) -> None:
    trial = Trial(bulkeic, slow)
    planned = trial.stopped(trial.plan(), full, of=READ)
    assert "stopped: run file 'run.db': cannot be written: " in planned.err
    trial.carried_on(planned)
    assert not any(each.changed for each in counts(slow).values())

    apply = ("apply", "run.db", "--yes", *trial.ends)
    applied = trial.stopped(apply, full)
    assert "stopped: run file 'run.db': cannot be written: " in applied.err
    trial.carried_on(applied)
    trial.check_told_once(spare=SPARE)

    slow.window("reset-stats", method="POST")
    back = Trial(bulkeic, slow, "back.db")
    rollback = ("rollback", "run.db", "--run", "back.db", "--yes", *back.ends)
    restored = back.stopped(rollback, full)
    assert "stopped: run file 'back.db': cannot be written: " in restored.err
    back.carried_on(restored)
    back.check_told_once(spare=SPARE)


def test_a_disk_that_is_full_from_the_start_sends_nothing(bulkeic: Bulkeic, slow: Server) -> None:
    trial = Trial(bulkeic, slow)
    command = shlex.join(bulkeic.words(trial.apply()))
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


def test_results_that_have_no_room_stop_the_run_and_are_whole_in_the_end(
    bulkeic: Bulkeic, slow: Server
) -> None:
    trial = Trial(bulkeic, slow)
    with Path("/dev/full").open("w") as full:
        done = bulkeic.start(*trial.apply("--results", "-"), stdout=full)
        _, err = done.communicate(timeout=30)
    result = Result(subprocess.CompletedProcess([], done.wait(), "", err))

    check_stopped(result)
    assert "stopped: results: No space left on device" in result.lines
    assert slow.calls() < TARGETS
    trial.carried_on(result, "--results", "r.jsonl")
    trial.check_told_once()
    assert sorted(each["seq"] for each in bulkeic.outcomes("r.jsonl")) == list(range(TARGETS))


@at_length
def test_a_results_file_on_a_full_device_stops_the_run(bulkeic: Bulkeic, slow: Server) -> None:
    trial = Trial(bulkeic, slow)
    (bulkeic.folder / "r.jsonl").symlink_to("/dev/full")

    result = bulkeic(*trial.apply("--results", "r.jsonl"))

    check_stopped(result)
    assert slow.calls() < TARGETS
    trial.carried_on(result, "--results", "other.jsonl")
    trial.check_told_once()
    assert sorted(each["seq"] for each in bulkeic.outcomes("other.jsonl")) == list(range(TARGETS))


def test_a_small_disk_that_others_fill_stops_the_run_until_there_is_room(
    bulkeic: Bulkeic, slow: Server
) -> None:
    trial = Trial(bulkeic, slow, "disk/run.db")
    with in_memory(bulkeic.folder / "disk") as disk:
        files = list[Path]()
        result = trial.stopped(
            trial.apply("--before-image", "--results", "disk/r.csv"),
            lambda _: files.append(disk.fill()),
        )
        assert "o space left on device" in result.err or "disk is full" in result.err
        files[0].unlink()
        trial.carried_on(result)
        trial.check_told_once(spare=SPARE)
        lines = (disk.folder / "r.csv").read_text().splitlines()
        assert sorted(int(line.partition(",")[0]) for line in lines[1:]) == list(range(TARGETS))


def test_a_disk_that_nobody_may_write_to_any_more_stops_the_run(
    bulkeic: Bulkeic, slow: Server
) -> None:
    trial = Trial(bulkeic, slow, "disk/run.db")
    with in_file(bulkeic.folder / "disk") as disk:
        result = trial.stopped(trial.apply(), lambda _: disk.fail())
        refused = bulkeic("apply", "disk/run.db", "--yes", *trial.ends)
        assert refused.code == 2, refused.err
        assert len(refused.lines) == 1
        assert "'disk/run.db'" in refused.err
        assert "ead-only file system" in refused.err
        disk.unmount()
        disk.mount()
        trial.carried_on(result)
        trial.check_told_once(spare=SPARE)


@at_length
def test_a_disk_that_is_gone_stops_the_run(bulkeic: Bulkeic, slow: Server) -> None:
    trial = Trial(bulkeic, slow, "disk/run.db")
    with in_file(bulkeic.folder / "disk") as disk:
        result = trial.stopped(trial.apply(), lambda _: disk.unmount("-l"))
        assert "stopped: run file 'disk/run.db' was deleted, moved or replaced" in result.lines
        disk.mount()
        trial.carried_on(result)
        trial.check_told_once(spare=SPARE)
