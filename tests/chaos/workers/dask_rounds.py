"""A chaos round for workers of a Dask scheduler: a seed draws what happens to whom, and when."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.conftest import Bulkeic, Server
from tests.e2e.dask_cluster import DaskCluster, make_certificates
from tests.e2e.forks import Process
from tests.e2e.frame_recorder import FrameRecorder
from tests.e2e.rollout_helpers import until

from .team_rounds import LATENCY_S, UNREPORTED_S, TeamRound, WorkerFleet, send_signal

HOLD_S = 2.0
"""A worker that is not heard for so long starts no call any more."""

WORKERS = ("one", "two")


class DaskRound(TeamRound):
    """One round with a scheduler and two workers, all started from the command line.

    The command and worker ``two`` reach the scheduler through a proxy each. A command that is gone,
    or cannot be reached in time, leaves what its workers did until they held unreported.
    """

    events = (
        "kill a worker",
        "freeze a worker for 15 s",
        "kill the scheduler",
        "freeze the scheduler for 4 s",
        "freeze the scheduler for 15 s",
        "cut the command off",
        "silence the command for 4 s",
        "silence the command for 15 s",
        "cut worker two off",
        "silence worker two for 4 s",
        "freeze the command for 5 s",
        "freeze the command for 13 s",
        "interrupt",
        "interrupt twice",
        "kill the command",
    )
    lossless = frozenset(
        {
            "freeze the scheduler for 4 s", "silence the command for 4 s",
            "silence worker two for 4 s", "freeze the command for 5 s", "interrupt",
        }
    )  # fmt: skip

    def __init__(self, bulkeic: Bulkeic, server: Server, fleet: WorkerFleet, seed: int) -> None:
        super().__init__(bulkeic, server, fleet, seed)
        self._certificates = make_certificates(bulkeic.folder / "ca")
        self._cluster: DaskCluster | None = None
        self._proxies: dict[str, FrameRecorder] = {}

    @property
    def unreported_s(self) -> float:
        """Before an event, and after it until the workers hold."""
        return HOLD_S + 2 * (UNREPORTED_S + LATENCY_S)

    @contextmanager
    def cluster(self) -> Iterator[None]:
        """Runs a scheduler with its workers, and another one if that was killed."""
        try:
            self._start_cluster()
            yield
        finally:
            self._stop_cluster()

    def _start_cluster(self) -> None:
        (self.bulkeic.folder / "scheduler.json").unlink(missing_ok=True)
        cluster = self._cluster = DaskCluster(self.bulkeic, self._certificates)
        port = int(cluster.address.rpartition(":")[2])
        self._proxies = {name: FrameRecorder(port) for name in ("command", "two")}
        cluster.start_worker("one")
        cluster.start_worker("two", self._address("two"))
        for name in WORKERS:
            cluster.wait_for(name)

    def _stop_cluster(self) -> None:
        cluster, self._cluster = self._cluster, None
        if cluster is not None:
            cluster.scheduler.send_signal(signal.SIGCONT)
            cluster.stop()
        for proxy in self._proxies.values():
            proxy.close()
        self._proxies = {}

    def _address(self, who: str) -> str:
        return f"tls://127.0.0.1:{self._proxies[who].port}"

    def _worker_flags(self) -> tuple[object, ...]:
        assert self._cluster is not None
        return self._cluster.flags(self._address("command"))

    def _next_words(self) -> tuple[object, ...]:
        assert self._cluster is not None
        if self._cluster.scheduler.poll() is not None:
            self._stop_cluster()
            self._start_cluster()
        return super()._next_words()

    def _started(self, process: Process) -> None:
        """Waits until the command has found the workers, or until they have their lanes."""
        text = ("2 workers", "2 workers: ")[self.victim]
        until(lambda: text in self.err.read_text() or process.poll() is not None, text)

    def _has_ended(self) -> bool:
        """Whether no call arrives for a second. Workers of a killed command hold at that time."""
        calls = self._calls()
        time.sleep(1)
        return self._calls() == calls

    def _strike(self, process: Process) -> None:
        cluster = self._cluster
        assert cluster is not None
        match self.event.split():
            case ["kill", "a", "worker"]:
                self._kill(cluster.process_of(WORKERS[self.victim]))
            case ["freeze", "a", "worker", "for", seconds, "s"]:
                self._freeze([cluster.process_of(WORKERS[self.victim])], float(seconds))
            case ["kill", "the", who]:
                send_signal([self._process_id(who, process)], signal.SIGKILL)
                self._wait_for_hold(process)
            case ["freeze", "the", who, "for", seconds, "s"]:
                frozen = [self._process_id(who, process)]
                send_signal(frozen, signal.SIGSTOP)
                self._wait(process, float(seconds))
                send_signal(frozen, signal.SIGCONT)
            case ["cut", _, who, "off"]:
                self._proxies[who].cut()
                self._wait_for_hold(process)
            case ["silence", _, who, "for", seconds, "s"]:
                self._proxies[who].go_silent()
                self._wait(process, float(seconds))
                self._proxies[who].go_on()
            case ["interrupt", *twice]:
                self._interrupt(process, twice=bool(twice))
                self._wait_for_hold(process)

    def _process_id(self, who: str, command: Process) -> int:
        assert self._cluster is not None
        return self._cluster.scheduler.pid if who == "scheduler" else command.pid

    def _wait(self, process: Process, seconds: float) -> None:
        ends_at = time.monotonic() + seconds
        self._wait_for_hold(process)
        self._sleep(ends_at - time.monotonic())

    def _wait_for_hold(self, process: Process) -> None:
        """Waits until workers that are not heard hold, or their command has ended them."""
        held_at = time.monotonic() + HOLD_S + UNREPORTED_S + LATENCY_S
        if self.event == "kill the command":
            until(self._has_ended, "the workers of a killed command have stopped")
        else:
            until(
                lambda: time.monotonic() >= held_at or process.poll() is not None,
                "the workers hold",
            )
        self._count_unreported()
