"""A chaos round for worker processes: a seed draws a fleet, a command, and who is struck when."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.forks import Process
from tests.e2e.rollout_helpers import GET, until
from tests.e2e.worker_processes import have_ended, wait_for_workers

from .run_file_state import read_state
from .state_check import call_counts

FIRST_ACCOUNT = 123456789012
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")
LATENCY_S = 0.05
UNREPORTED_S = 0.3
PATIENCE_S = 120
MOST_STARTS = 5
RUN = "run.db"
ROLE = "arn:aws:iam::{account}:role/chaos"

EVENTS = (
    "kill a worker",
    "freeze a worker for 15 s",
    "freeze the command for 1 s",
    "freeze the command for 5 s",
    "freeze the command for 9 s",
    "freeze the command for 13 s",
    "freeze the command and a worker",
    "interrupt",
    "interrupt twice",
    "kill the command",
)
PHASES = ("calls", "start", "calls", "verification", "pause", "bake")
ENDED = {0, 1}
RESUMABLE = {3, 130, -signal.SIGINT, -signal.SIGKILL}


@dataclass(frozen=True)
class WorkerFleet:
    """Lanes with a quota, which the sandbox enforces and the command keeps to.

    Attributes:
        accounts: their number.
        regions: their number.
        each: targets in each lane.
        rate: calls a second of a lane.
        burst: size of its bucket.
    """

    accounts: int
    regions: int
    each: int
    rate: int
    burst: int

    @property
    def lanes(self) -> list[tuple[str, str]]:
        """Account and Region of each lane."""
        return [
            (str(FIRST_ACCOUNT + number), region)
            for number in range(self.accounts)
            for region in REGIONS[: self.regions]
        ]

    @property
    def targets(self) -> int:
        """The number of targets."""
        return len(self.lanes) * self.each


def drawn_worker_fleet(rng: random.Random) -> WorkerFleet:
    """Draws three to twenty lanes, which take a few seconds."""
    rate = rng.choice((10, 15, 20))
    return WorkerFleet(rng.randint(3, 5), rng.randint(1, 4), rate * rng.randint(3, 6), rate, rate)


class WorkerRound:
    """One round.

    Args:
        bulkeic: the command.
        server: the sandbox, with the quota of the fleet.
        fleet: the lanes.
        seed: draws the rest.

    Attributes:
        log: what happened, to investigate a failure.
    """

    def __init__(self, bulkeic: Bulkeic, server: Server, fleet: WorkerFleet, seed: int) -> None:
        self.bulkeic, self.server, self.fleet = bulkeic, server, fleet
        rng = random.Random(f"workers {seed}")
        self.event = EVENTS[seed % len(EVENTS)]
        self.phase = PHASES[seed // len(EVENTS) % len(PHASES)]
        self.waves = self.phase in {"verification", "pause", "bake"} or rng.random() < 0.3
        self.images = self.waves or rng.random() < 0.5
        self.victim = rng.randrange(2)
        # After the burst, in which a lane makes many calls that are not reported yet.
        self.share = rng.uniform(0.4, 0.7)
        self.err = bulkeic.folder / "err.txt"
        self.log = [f"seed {seed}: {self.event} at {self.phase}, images {self.images}, {fleet}"]

    def run_to_end(self) -> None:
        """Runs the command, strikes once, and resumes it until it is complete."""
        self._write_rows()
        code = self._run(self._first_words(), self._strike)
        for _ in range(MOST_STARTS):
            self.log.append(f"exit code {code}")
            assert "Traceback" not in self.err.read_text(), self.err.read_text()
            if code in ENDED:
                return
            assert code in RESUMABLE, self.err.read_text()
            code = self._run(self._next_words(), None)
        raise AssertionError(f"jobs are pending after {MOST_STARTS} starts")

    def problems(self) -> list[str]:
        """What the server's counts show that must not be."""
        found: list[str] = []
        counts = call_counts(self.server)
        state = read_state(self.bulkeic.folder / RUN)
        if state is None or state.pending or len(counts) != self.fleet.targets:
            found.append(f"lost: {self.fleet.targets - len(counts)}, {state and state.pending}")
        unchanged = sum(not each.changed for each in counts.values())
        twice = sum(max(0, each.changed - 1) for each in counts.values())
        self.log.append(f"{twice} written twice of at most {self._most_twice}")
        if unchanged:
            found.append(f"{unchanged} have not what is wanted")
        if twice > self._most_twice:
            found.append(f"{twice} are written twice; at most {self._most_twice} were in flight")
        for name, lane in self.server.stats()["by_lane"].items():
            if lane["throttled"] > 1:
                found.append(f"{name}: {lane['throttled']} calls over its quota")
        return found

    @property
    def _most_twice(self) -> int:
        """Calls that were in flight or not reported, if every lane is struck."""
        if self.images:
            return 0
        return int(len(self.fleet.lanes) * (1 + self.fleet.rate * (UNREPORTED_S + LATENCY_S)))

    def _write_rows(self) -> None:
        rows = [
            f"fn-{number},{account},{region}"
            for account, region in self.fleet.lanes
            for number in range(self.fleet.each)
        ]
        self.bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))

    def _first_words(self) -> tuple[object, ...]:
        more: list[object] = [] if self.images else ["--no-before-image"]
        if self.waves:
            pause = {"bake": "--bake"}.get(self.phase, "--wave-pause")
            more += ["--waves", "30%,100%", pause, "3s"]
        return ("apply", "targets.csv", "--run", RUN, "--maximum-retry-attempts", 1, *more,
                *self._pace(self.fleet.burst))  # fmt: skip

    def _next_words(self) -> tuple[object, ...]:
        """Resumes: the quota is still used up."""
        return ("apply", RUN, *self._pace(1))

    def _pace(self, burst: int) -> tuple[object, ...]:
        return ("--yes", "--workers", 2, "--role-arn", ROLE, "--endpoint-url", self.server.url,
                "--no-progress", "--rate", self.fleet.rate, "--burst", burst)  # fmt: skip

    def _run(
        self, words: tuple[object, ...], strike: Callable[[Process, list[int]], None] | None
    ) -> int:
        """Runs a command to its end; nothing of it may run afterwards."""
        with self.err.open("w") as err:
            process = self.bulkeic.start(*words, stdout=subprocess.DEVNULL, stderr=err)
        workers: list[int] = []
        if strike is not None:
            workers = wait_for_workers(process.pid, 2)
            self._wait_for_phase(process)
            strike(process, workers)
        code = process.wait(PATIENCE_S)
        until(lambda: have_ended(workers), "the workers have ended")
        calls = self._calls()
        time.sleep(3 * LATENCY_S)
        assert self._calls() == calls, "calls after the end"
        return code

    def _wait_for_phase(self, process: Process) -> None:
        points: dict[str, Callable[[], bool]] = {
            "start": lambda: True,
            "calls": lambda: self._calls() > self.share * self.fleet.targets,
            "verification": self._has_verified_some,
        }
        done = points.get(self.phase, lambda: "wave 1 of 2: done" in self.err.read_text())
        until(lambda: done() or process.poll() is not None, f"the phase {self.phase}")

    def _has_verified_some(self) -> bool:
        return self.server.calls(GET) > 0.3 * self.fleet.targets + 3

    def _calls(self) -> int:
        stats: Any = self.server.stats()
        return sum(lane["calls"] for lane in stats["by_lane"].values())

    def _strike(self, process: Process, workers: list[int]) -> None:
        victim = workers[self.victim]
        match self.event.split():
            case ["kill", "a", "worker"]:
                os.kill(victim, signal.SIGKILL)
            case ["freeze", "a", "worker", "for", seconds, "s"]:
                self._freeze([victim], float(seconds))
            case ["freeze", "the", "command", "for", seconds, "s"]:
                self._freeze([process.pid], float(seconds))
            case ["freeze", "the", "command", "and", *_]:
                self._wake_worker_first(process, victim)
            case ["interrupt", *twice]:
                process.send_signal(signal.SIGINT)
                if twice:
                    until(lambda: self._is_stopping(process), "the command is stopping")
                    process.send_signal(signal.SIGINT)
            case _:
                process.kill()

    def _is_stopping(self, process: Process) -> bool:
        return "Ctrl-C again" in self.err.read_text() or process.poll() is not None

    def _freeze(self, processes: list[int], seconds: float) -> None:
        """Stops processes for a time, in which lanes may move to others."""
        for each in processes:
            os.kill(each, signal.SIGSTOP)
        time.sleep(seconds)
        for each in processes:
            with suppress(ProcessLookupError):  # the command has ended it
                os.kill(each, signal.SIGCONT)

    def _wake_worker_first(self, process: Process, victim: int) -> None:
        """A worker that wakes up after its lease sends nothing, although no one has ended it."""
        for each in (process.pid, victim):
            os.kill(each, signal.SIGSTOP)
        time.sleep(12)
        frozen = self._calls()
        os.kill(victim, signal.SIGCONT)
        time.sleep(1)
        assert self._calls() == frozen, "a worker that woke up has made calls"
        os.kill(process.pid, signal.SIGCONT)


def saved_log(folder: Path, log: list[str]) -> str:
    """The log as text, with what the command printed last."""
    err = folder / "err.txt"
    return "; ".join(log) + ("\n" + err.read_text()[-2000:] if err.exists() else "")
