"""Disruptions of a running command: kills, signals, full disks, network outages."""

import fcntl
import functools
import os
import random
import resource
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.forks import Process
from tests.e2e.rollout_helpers import until
from tests.e2e.worker_processes import have_ended, workers_of

from .flaky_proxy import FOREVER, FlakyProxy
from .run_file_state import committed_outcomes, count
from .state_check import Observation, call_counts

LOADING = "loading"
BYTES = "bytes"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_SIGNAL = {-number for number in SIGNALS}
DONE = {0, 1}
CODES = {
    "kill": {-9},
    "signal": {3, 130} | BY_SIGNAL,
    "two signals": {3, 130} | BY_SIGNAL,
    "pipe": {3},
    "full": {2, 3},
    "outage": {3},
    "nothing": set[int](),
}
READING = {"plain": "calls", "waves": "waves"}
CHANGED_FAULTS = {"latency_s": 0.01, "throttle": 0.05, "cut_after": 0.02, "truncated": 0.02}
PLANNED = "NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = before_image.seq)"
PATIENCE_S = 60
POLL_S = 0.01


@dataclass(frozen=True)
class ProgressPoint:
    """A point in a command's work, such as 30 % of its calls.

    Attributes:
        of: what is counted: calls, outcomes, before-images, waves, files, rows or bytes.
        share: the share of the pending jobs; of rows, of all rows; of bytes, their number.
    """

    of: str
    share: float

    def number(self, pending: int) -> int:
        """The count at which the point is reached, with this many pending jobs."""
        if self.of in {"waves", "files"}:
            return 1 + (self.share > 0.5)
        return max(1, int(self.share * pending))

    def __str__(self) -> str:
        return f"{self.share:,} bytes" if self.of == BYTES else f"{self.share:.0%} of {self.of}"


@dataclass(frozen=True)
class Disruption:
    """What happens to one process.

    Attributes:
        kind: what ends the process: a key of ``CODES``.
        at: when it ends.
        signal_: the signal to send, if that ends it.
        network_outage: an earlier outage: when, and how many connections it refuses.
        faults_change_at: when the server's faults change.
        room: bytes that files may still grow by before the disk is full.
    """

    kind: str
    at: ProgressPoint
    signal_: signal.Signals = signal.SIGKILL
    network_outage: tuple[ProgressPoint, int] | None = None
    faults_change_at: ProgressPoint | None = None
    room: int = 0

    @property
    def codes(self) -> set[int]:
        """The possible exit codes; 0 and 1 if the process ends before the disruption."""
        return DONE | CODES[self.kind]

    def loses(self, code: int) -> bool:
        """Whether the run file may lack answers that the server sent."""
        return self.kind in {"full", "outage"} or code not in DONE | {3}

    def __str__(self) -> str:
        more = f" ({self.signal_.name})" if "signal" in self.kind else ""
        more += f", network gone at {self.network_outage[0]}" if self.network_outage else ""
        more += f", other faults at {self.faults_change_at}" if self.faults_change_at else ""
        return f"{self.kind}{more} at {self.at}"


@dataclass(frozen=True)
class EndedProcess:
    """A process that has ended; ``loses``: the run file may lack answers to its calls."""

    code: int
    err: str
    loses: bool


def random_disruptions(rng: random.Random, run_kind: str, number: int) -> list[Disruption]:
    """Draws some disruptions; the number selects the kind of the first one."""
    kinds = _one_of_each_kind(rng, run_kind)
    disruptions = [kinds[number % len(kinds)]]
    if run_kind == "plan" and disruptions[0].kind == "pipe":
        disruptions = [kinds[-1]]  # a plan has no results
    more = range(rng.randrange(1, 4))
    return disruptions + [rng.choice(_one_of_each_kind(rng, run_kind)[1:]) for _ in more]


def _one_of_each_kind(rng: random.Random, run_kind: str) -> list[Disruption]:
    """Draws a disruption of each kind; the first one disrupts loading."""

    def point(of: str, low: float = 0.02, high: float = 0.7) -> ProgressPoint:
        return ProgressPoint(of, round(rng.uniform(low, high), 2))

    early = functools.partial(point, "calls", 0.04, 0.2)
    either = functools.partial(point, rng.choice(("calls", "outcomes")))
    number = rng.choice(SIGNALS)
    kill = Disruption("kill", point("calls"))
    return [
        replace(kill, at=point(LOADING, 0, 1)),
        kill,
        replace(kill, at=point("outcomes")),
        replace(kill, at=point(READING.get(run_kind, "before-images"), 0, 1)),
        Disruption("signal", either(), signal_=number),
        Disruption("two signals", point("calls"), signal_=number),
        Disruption("pipe", ProgressPoint(BYTES, rng.randint(1, 20_000))),
        Disruption("full", either(), room=rng.randrange(40_000)),
        Disruption("outage", point("calls")),
        replace(
            kill,
            at=point("calls", 0.3),
            faults_change_at=early(),
            network_outage=(early(), rng.randint(1, 4)),
        ),
        Disruption("nothing", point("calls"), network_outage=(early(), rng.randint(1, 6))),
        replace(kill, at=ProgressPoint("files", rng.choice((0, 1)))),
    ]


