"""What happens to a command on its way: kills, signals, full disks, networks that go."""

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

from .run_file_state import count, outcomes_known
from .flaky_proxy import NEVER, Gate
from .state_check import Look, counts

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
SWITCHED = {"latency_s": 0.01, "throttle": 0.05, "cut_after": 0.02, "truncated": 0.02}
PLANNED = "NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = before_image.seq)"
PATIENCE_S = 60
MOMENT_S = 0.01


@dataclass(frozen=True)
class Moment:
    """When so much has come since the start: calls, outcomes or the like.

    Attributes:
        of: of what.
        share: how much, as a part of the jobs that are left; of rows: of all.
    """

    of: str
    share: float

    def number(self, left: int) -> int:
        """How many that are."""
        if self.of in {"waves", "files"}:
            return 1 + (self.share > 0.5)
        return max(1, int(self.share * left))

    def __str__(self) -> str:
        return f"{self.share:,} bytes" if self.of == BYTES else f"{self.share:.0%} of {self.of}"


@dataclass(frozen=True)
class Blow:
    """What happens to one process.

    Attributes:
        way: what ends it.
        at: when.
        signal_: which one, if it is one.
        blinks: before that the network goes at a moment, until so many have knocked.
        switches: before that other faults strike from a moment on.
        room: bytes that files may still grow by, on a disk that is full.
    """

    way: str
    at: Moment
    signal_: signal.Signals = signal.SIGKILL
    blinks: tuple[Moment, int] | None = None
    switches: Moment | None = None
    room: int = 0

    @property
    def codes(self) -> set[int]:
        """The exit codes that may come of it; it may come too late."""
        return DONE | CODES[self.way]

    def loses(self, code: int) -> bool:
        """Whether answers may not be known any more."""
        return self.way in {"full", "outage"} or code not in DONE | {3}

    def __str__(self) -> str:
        more = f" ({self.signal_.name})" if "signal" in self.way else ""
        more += f", network gone at {self.blinks[0]}" if self.blinks else ""
        more += f", other faults at {self.switches}" if self.switches else ""
        return f"{self.way}{more} at {self.at}"


@dataclass(frozen=True)
class Ended:
    """A process that has ended; ``loses``: answers of its calls may not be known."""

    code: int
    err: str
    loses: bool


def drawn_blows(chance: random.Random, kind: str, number: int) -> list[Blow]:
    """Some blows; the number says of which sort the first one is, and the dice what follows."""
    sorts = _sorts(chance, kind)
    blows = [sorts[number % len(sorts)]]
    if kind == "plan" and blows[0].way == "pipe":
        blows = [sorts[-1]]  # a plan has no results
    more = range(chance.randrange(1, 4))
    return blows + [chance.choice(_sorts(chance, kind)[1:]) for _ in more]


def _sorts(chance: random.Random, kind: str) -> list[Blow]:
    """A blow of each sort, loading first."""

    def moment(of: str, low: float = 0.02, high: float = 0.7) -> Moment:
        return Moment(of, round(chance.uniform(low, high), 2))

    early = functools.partial(moment, "calls", 0.04, 0.2)
    either = functools.partial(moment, chance.choice(("calls", "outcomes")))
    number = chance.choice(SIGNALS)
    kill = Blow("kill", moment("calls"))
    return [
        replace(kill, at=moment(LOADING, 0, 1)),
        kill,
        replace(kill, at=moment("outcomes")),
        replace(kill, at=moment(READING.get(kind, "before-images"), 0, 1)),
        Blow("signal", either(), signal_=number),
        Blow("two signals", moment("calls"), signal_=number),
        Blow("pipe", Moment(BYTES, chance.randint(1, 20_000))),
        Blow("full", either(), room=chance.randrange(40_000)),
        Blow("outage", moment("calls")),
        replace(
            kill, at=moment("calls", 0.3), switches=early(), blinks=(early(), chance.randint(1, 16))
        ),
        Blow("nothing", moment("calls"), blinks=(early(), chance.randint(1, 30))),
        replace(kill, at=Moment("files", chance.choice((0, 1)))),
    ]


