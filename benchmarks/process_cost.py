"""What a command and its workers used: CPU, memory and time."""

import os
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from contest import environment
from dask_team import DaskTeam

POLL_S = 0.02
_HAS_WORKERS = b" workers"
"""What a command prints when the workers of a scheduler have begun."""


@dataclass(frozen=True)
class Cost:
    """What a command and its workers used.

    Attributes:
        started_s: Unix time.
        seconds: start-up included.
        command_s: CPU of the command.
        working_s: CPU of the command since its workers started; 0: it had none.
        workers_s: CPU of its workers together.
        command_mb: peak memory of the command.
        worker_mb: peak memory of the largest worker.
        scheduler_s: CPU of the scheduler; 0: there is none.
        scheduler_mb: its peak memory.
    """

    started_s: float
    seconds: float
    command_s: float
    working_s: float
    workers_s: float
    command_mb: float
    worker_mb: float
    scheduler_s: float = 0.0
    scheduler_mb: float = 0.0


def finish(command: Sequence[str], url: str, team: DaskTeam | None = None) -> Cost:
    """Runs a command to its end.

    Args:
        command: its words; `{url}` stands for the server's URL.
        url: of the server.
        team: what makes its calls; ``None``: itself, or its children.

    Raises:
        SystemExit: it failed.
    """
    words = [word.replace("{url}", url) for word in command]
    with tempfile.TemporaryFile() as err:
        before = _team_cpu_s(team)
        started_s = time.time()
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=err, env=environment(None)
        )
        before_s, command_mb, worker_mb = _watch(process.pid, team, err.fileno())
        ended_s = time.time()
        own_s, children_s = cpu_s(process.pid)
        if process.wait():
            err.seek(0)
            raise SystemExit(f"{words} ended with {process.returncode}:\n{err.read().decode()}")
    after = _team_cpu_s(team)
    return Cost(
        started_s,
        ended_s - started_s,
        own_s,
        own_s - before_s if before_s else 0.0,
        children_s if team is None else after[0] - before[0],
        command_mb,
        worker_mb,
        after[1] - before[1],
        0.0 if team is None else peak_mb(team.scheduler),
    )


def _watch(command: int, team: DaskTeam | None, err: int) -> tuple[float, float, float]:
    """Watches a command to its end: its CPU before its workers began, and both peaks in MB."""
    before_s, command_mb, worker_mb = 0.0, 0.0, 0.0
    while _wait_without_reaping(command) is None:
        workers = _children(command) if team is None else team.workers
        if not before_s and (workers if team is None else _has_begun(err)):
            before_s = cpu_s(command)[0]
        command_mb = max(command_mb, peak_mb(command))
        worker_mb = max([worker_mb, *map(peak_mb, workers)])
        time.sleep(POLL_S)
    return before_s, command_mb, worker_mb


def _has_begun(err: int) -> bool:
    return _HAS_WORKERS in os.pread(err, 500, 0)


def _team_cpu_s(team: DaskTeam | None) -> tuple[float, float]:
    """CPU seconds of the workers of a team, and of its scheduler."""
    if team is None:
        return 0.0, 0.0
    return sum(cpu_s(each)[0] for each in team.workers), cpu_s(team.scheduler)[0]


def _wait_without_reaping(pid: int) -> object:
    """Whether a process has ended; its CPU can still be read."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def cpu_s(pid: int) -> tuple[float, float]:
    """CPU seconds of a process, and of its children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, users, systems = (int(word) / os.sysconf("SC_CLK_TCK") for word in words[11:15])
    return user + system, users + systems


def peak_mb(pid: int) -> float:
    """Peak memory of a process; 0: it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0
