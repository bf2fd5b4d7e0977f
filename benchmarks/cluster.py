"""What worker processes cost and bring: CPU of each process, memory, start, calls, quota.

Three tables, each with one process, `--workers 2` and, with `--dask`, a scheduler and two workers
on loopback in turn; figures are medians of the rounds:

1. CPU of an outcome. The server answers at once, and there is no quota. The CPU of the command
   counts from the moment at which its workers start, or have begun, so it excludes the loading of
   the targets. With one process it includes the loading, and not the start.
2. Start. A few targets in 20 lanes: seconds from the start to the first outcome.
3. Lanes. 915 accounts x 17 Regions, each with a quota that the sandbox enforces and that this
   machine can serve. "Over quota" are calls that were throttled. "Lanes" were called at least once.

The CPU of workers is that of all of them. `--dask` makes certificates, and starts a new scheduler
with two workers for each measurement. `--also` measures other flags, too, such as those of workers
on other machines: `--also "--workers tls://scheduler.internal:8786 --tls-ca-file ca.pem ..."`.

The projections for 16 cores are not measured. They take the CPU of a call in the first table, where
messages are full, or in the third one, where each has a few outcomes. One core is for the command
and all others are for workers; the server runs elsewhere:
min(1 / CPU of the command, 15 / CPU of the workers) calls a second.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median

from contest import ACCOUNT, Server, apply_command, run_file_outcomes, server
from dask_team import DaskTeam, dask_team
from one_lane import IN_FLIGHT, instant_server, write_targets
from process_cost import Cost, finish
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
CORES = 16

GOAL_US = 30
GOAL_MB = 110
GOAL_START_S = 1.5
GOAL_DASK_START_S = 4.0


def _no_team(_folder: Path) -> AbstractContextManager[DaskTeam | None]:
    return nullcontext()


@dataclass(frozen=True)
class Way:
    """A way to make the calls.

    Attributes:
        label: of its rows.
        flags: of the command.
        open_team: starts the workers that the command does not start itself.
    """

    label: str
    flags: Sequence[str] = ()
    open_team: Callable[[Path], AbstractContextManager[DaskTeam | None]] = _no_team

    def cost(self, words: Sequence[str], url: str, folder: Path) -> Cost:
        """Runs a command this way to its end."""
        with self.open_team(folder) as team:
            more = self.flags if team is None else team.flags
            return finish([*words, *more], url, team)


def main() -> None:
    arguments = parse_arguments()
    ways = [Way("1 process"), Way("--workers 2", ("--workers", "2"))]
    if arguments.dask:
        ways.append(Way("--workers tls://..., 2 of them", open_team=dask_team))
    ways += [Way(flags, flags.split()) for flags in arguments.also]
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-cluster-") as name:
        folder = Path(name)
        lanes = partial(many_lanes, accounts=arguments.accounts)
        parts: Sequence[Callable[[Path, Sequence[Way], int], None]]
        parts = (cpu_of_outcomes, starts, lanes)
        for number, part in enumerate(parts, 1):
            if number in arguments.parts:
                part(folder, ways, arguments.rounds)
                print()


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="CPU, memory, start and quota with worker processes. Takes ten minutes."
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--parts", type=int, nargs="+", default=(1, 2, 3), metavar="N")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="of the third table")
    parser.add_argument("--dask", action="store_true", help="also start a scheduler and 2 workers")
    parser.add_argument("--also", nargs="+", default=[], metavar="FLAGS", help="other workers")
    return parser.parse_args()


def cpu_of_outcomes(folder: Path, ways: Sequence[Way], rounds: int) -> None:
    """CPU of each process for an outcome."""
    one, all_ = write_targets(folder / "one.csv", 1), write_targets(folder / "all.csv", TARGETS)
    flags = ("--rate", "unlimited", "--concurrency", str(IN_FLIGHT))
    costs: dict[str, list[Cost]] = {way.label: [] for way in ways}
    alone: list[float] = []
    for _ in range(rounds):
        with instant_server(1, None) as endpoint:
            alone.append(finish(_apply(folder, one, *flags), endpoint.url).command_s)
        for way in ways:
            with instant_server(TARGETS, None) as endpoint:
                words = _apply(folder, all_, *flags)
                costs[way.label].append(way.cost(words, endpoint.url, folder))
    table = TextTable(
        (
            *("who", "targets", "command us", "workers us", "scheduler us"),
            *("command MB", "worker MB", "scheduler MB"),
        ),
        (-30, 8, 10, 10, 12, 10, 9, 12),
    )
    projections: list[str] = []
    for name, each in costs.items():
        used_s = [cost.working_s or cost.command_s - median(alone) for cost in each]
        command_us = median(used_s) / TARGETS * 1e6
        workers_us = median(cost.workers_s for cost in each) / TARGETS * 1e6
        mb = max(cost.worker_mb for cost in each)
        table.row(
            name,
            f"{TARGETS:,}",
            f"{command_us:.0f}",
            f"{workers_us:.0f}",
            _or_dash(median(cost.scheduler_s for cost in each) / TARGETS * 1e6),
            f"{max(cost.command_mb for cost in each):.0f}",
            _or_dash(mb),
            _or_dash(max(cost.scheduler_mb for cost in each)),
        )
        if each[0].workers_s:
            print(f"  to reach: command {GOAL_US} us {reached(command_us <= GOAL_US)}, ", end="")
            print(f"worker {GOAL_MB} MB {reached(mb <= GOAL_MB)}")
            projections.append(projection(name, command_us, workers_us))
    print(*projections, sep="\n")


def starts(folder: Path, ways: Sequence[Way], rounds: int) -> None:
    """Seconds from the start of the command to the first outcome."""
    accounts = [str(int(ACCOUNT) + number) for number in range(10)]
    targets = write_lanes(folder / "few.csv", accounts, REGIONS[:2])
    found: dict[str, list[float]] = {way.label: [] for way in ways}
    for _ in range(rounds + 2):
        for way in ways:
            with server() as sandbox:
                words = _apply(folder, targets, "--role-arn", ROLE)
                cost = way.cost(words, sandbox.url, folder)
            first_s = min(each.time_s for each in run_file_outcomes(folder / "run.db"))
            found[way.label].append(first_s - cost.started_s)
    table = TextTable(("who", "first outcome s", "range"), (-30, 15, 13))
    for way in ways:
        each = found[way.label]
        table.row(way.label, f"{median(each):.2f}", f"{min(each):.2f} - {max(each):.2f}")
        goal_s = GOAL_START_S if way.open_team is _no_team else GOAL_DASK_START_S
        if way is not ways[0]:
            print(f"  to reach: {goal_s} s {reached(median(each) <= goal_s)}")


def many_lanes(folder: Path, ways: Sequence[Way], _rounds: int, *, accounts: int) -> None:
    """An organization: calls, lanes and quota."""
    names = [str(int(ACCOUNT) + number) for number in range(accounts)]
    targets = write_lanes(folder / "many.csv", names, REGIONS)
    table = TextTable(
        (
            *("who", "lanes", "seconds", "calls", "calls/s", "over quota", "AssumeRole"),
            *("command CPU", "workers CPU", "server CPU", "command MB", "worker MB"),
            "scheduler MB",
        ),
        (-30, 6, 7, 7, 7, 10, 10, 11, 11, 10, 10, 9, 12),
    )
    projections: list[str] = []
    for way in ways:
        with server(rate=RATE, burst=1) as sandbox:
            flags = ("--role-arn", ROLE, "--rate", str(RATE), "--burst", "1", "--timeout", "30")
            cost = way.cost(_apply(folder, targets, *flags), sandbox.url, folder)
            lane_row(table, way.label, folder / "run.db", sandbox, cost)
            if cost.working_s:
                us = 1e6 / sandbox.counts().calls
                projections.append(projection(way.label, cost.working_s * us, cost.workers_s * us))
    print(*projections, sep="\n")


def projection(name: str, command_us: float, workers_us: float) -> str:
    """What 16 cores could carry, from the CPU that was measured; see the module."""
    workers = CORES - 1
    by_command, by_workers = 1e6 / command_us, workers * 1e6 / workers_us
    return (
        f"projection for {CORES} cores, not measured, {name}: min(1 s / {command_us:.0f} us, "
        f"{workers} s / {workers_us:.0f} us) = min({by_command:,.0f}, {by_workers:,.0f}) = "
        f"{min(by_command, by_workers):,.0f} calls a second"
    )


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
        _or_dash(cost.worker_mb),
        _or_dash(cost.scheduler_mb),
    )


def _or_dash(number: float) -> str:
    return f"{number:.0f}" if number else "-"


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
