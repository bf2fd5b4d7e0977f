"""How close to the quota's own pace a fleet is updated, and how many calls are refused.

`--stray` shows what a single unexpected throttle costs: one call of the 1,200 gets a 429 although
quota is left.

The server is bulkeic's sandbox in a process of its own, with Lambda's quota (15 calls a second for
each account and Region, burst 15) and 60 ms of latency. Every competitor gets a fresh one, so that
it starts with full buckets and is counted alone. It is a command of its own, start-up included.

Ideal: (targets of the largest lane - burst) / rate, without latency and start-up. A competitor that
is faster has skipped targets; then there is no ratio.
"""

import argparse
import json
import os
import platform
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contest import (
    BULKEIC,
    BURST,
    RATE,
    Counts,
    apply_command,
    finish,
    script_command,
    script_outcomes,
    server,
)
from table import TextTable, reached

GOAL_RATIO = 1.03
GOAL_START_UP_S = 1.0
GOAL_REFUSED = 0.01
GOAL_STRAY_S = 0.3
STRAY_ROUNDS = 5
# With this seed the sandbox throttles one call in the middle of the run.
STRAY = {"throttle": 0.001, "seed": 476}

REGIONS = (
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1"),
    *("eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
FIELDS = "FunctionName,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds"

# Retry mode and threads; the first pair is the most common.
PEERS = (("standard", 32), ("adaptive", 32), ("standard", 8), ("adaptive", 8))
SCRIPT = "boto3_script.py"


@dataclass(frozen=True)
class Scenario:
    """A fleet: a number of targets in each of these Regions of one account, sorted by Region."""

    name: str
    regions: tuple[str, ...]
    targets_each: int

    @property
    def targets(self) -> int:
        """Number of targets."""
        return len(self.regions) * self.targets_each

    @property
    def ideal_s(self) -> float:
        """Seconds that the quota requires."""
        return (self.targets_each - BURST) / RATE

    def write(self, path: Path) -> None:
        """Writes the targets file."""
        lines = [
            f"orders-{number:04d},{region},1,3600"
            for region in self.regions
            for number in range(self.targets_each)
        ]
        path.write_text("\n".join([FIELDS, *lines, ""]))


SCENARIOS = (
    Scenario("1 lane x 300", REGIONS[-4:-3], 300),
    Scenario("20 lanes x 60", REGIONS, 60),
)


@dataclass(frozen=True)
class Result:
    """The result of a competitor."""

    seconds: float
    counts: Counts
    failed: int

    def misses(self, ideal_s: float) -> list[str]:
        """The goals that were missed."""
        at_most_s = GOAL_RATIO * ideal_s + GOAL_START_UP_S
        goals = (
            (self.seconds <= at_most_s, f"{self.seconds:.2f} s of {at_most_s:.2f} s"),
            (self.failed == 0, f"{self.failed} failed"),
            (
                self.counts.refused_share <= GOAL_REFUSED,
                f"{self.counts.refused_share:.1%} refused",
            ),
        )
        return [miss for reached, miss in goals if not reached]


def main() -> None:
    arguments = parse_arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    if arguments.stray:
        stray_throttle()
        return
    table = TextTable(
        ("scenario", "who", "seconds", "ideal", "ratio", "calls", "refused", "refused %", "failed"),
        (-13, -26, 7, 6, 6, 6, 7, 9, 6),
    )
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-quota-") as folder:
        for scenario in SCENARIOS:
            result = compete(table, scenario, Path(folder), quick=arguments.quick)
            misses = result.misses(scenario.ideal_s)
            verdict = f"missed ({', '.join(misses)})" if misses else "reached"
            verdicts.append(f"{scenario.name} {verdict}")
    print(
        f"to reach: {GOAL_RATIO} x ideal + {GOAL_START_UP_S:g} s, no target failed, "
        f"{GOAL_REFUSED:.0%} refused at most: {'; '.join(verdicts)}"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="bulkeic compared with boto3 against a server with Lambda's quota. Takes about "
        "seven minutes, with --quick two."
    )
    parser.add_argument("--quick", action="store_true", help="only the most common peer")
    parser.add_argument("--stray", action="store_true", help="bulkeic alone, with one stray 429")
    return parser.parse_args()


# The competitors.


def bulkeic_command(targets: Path, folder: Path) -> list[str]:
    """Paces at the quota."""
    (folder / "run.db").unlink(missing_ok=True)
    pace = ("--rate", str(RATE), "--burst", str(BURST))
    return apply_command(targets, folder / "run.db", *pace)


def compete(table: TextTable, scenario: Scenario, folder: Path, *, quick: bool) -> Result:
    """Lets all competitors update the scenario's fleet; returns bulkeic's result."""
    targets = folder / "targets.csv"
    scenario.write(targets)
    ours = measure(table, scenario, BULKEIC, bulkeic_command(targets, folder))
    for mode, threads in PEERS[:1] if quick else PEERS:
        command = script_command(SCRIPT, targets, "{url}", mode, threads)
        measure(table, scenario, f"boto3 {mode}, {threads} threads", command)
    return ours


def measure(table: TextTable, scenario: Scenario, who: str, command: list[str]) -> Result:
    """Runs a command against a server of its own, and prints the result."""
    with server() as sandbox:
        run = finish(command, sandbox.url)
        counts = sandbox.counts()
    updated = (
        json.loads(run.stdout)["updated"]
        if who == BULKEIC
        else sum(outcome.updated for outcome in script_outcomes(run))
    )
    result = Result(run.seconds, counts, scenario.targets - updated)
    print_result(table, scenario, who, result)
    return result


def print_result(table: TextTable, scenario: Scenario, who: str, result: Result) -> None:
    table.row(
        scenario.name,
        who,
        f"{result.seconds:.2f}",
        f"{scenario.ideal_s:.1f}",
        "-" if result.failed else f"{result.seconds / scenario.ideal_s:.2f}",
        f"{result.counts.calls:,}",
        f"{result.counts.refused:,}",
        f"{result.counts.refused_share:.1%}",
        f"{result.failed:,}",
    )


# The stray throttle.


def stray_throttle() -> None:
    """Compares runs with and without one stray throttle, in turn."""
    scenario = SCENARIOS[-1]
    table = TextTable(
        ("seconds", "refused", "with a stray 429", "refused", "more"), (7, 7, 16, 7, 6)
    )
    more = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-quota-") as name:
        folder = Path(name)
        targets = folder / "targets.csv"
        scenario.write(targets)
        for _ in range(STRAY_ROUNDS):
            usual_s, usual = timed(bulkeic_command(targets, folder))
            stray_s, stray = timed(bulkeic_command(targets, folder), **STRAY)
            more.append(stray_s - usual_s)
            table.row(
                f"{usual_s:.2f}", usual.refused, f"{stray_s:.2f}", stray.refused, f"{more[-1]:+.2f}"
            )
    verdict = reached(median(more) <= GOAL_STRAY_S)
    print(
        f"to reach: a stray throttle costs {GOAL_STRAY_S} s at most; "
        f"the median is {median(more):+.2f} s: {verdict}"
    )


def timed(command: list[str], **faults: float) -> tuple[float, Counts]:
    """The seconds of a command against a server of its own, and the calls."""
    with server(**faults) as sandbox:
        run = finish(command, sandbox.url)
        return run.seconds, sandbox.counts()


if __name__ == "__main__":
    main()
