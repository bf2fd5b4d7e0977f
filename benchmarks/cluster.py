"""What worker processes cost and bring: CPU of each process, memory, start, calls, quota.

Three tables, each with one process and `--workers 2` in turn; figures are medians of the rounds:

1. CPU of an outcome. The server answers at once, and there is no quota. The CPU of the command
   counts from the moment at which its workers start, so it excludes the loading of the targets.
   With one process it includes the loading, and not the start.
2. Start. A few targets in 20 lanes: seconds from the start to the first outcome.
3. Lanes. 915 accounts x 17 Regions, each with a quota that the sandbox enforces and that this
   machine can serve. "Over quota" are calls that were throttled. "Lanes" were called at least once.

The CPU of workers is that of all of them. `--also` measures other flags, too, such as those of
workers on a Dask scheduler: `--also "--workers tls://127.0.0.1:8786"`.
"""

import argparse
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

from contest import ACCOUNT, Server, apply_command, environment, run_file_outcomes, server
from one_lane import IN_FLIGHT, instant_server, write_targets
from table import TextTable, reached

ROUNDS = 3
TARGETS = 20_000
ACCOUNTS = 915
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "ap-south-1"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"),
)
TARGETS_EACH = 3
RATE = 0.1
ROLE = "arn:aws:iam::{account}:role/bench"
WAYS = ((), ("--workers", "2"))
POLL_S = 0.02