class DisruptedCommand:
    """Runs a command and disrupts it.

    Args:
        bulkeic: the command.
        server: the server that it calls.
        proxy: the proxy in front of the server.
        run: path of its run file.
        observations: gets an observation when the network is cut.
    """

    def __init__(
        self,
        bulkeic: Bulkeic,
        server: Server,
        proxy: FlakyProxy,
        run: Path,
        observations: list[Observation],
    ) -> None:
        self._bulkeic, self._server, self._proxy = bulkeic, server, proxy
        self._run, self._observations = run, observations
        self._folder = bulkeic.folder
        self._err = self._folder / "err.txt"
        self._pending = 0
        self._workers: list[int] = []
        self._counters: dict[str, Callable[[], int]] = {
            # Calls of STS are not counted: a command that cannot reach it sends nothing, exit 2.
            "calls": lambda: sum(lane["calls"] for lane in server.stats()["by_lane"].values()),
            # A plan has few outcomes: most of its targets stay pending.
            "outcomes": lambda: count(run, "outcome") + count(run, "before_image", PLANNED),
            "before-images": lambda: count(run, "before_image"),
            "waves": lambda: count(run, "wave", "ended_at IS NOT NULL"),
            "files": lambda: len(list(run.parent.glob(f"{run.name}*"))),
        }

    def run(
        self, words: tuple[object, ...], disruption: Disruption | None, pending: int
    ) -> EndedProcess:
        """Runs a command that has ``pending`` jobs left, and disrupts it."""
        self._pending = pending
        if disruption is None:
            code = self._start(words).wait(PATIENCE_S)
            return EndedProcess(code, self._err.read_text(), loses=False)
        since = {name: value() for name, value in self._counters.items() if name != "files"}
        if disruption.at.of == LOADING and "targets.csv" in words:
            code = self._while_loading(words, disruption)
        elif disruption.kind == "pipe" and "plan" not in words:
            code = self._with_closed_pipe(words, disruption)
        else:
            gives_up = ("--give-up-after", 1) if disruption.kind == "outage" else ()
            process = self._start((*words, *gives_up))
            self._disturb_earlier(process, disruption, since)
            self._wait(process, disruption.at, since)
            self._end_process(process, disruption)
            code = process.wait(PATIENCE_S)
        self._proxy.unblock()
        until(lambda: have_ended(self._workers), "the workers have ended")
        return EndedProcess(code, self._err.read_text(), loses=disruption.loses(code))

    def _start(self, words: tuple[object, ...], stdout: int = subprocess.DEVNULL) -> Process:
        with self._err.open("w") as err:
            return self._bulkeic.start(*words, stdout=stdout, stderr=err)

    def _wait(self, process: Process, at: ProgressPoint, since: dict[str, int]) -> None:
        """Waits for a point or for the end of the process."""
        value = self._counters.get(at.of, self._counters["files"])
        while value() < since.get(at.of, 0) + at.number(self._pending) and not has_ended(process):
            pass

    def _disturb_earlier(
        self, process: Process, disruption: Disruption, since: dict[str, int]
    ) -> None:
        """Changes faults and cuts the network before the process is to end."""
        if disruption.faults_change_at:
            self._wait(process, disruption.faults_change_at, since)
            self._server.window("faults", CHANGED_FAULTS, "PUT")
        if disruption.network_outage:
            point, refusals = disruption.network_outage
            self._wait(process, point, since)
            known = committed_outcomes(self._run)
            self._observations.append(Observation(known, call_counts(self._server), loses=True))
            self._proxy.block(refusals)

    def _end_process(self, process: Process, disruption: Disruption) -> None:
        if process.poll() is not None:
            return
        self._workers = workers_of(process.pid)
        match disruption.kind:
            case "kill":
                process.kill()
            case "signal":
                process.send_signal(disruption.signal_)
            case "two signals":
                process.send_signal(disruption.signal_)
                while "Ctrl-C again" not in self._err.read_text() and not has_ended(process):
                    pass
                process.send_signal(disruption.signal_)
            case "full":
                files = [*self._folder.glob("*.db*"), *self._folder.glob("r.*")]
                size = max(path.stat().st_size for path in files) + disruption.room
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
            case "outage":
                self._proxy.block(FOREVER)

    def _while_loading(self, words: tuple[object, ...], disruption: Disruption) -> int:
        """Disrupts the command after it has read some rows and waits for the next one."""
        targets = self._folder / "targets.csv"
        rows = targets.read_text()
        targets.unlink()
        os.mkfifo(targets)
        pipe = os.open(targets, os.O_RDWR)  # opened for writing, too, so that it does not end
        try:
            process = self._start(words)
            some = "".join(
                rows.splitlines(keepends=True)[: disruption.at.number(rows.count("\n"))]
            ).encode()
            while some:
                some = some[os.write(pipe, some) :]
            while _unread(pipe):
                assert not has_ended(process), self._err.read_text()
            self._end_process(process, disruption)
            return process.wait(PATIENCE_S)
        finally:
            os.close(pipe)
            targets.unlink()
            targets.write_text(rows)

    def _with_closed_pipe(self, words: tuple[object, ...], disruption: Disruption) -> int:
        """Reads a part of the results and closes the pipe."""
        process = self._start((*words, "--results", "-"), stdout=subprocess.PIPE)
        assert process.stdout is not None
        left = int(disruption.at.share)
        while left > 0 and (piece := os.read(process.stdout.fileno(), left)):
            left -= len(piece)
        process.stdout.close()
        return process.wait(PATIENCE_S)


def has_ended(process: Process) -> bool:
    """Whether a process has ended, or ends within ``POLL_S``."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(POLL_S)
    return process.returncode is not None


def _unread(pipe: int) -> int:
    """Number of unread bytes in a pipe."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])
