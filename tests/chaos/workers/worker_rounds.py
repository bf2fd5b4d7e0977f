"""A chaos round for worker processes of this machine: a seed draws who is struck, and when."""

import signal
import time

from tests.e2e.forks import Process
from tests.e2e.worker_processes import have_ended, wait_for_workers

from .team_rounds import TeamRound, send_signal


class WorkerRound(TeamRound):
    """One round with ``--workers 2``. A worker that ends by itself reports what it has done."""

    events = (
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
    lossless = frozenset(
        {"interrupt", *(f"freeze the command for {seconds} s" for seconds in (1, 5, 9, 13))}
    )
    _workers: tuple[int, ...] = ()

    def _worker_flags(self) -> tuple[object, ...]:
        return ("--workers", 2)

    def _started(self, process: Process) -> None:
        self._workers = tuple(wait_for_workers(process.pid, 2))

    def _has_ended(self) -> bool:
        return have_ended(self._workers)

    def _strike(self, process: Process) -> None:
        victim = self._workers[self.victim]
        match self.event.split():
            case ["kill", "a", "worker"]:
                self._kill(victim)
            case ["freeze", "a", "worker", "for", seconds, "s"]:
                self._freeze([victim], float(seconds))
            case ["freeze", "the", "command", "for", seconds, "s"]:
                self._freeze([process.pid], float(seconds))
            case ["freeze", "the", "command", "and", *_]:
                self._wake_worker_first(process, victim)
            case ["interrupt", *twice]:
                self._interrupt(process, twice=bool(twice))
            case _:
                self._kill(process.pid)

    def _wake_worker_first(self, process: Process, victim: int) -> None:
        """A worker that wakes up after its lease sends nothing, although no one has ended it."""
        send_signal([process.pid, victim], signal.SIGSTOP)
        self._count_unreported()
        self._sleep(12)
        frozen = self._calls()
        send_signal([victim], signal.SIGCONT)
        time.sleep(1)
        assert self._calls() == frozen, "a worker that woke up has made calls"
        send_signal([process.pid], signal.SIGCONT)