GOAL_US = 30
GOAL_MB = 110
GOAL_START_S = 1.5


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
    """

    started_s: float
    seconds: float
    command_s: float
    working_s: float
    workers_s: float
    command_mb: float
    worker_mb: float


def finish(command: Sequence[str], url: str) -> Cost:
    """Runs a command to its end.

    Raises:
        SystemExit: it failed.
    """
    words = [word.replace("{url}", url) for word in command]
    with tempfile.TemporaryFile() as err:
        started_s = time.time()
        process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=err, env=environment(None)
        )
        before_s, command_mb, worker_mb = 0.0, 0.0, 0.0
        while _wait_without_reaping(process.pid) is None:
            workers = _children(process.pid)
            before_s = before_s or (_cpu_s(process.pid)[0] if workers else 0.0)
            command_mb = max(command_mb, _peak_mb(process.pid))
            worker_mb = max([worker_mb, *map(_peak_mb, workers)])
            time.sleep(POLL_S)
        ended_s = time.time()
        own_s, workers_s = _cpu_s(process.pid)
        if process.wait():
            err.seek(0)
            raise SystemExit(f"{words} ended with {process.returncode}:\n{err.read().decode()}")
    working_s = own_s - before_s if before_s else 0.0
    return Cost(started_s, ended_s - started_s, own_s, working_s, workers_s, command_mb, worker_mb)


def _wait_without_reaping(pid: int) -> object:
    """Whether a process has ended; its CPU can still be read."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _cpu_s(pid: int) -> tuple[float, float]:
    """CPU seconds of a process, and of its children that have ended."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, users, systems = (int(word) / os.sysconf("SC_CLK_TCK") for word in words[11:15])
    return user + system, users + systems


def _peak_mb(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    arguments = parse_arguments()
    ways = [*WAYS, *(tuple(flags.split()) for flags in arguments.also)]
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-cluster-") as name:
        folder = Path(name)
        for number, part in enumerate((cpu_of_outcomes, starts, many_lanes), 1):
            if number in arguments.parts:
                part(folder, ways, arguments.rounds)
                print()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="CPU, memory, start and quota with worker processes. Takes ten minutes."
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--parts", type=int, nargs="+", default=(1, 2, 3), metavar="N")
    parser.add_argument("--also", nargs="+", default=[], metavar="FLAGS", help="other workers")
    return parser.parse_args()


def label(way: Sequence[str]) -> str:
    return " ".join(way) or "1 process"


def cpu_of_outcomes(folder: Path, ways: Sequence[Sequence[str]], rounds: int) -> None:
    """CPU of each process for an outcome."""
    one, all_ = write_targets(folder / "one.csv", 1), write_targets(folder / "all.csv", TARGETS)
    flags = ("--rate", "unlimited", "--concurrency", str(IN_FLIGHT))
    costs: dict[str, list[Cost]] = {label(way): [] for way in ways}
    alone: list[float] = []
    for _ in range(rounds):
        with instant_server(1, None) as endpoint:
            alone.append(finish(_apply(folder, one, *flags), endpoint.url).command_s)
        for way in ways:
            with instant_server(TARGETS, None) as endpoint:
                costs[label(way)].append(finish(_apply(folder, all_, *flags, *way), endpoint.url))
    table = TextTable(
        ("who", "targets", "command us", "workers us", "command MB", "worker MB"),
        (-30, 8, 10, 10, 10, 9),
    )
    for name, each in costs.items():
        used_s = [cost.working_s or cost.command_s - median(alone) for cost in each]
        command_us = median(used_s) / TARGETS * 1e6
        mb = max(cost.worker_mb for cost in each)
        table.row(
            name,
            f"{TARGETS:,}",
            f"{command_us:.0f}",
            f"{median(cost.workers_s for cost in each) / TARGETS * 1e6:.0f}",
            f"{max(cost.command_mb for cost in each):.0f}",
            f"{mb:.0f}" if mb else "-",
        )
        if each[0].workers_s:
            print(f"  to reach: command {GOAL_US} us {reached(command_us <= GOAL_US)}, ", end="")
            print(f"worker {GOAL_MB} MB {reached(mb <= GOAL_MB)}")


def starts(folder: Path, ways: Sequence[Sequence[str]], rounds: int) -> None:
    """Seconds from the start of the command to the first outcome."""
    accounts = [str(int(ACCOUNT) + number) for number in range(10)]
    targets = write_lanes(folder / "few.csv", accounts, REGIONS[:2])
    found: dict[str, list[float]] = {label(way): [] for way in ways}
    for _ in range(rounds + 2):
        for way in ways:
            with server() as sandbox:
                words = _apply(folder, targets, "--role-arn", ROLE, *way)
                cost = finish(words, sandbox.url)
            first_s = min(each.time_s for each in run_file_outcomes(folder / "run.db"))
            found[label(way)].append(first_s - cost.started_s)
    table = TextTable(("who", "first outcome s", "range"), (-30, 15, 13))
    for name, each in found.items():
        table.row(name, f"{median(each):.2f}", f"{min(each):.2f} - {max(each):.2f}")
        if name != label(()):
            print(f"  to reach: {GOAL_START_S} s {reached(median(each) <= GOAL_START_S)}")


def many_lanes(folder: Path, ways: Sequence[Sequence[str]], _rounds: int) -> None:
    """An organization: calls, lanes and quota."""
    accounts = [str(int(ACCOUNT) + number) for number in range(ACCOUNTS)]
    targets = write_lanes(folder / "many.csv", accounts, REGIONS)
    table = TextTable(
        (
            *("who", "lanes", "seconds", "calls", "calls/s", "over quota", "AssumeRole"),
            *("command CPU", "workers CPU", "server CPU", "command MB", "worker MB"),
        ),
        (-30, 6, 7, 7, 7, 10, 10, 11, 11, 10, 10, 9),
    )
    for way in ways:
        with server(rate=RATE, burst=1) as sandbox:
            flags = ("--role-arn", ROLE, "--rate", str(RATE), "--burst", "1", "--timeout", "30")
            cost = finish(_apply(folder, targets, *flags, *way), sandbox.url)
            lane_row(table, label(way), folder / "run.db", sandbox, cost)


def lane_row(table: TextTable, name: str, run: Path, sandbox: Server, cost: Cost) -> None:
    counts, stats = sandbox.counts(), sandbox.window("stats")
    times = [outcome.time_s for outcome in run_file_outcomes(run)]
    table.row(
        name,
        f"{len(stats['by_lane']):,}",
        f"{cost.seconds:.1f}",
        f"{counts.calls:,}",
        f"{counts.calls / (max(times) - min(times)):,.0f}",
        f"{counts.refused:,}",
        f"{stats['by_operation'].get('AssumeRole', 0):,}",
        f"{cost.command_s:.1f}",
        f"{cost.workers_s:.1f}",
        f"{counts.cpu_s:.1f}",
        f"{cost.command_mb:.0f}",
        f"{cost.worker_mb:.0f}" if cost.worker_mb else "-",
    )


def write_lanes(path: Path, accounts: Sequence[str], regions: Sequence[str]) -> Path:
    """Writes a CSV with a few targets in each lane."""
    with path.open("w") as file:
        file.write("AccountId,Region,FunctionName,MaximumRetryAttempts\n")
        for account, region in product(accounts, regions):
            for number in range(TARGETS_EACH):
                file.write(f"{account},{region},orders-{number},1\n")
    return path


def _apply(folder: Path, targets: Path, *flags: str) -> list[str]:
    run = folder / "run.db"
    run.unlink(missing_ok=True)
    return apply_command(targets, run, *flags)


if __name__ == "__main__":
    main()
