"""A chaos round for a command with workers: what each kind of workers has in common."""

import os
import random
import signal
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from tests.chaos.run_file_state import read_state
from tests.chaos.state_check import call_counts
from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.forks import Process
from tests.e2e.rollout_helpers import GET, until

FIRST_ACCOUNT = 123456789012
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2")
LATENCY_S = 0.05
UNREPORTED_S = 0.3
PATIENCE_S = 120
POLL_S = 0.05
MOST_STARTS = 5
RUN = "run.db"
ROLE = "arn:aws:iam::{account}:role/chaos"

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

    @property
    def quota(self) -> tuple[object, ...]:
        """The flags of a sandbox that enforces it."""
        return ("--rate", self.rate, "--burst", self.burst, "--latency", LATENCY_S)


def drawn_worker_fleet(rng: random.Random) -> WorkerFleet:
    """Draws three to twenty lanes, which take a few seconds."""
    rate = rng.choice((10, 15, 20))
    return WorkerFleet(rng.randint(3, 5), rng.randint(1, 4), rate * rng.randint(3, 6), rate, rate)


class CallHistory:
    """How many calls a server had counted, and when it said so. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._times: list[float] = [0.0]
        self._calls: list[int] = [0]

    def add(self, now: float, calls: int) -> None:
        self._times.append(now)
        self._calls.append(calls)

    def before(self, moment: float) -> int:
        """The calls that had certainly been counted at a time."""
        return self._calls[bisect_right(self._times, moment) - 1]


class TeamRound:
    """One round: a command is struck once, and resumed until its run is complete.

    How many targets may be written twice, by the server's count:

    - none if before-images are on, or if the event loses no report;
    - otherwise the calls of the time in which nothing was reported (``unreported_s``), and one call
      of each lane that was in flight to the server. The server counts them: the rate alone is no
      bound, because a lane makes up to ``burst + rate * t`` calls in t seconds. Lanes of a worker
      that has started late make their burst while the others have made theirs long ago.

    Args:
        bulkeic: the command.
        server: the sandbox, with the quota of the fleet.
        fleet: the lanes.
        seed: draws the rest.

    Attributes:
        events: what may happen.
        lossless: those after which everything that was done is reported.
        log: what happened, to investigate a failure.
    """

    events: ClassVar[Sequence[str]]
    lossless: ClassVar[frozenset[str]]

    def __init__(self, bulkeic: Bulkeic, server: Server, fleet: WorkerFleet, seed: int) -> None:
        self.bulkeic, self.server, self.fleet = bulkeic, server, fleet
        rng = random.Random(f"workers {seed}")
        self.event = self.events[seed % len(self.events)]
        self.phase = PHASES[seed // len(self.events) % len(PHASES)]
        self.waves = self.phase in {"verification", "pause", "bake"} or rng.random() < 0.3
        self.images = self.waves or rng.random() < 0.5
        self.victim = rng.randrange(2)
        self.share = rng.uniform(0.4, 0.7)
        self.err = bulkeic.folder / "err.txt"
        drawn = f"{self.event} at {self.phase}, images {self.images}, {fleet}"
        self.log = [f"make chaos BULKEIC_SEED={seed}: {drawn}"]
        self._history = CallHistory()
        self._reported = self._unreported = 0
        self._slowest_s = 0.0

    def run_to_end(self) -> None:
        """Runs the command, strikes once, and resumes it until it is complete."""
        self._write_rows()
        code = self._run(self._first_words(), is_first=True)
        for _ in range(MOST_STARTS):
            self.log.append(f"exit code {code}")
            assert "Traceback" not in self.err.read_text(), self.err.read_text()
            if code in ENDED:
                return
            assert code in RESUMABLE, self.err.read_text()
            code = self._run(self._next_words(), is_first=False)
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
        self.log.append(f"at most {self._most_over_quota} over a quota")
        if unchanged:
            found.append(f"{unchanged} have not what is wanted")
        if twice > self._most_twice:
            found.append(f"{twice} are written twice; at most {self._most_twice} were in flight")
        most = self.fleet.burst + self.fleet.rate * self.unreported_s
        if self._unreported > len(self.fleet.lanes) * most:
            found.append(f"{self._unreported} calls were not reported, more than {most} a lane")
        for name, lane in self.server.stats()["by_lane"].items():
            if lane["throttled"] > self._most_over_quota:
                found.append(f"{name}: {lane['throttled']} calls over its quota")
        return found

    @property
    def _most_over_quota(self) -> int:
        """Calls of a lane over its bucket: one, and what a busy machine adds.

        A server whose bucket is full gains nothing until a call has arrived, and the command
        gains from its sending. So a call that is t seconds on its way costs ``rate * t`` calls.
        """
        return 1 + int(self.fleet.rate * self._slowest_s)

    @property
    def _most_twice(self) -> int:
        if self.images or self.event in self.lossless:
            return 0
        return len(self.fleet.lanes) + self._unreported

    @property
    def unreported_s(self) -> float:
        """For how long a worker may make calls whose outcomes never arrive."""
        return UNREPORTED_S + LATENCY_S

    # What a kind of workers does.

    def _worker_flags(self) -> tuple[object, ...]:
        raise NotImplementedError

    def _strike(self, process: Process) -> None:
        """Does what the event says to a running command, or to its workers."""
        raise NotImplementedError

    def _has_ended(self) -> bool:
        """Whether no worker of the last command can make calls any more."""
        raise NotImplementedError

    def _started(self, process: Process) -> None:
        """Finds the workers of a command that was started, before it is struck."""
        raise NotImplementedError

    # The command.

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
                *self._pace(self.fleet.burst), *self._worker_flags())  # fmt: skip

    def _next_words(self) -> tuple[object, ...]:
        """Resumes: the quota is still used up."""
        return ("apply", RUN, *self._pace(1), *self._worker_flags())

    def _pace(self, burst: int) -> tuple[object, ...]:
        return ("--yes", "--role-arn", ROLE, "--endpoint-url", self.server.url, "--no-progress",
                "--rate", self.fleet.rate, "--burst", burst)  # fmt: skip

    def _run(self, words: tuple[object, ...], *, is_first: bool) -> int:
        """Runs a command to its end; nothing of it may run afterwards."""
        with self.err.open("w") as err:
            process = self.bulkeic.start(*words, stdout=subprocess.DEVNULL, stderr=err)
        if is_first:
            self._started(process)
            self._wait_for_phase(process)
            self._reported = self._history.before(time.monotonic() - UNREPORTED_S - LATENCY_S)
            self._strike(process)
        give_up_at = time.monotonic() + PATIENCE_S
        while process.poll() is None:
            assert time.monotonic() < give_up_at, "timeout: the command has ended"
            self._sleep(POLL_S)
        code = process.wait()
        until(self._has_ended, "the workers have ended")
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

        def is_reached() -> bool:
            self._calls()  # for the history
            return done() or process.poll() is not None

        until(is_reached, f"the phase {self.phase}")

    def _has_verified_some(self) -> bool:
        return self.server.calls(GET) > 0.3 * self.fleet.targets + 3

    def _calls(self) -> int:
        asked_at, stats = time.monotonic(), self.server.stats()
        calls: int = sum(lane["calls"] for lane in stats["by_lane"].values())
        answered_at = time.monotonic()
        self._slowest_s = max(self._slowest_s, answered_at - asked_at)
        self._history.add(answered_at, calls)
        return calls

    def _sleep(self, seconds: float) -> None:
        """Watches the server for a time."""
        ends_at = time.monotonic() + seconds
        while (left_s := ends_at - time.monotonic()) > 0:
            self._calls()
            time.sleep(min(left_s, POLL_S))

    # Strikes. Each counts what may be unreported, once no more calls can become it.

    def _count_unreported(self) -> None:
        self._unreported = self._calls() - self._reported

    def _kill(self, process: int) -> None:
        send_signal([process], signal.SIGKILL)
        self._count_unreported()

    def _interrupt(self, process: Process, *, twice: bool) -> None:
        process.send_signal(signal.SIGINT)
        if twice:
            until(lambda: self._is_stopping(process), "the command is stopping")
            process.send_signal(signal.SIGINT)
            self._count_unreported()

    def _freeze(self, processes: Sequence[int], seconds: float) -> None:
        """Stops processes for a time, in which lanes may move to others."""
        send_signal(processes, signal.SIGSTOP)
        self._count_unreported()
        self._sleep(seconds)
        send_signal(processes, signal.SIGCONT)

    def _is_stopping(self, process: Process) -> bool:
        return "Ctrl-C again" in self.err.read_text() or process.poll() is not None


def send_signal(processes: Sequence[int], number: signal.Signals) -> None:
    """Sends a signal to the processes that have not ended."""
    for each in processes:
        with suppress(ProcessLookupError):
            os.kill(each, number)


def saved_log(folder: Path, log: list[str]) -> str:
    """The log as text, with what the command printed last."""
    err = folder / "err.txt"
    return "; ".join(log) + ("\n" + err.read_text()[-2000:] if err.exists() else "")


def check_round(team_round: TeamRound) -> None:
    """Runs a round, and prints what has happened."""
    try:
        team_round.run_to_end()
        problems = team_round.problems()
        assert not problems, "; ".join(problems)
    finally:
        sys.stderr.write("\n" + saved_log(team_round.bulkeic.folder, team_round.log))


def seeds(number: int) -> Sequence[Any]:
    """The seeds of the rounds: one, as many as asked for, or at least so many."""
    seed = os.environ.get("BULKEIC_SEED")
    rounds = int(os.environ.get("BULKEIC_ROUNDS", "0"))
    return [int(seed)] if seed else range(max(number, rounds))