class Trouble:
    """One process, and what happens to it.

    Args:
        bulkeic: the command.
        server: what it calls.
        gate: the way there.
        run: path of its run file.
        looks: where it is noted what was so when the network went.
    """

    def __init__(
        self, bulkeic: Bulkeic, server: Server, gate: Gate, run: Path, looks: list[Look]
    ) -> None:
        self._bulkeic, self._server, self._gate = bulkeic, server, gate
        self._run, self._looks = run, looks
        self._folder = bulkeic.folder
        self._err = self._folder / "err.txt"
        self._left = 0
        self._counters: dict[str, Callable[[], int]] = {
            "calls": lambda: int(server.stats()["calls"]),
            # A plan gives hardly any target an outcome.
            "outcomes": lambda: count(run, "outcome") + count(run, "before_image", PLANNED),
            "before-images": lambda: count(run, "before_image"),
            "waves": lambda: count(run, "wave", "ended_at IS NOT NULL"),
            "files": lambda: len(list(run.parent.glob(f"{run.name}*"))),
        }

    def live_through(self, words: tuple[object, ...], blow: Blow | None, left: int) -> Ended:
        """Runs a command that has so many jobs left while something happens to it."""
        self._left = left
        if blow is None:
            code = self._start(words).wait(PATIENCE_S)
            return Ended(code, self._err.read_text(), loses=False)
        since = {name: value() for name, value in self._counters.items() if name != "files"}
        if blow.at.of == LOADING and "targets.csv" in words:
            code = self._while_loading(words, blow)
        elif blow.way == "pipe" and "plan" not in words:
            code = self._with_closed_pipe(words, blow)
        else:
            gives_up = ("--give-up-after", 1) if blow.way == "outage" else ()
            process = self._start((*words, *gives_up))
            self._disturb(process, blow, since)
            self._wait(process, blow.at, since)
            self._strike(process, blow)
            code = process.wait(PATIENCE_S)
        self._gate.open()
        return Ended(code, self._err.read_text(), loses=blow.loses(code))

    def _start(self, words: tuple[object, ...], stdout: int = subprocess.DEVNULL) -> Process:
        with self._err.open("w") as err:
            return self._bulkeic.start(*words, stdout=stdout, stderr=err)

    def _wait(self, process: Process, at: Moment, since: dict[str, int]) -> None:
        """Waits for a moment, or for the end of the process."""
        value = self._counters.get(at.of, self._counters["files"])
        while value() < since.get(at.of, 0) + at.number(self._left) and not has_ended(process):
            pass

    def _disturb(self, process: Process, blow: Blow, since: dict[str, int]) -> None:
        """What happens to the process on its way."""
        if blow.switches:
            self._wait(process, blow.switches, since)
            self._server.window("faults", SWITCHED, "PUT")
        if blow.blinks:
            moment, knocks = blow.blinks
            self._wait(process, moment, since)
            known = outcomes_known(self._run)
            self._looks.append(Look(known, counts(self._server), loses=True))
            self._gate.shut(knocks)

    def _strike(self, process: Process, blow: Blow) -> None:
        if process.poll() is not None:
            return
        match blow.way:
            case "kill":
                process.kill()
            case "signal":
                process.send_signal(blow.signal_)
            case "two signals":
                process.send_signal(blow.signal_)
                while "Ctrl-C again" not in self._err.read_text() and not has_ended(process):
                    pass
                process.send_signal(blow.signal_)
            case "full":
                files = [*self._folder.glob("*.db*"), *self._folder.glob("r.*")]
                size = max(path.stat().st_size for path in files) + blow.room
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))
            case "outage":
                self._gate.shut(NEVER)

    def _while_loading(self, words: tuple[object, ...], blow: Blow) -> int:
        """Strikes when so many rows have been read, and the next has not come."""
        targets = self._folder / "targets.csv"
        rows = targets.read_text()
        targets.unlink()
        os.mkfifo(targets)
        pipe = os.open(targets, os.O_RDWR)  # so that it has a writer, and no end
        try:
            process = self._start(words)
            some = "".join(
                rows.splitlines(keepends=True)[: blow.at.number(rows.count("\n"))]
            ).encode()
            while some:
                some = some[os.write(pipe, some) :]
            while _unread(pipe):
                assert not has_ended(process), self._err.read_text()
            self._strike(process, blow)
            return process.wait(PATIENCE_S)
        finally:
            os.close(pipe)
            targets.unlink()
            targets.write_text(rows)

    def _with_closed_pipe(self, words: tuple[object, ...], blow: Blow) -> int:
        """Reads some of the results, and goes."""
        process = self._start((*words, "--results", "-"), stdout=subprocess.PIPE)
        assert process.stdout is not None
        left = int(blow.at.share)
        while left > 0 and (piece := os.read(process.stdout.fileno(), left)):
            left -= len(piece)
        process.stdout.close()
        return process.wait(PATIENCE_S)


def has_ended(process: Process) -> bool:
    """Whether a process ends within a moment."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(MOMENT_S)
    return process.returncode is not None


def _unread(pipe: int) -> int:
    """Bytes that a pipe holds."""
    return int(struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4))[0])
