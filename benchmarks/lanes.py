"""Fleets over many accounts and Regions: seconds, refused calls and CPU.

The server is `bulkeic sandbox` in a process of its own: Lambda's quota (15 calls a second for each
account and Region, burst 15), 60 ms of latency, signatures verified. bulkeic assumes a role in each
account; its peers have a key of each account and assume no roles.

Ideal: (targets of the largest healthy lane - burst) / rate, without latency and start-up.

If one lane never answers and one refuses everything, the clock stops when the last target of a
healthy lane is done. "Failed" counts the healthy targets that were not updated, because the
competitor gave up or was stopped after three minutes.

"Client CPU" and "server CPU" are seconds of each process. If one of them equals the seconds, that
process was the limit, not the quota.
"""

import argparse
import math
import os
import platform
import random
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product, zip_longest
from pathlib import Path
from typing import Any

from contest import (
    ACCOUNT,
    BURST,
    RATE,
    Counts,
    Run,
    TimedOutcome,
    apply_command,
    finish,
    run_file_outcomes,
    script_command,
    script_outcomes,
    server,
)
from lanes_scale import scale
from table import TextTable

CAP_S = 180
TIMEOUT_S = 5
ROLE = "arn:aws:iam::{account}:role/bench"
FIELDS = "AccountId,FunctionName,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds"
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1"),
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1"),
)
HANGS, REFUSES = {"hang": 1}, {"refuse": 1}

Lane = tuple[str, str]


@dataclass(frozen=True)
class Goal:
    """At most `ratio` x ideal + `start_up_s` seconds, and a maximum share of refused calls."""

    ratio: float
    start_up_s: float
    refused: float

    def __str__(self) -> str:
        return f"{self.ratio} x ideal + {self.start_up_s:g} s, {self.refused:.0%} refused"


@dataclass(frozen=True)
class Contestant:
    """A competitor: the name and arguments of a script, or bulkeic's flags."""

    name: str
    words: tuple[str, ...]
    goal: Goal | None = None


BULKEIC = (
    Contestant("bulkeic --rate 15", ("--rate", "15", "--burst", "15"), Goal(1.03, 0.8, 0.01)),
    Contestant("bulkeic --rate auto", ("--rate", "auto"), Goal(1.10, 2, 0.03)),
)
PEERS = (
    Contestant("boto3 standard, 32 threads", ("boto3_script.py", "standard", "32")),
    Contestant("boto3 adaptive, 32 threads", ("boto3_script.py", "adaptive", "32")),
    Contestant("aiobotocore standard, 64 calls", ("aiobotocore_script.py", "standard", "64")),
)


@dataclass(frozen=True)
class Scenario:
    """A fleet, in the order of its file, and its unhealthy lanes."""

    name: str
    lanes: dict[Lane, int]
    interleaved: bool = False
    ill: dict[Lane, dict[str, Any]] = field(default_factory=dict)
    cap_s: float = 900

    @property
    def healthy(self) -> dict[str, int]:
        """Number of targets of the healthy lanes, by account/Region."""
        return {"/".join(lane): n for lane, n in self.lanes.items() if lane not in self.ill}

    @property
    def ideal_s(self) -> float:
        """Seconds that the quota requires."""
        return (max(self.healthy.values()) - BURST) / RATE

    @property
    def has_accounts(self) -> bool:
        """Whether it includes accounts other than the caller's."""
        return {account for account, _ in self.lanes} != {ACCOUNT}

    def write(self, path: Path) -> None:
        """Writes the targets file."""
        rows = [
            [f"{account},orders-{number:04d},{region},1,3600" for number in range(targets)]
            for (account, region), targets in self.lanes.items()
        ]
        ordered: Iterable[str] = (row for lane in rows for row in lane)
        if self.interleaved:
            ordered = (row for rank in zip_longest(*rows) for row in rank if row is not None)
        path.write_text("\n".join([FIELDS, *ordered, ""]))


def scenarios() -> Iterator[Scenario]:
    """The fleets: one lane, some lanes in both orders, many lanes with two unhealthy ones."""
    yield Scenario("1 lane x 300", {(ACCOUNT, REGIONS[0]): 300})
    few = dict.fromkeys(product(accounts(10), REGIONS[:2]), 60)
    yield Scenario("20 x 60, by account", few)
    yield Scenario("20 x 60, interleaved", few, interleaved=True)
    dice = random.Random(7)
    many = {lane: dice.randint(15, 40) for lane in product(accounts(50), REGIONS)}
    hangs, refuses = dice.sample(list(many), 2)
    ill: dict[Lane, dict[str, Any]] = {hangs: HANGS, refuses: REFUSES}
    yield Scenario("500 x 15-40, two ill", many, ill=ill, cap_s=CAP_S)


def accounts(number: int) -> list[str]:
    return [str(int(ACCOUNT) + each) for each in range(number)]


@dataclass(frozen=True)
class Result:
    """The result of a competitor for the healthy targets."""

    run: Run
    counts: Counts
    seconds: float
    updated: int
    failed: int

    def misses(self, goal: Goal, ideal_s: float) -> list[str]:
        """The parts of a goal that were missed."""
        at_most_s = goal.ratio * ideal_s + goal.start_up_s
        checks = (
            (self.seconds <= at_most_s, f"{self.seconds:.2f} s of {at_most_s:.2f} s"),
            (self.failed == 0, f"{self.failed:,} failed"),
            (
                self.counts.refused_share <= goal.refused,
                f"{self.counts.refused_share:.1%} refused",
            ),
        )
        return [miss for reached, miss in checks if not reached]


def main() -> None:
    arguments = parse_arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    if arguments.scale:
        scale(quick=arguments.quick)
        return
    table = TextTable(
        (
            *("scenario", "who", "seconds", "ideal", "ratio", "calls", "refused", "refused %"),
            *("failed", "client CPU", "server CPU", "peak MB"),
        ),
        (-20, -30, 7, 5, 6, 6, 7, 9, 6, 10, 10, 7),
    )
    verdicts: dict[Contestant, list[str]] = {who: [] for who in BULKEIC}
    with tempfile.TemporaryDirectory(prefix="bulkeic-lanes-") as folder:
        for scenario in scenarios():
            for who in (*BULKEIC, *(PEERS[:1] if arguments.quick else PEERS)):
                result = measure(scenario, who, Path(folder))
                print_result(table, scenario, who, result)
                if who.goal is not None:
                    verdicts[who].append(verdict(scenario, who.goal, result))
    for who, results in verdicts.items():
        print(f"to reach with {who.name}: {who.goal}, at most: {'; '.join(results)}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="bulkeic compared with boto3 and aiobotocore over many accounts and Regions. "
        "Takes about a quarter of an hour, with --quick five minutes."
    )
    parser.add_argument("--quick", action="store_true", help="only one peer, and fewer lanes")
    parser.add_argument(
        "--scale",
        action="store_true",
        help="bulkeic alone: memory and start-up with more and more lanes",
    )
    return parser.parse_args()


def measure(scenario: Scenario, who: Contestant, folder: Path) -> Result:
    """Lets a competitor update the fleet, against a server of its own."""
    targets, run_file = folder / "targets.csv", folder / "run.db"
    scenario.write(targets)
    run_file.unlink(missing_ok=True)
    ours = who.goal is not None
    command = (
        apply_command(targets, run_file, *flags(scenario), *who.words)
        if ours
        else script_command(who.words[0], targets, "{url}", *who.words[1:], TIMEOUT_S)
    )
    ill = {"/".join(lane): own for lane, own in scenario.ill.items()}
    with server(lanes=ill) as sandbox:
        run = finish(command, sandbox.url, scenario.cap_s)
        counts = sandbox.counts()
    outcomes = run_file_outcomes(run_file) if ours else script_outcomes(run)
    return judge(scenario, run, counts, outcomes)


def flags(scenario: Scenario) -> list[str]:
    """The flags of bulkeic for a fleet."""
    flags = ["--concurrency", "512"]
    if scenario.has_accounts:
        flags += ["--role-arn", ROLE]
    if scenario.ill:
        flags += ["--timeout", str(TIMEOUT_S), "--give-up-after", "10"]
    return flags


def judge(scenario: Scenario, run: Run, counts: Counts, outcomes: list[TimedOutcome]) -> Result:
    healthy = scenario.healthy
    done = [outcome for outcome in outcomes if outcome.lane in healthy]
    updated = sum(outcome.updated for outcome in done)
    seconds = run.seconds
    if scenario.ill:
        last_s = max((outcome.time_s for outcome in done), default=run.ended_s)
        seconds = last_s - run.started_s if len(done) == sum(healthy.values()) else math.inf
    return Result(run, counts, seconds, updated, sum(healthy.values()) - updated)


def print_result(table: TextTable, scenario: Scenario, who: Contestant, result: Result) -> None:
    ended = math.isfinite(result.seconds)
    table.row(
        scenario.name,
        who.name,
        f"{result.seconds:.2f}" if ended else f"> {scenario.cap_s:g}",
        f"{scenario.ideal_s:.1f}",
        "-" if result.failed or not ended else f"{result.seconds / scenario.ideal_s:.2f}",
        f"{result.counts.calls:,}",
        f"{result.counts.refused:,}",
        f"{result.counts.refused_share:.1%}",
        f"{result.failed:,}",
        f"{result.run.cpu_s:.1f}",
        f"{result.counts.cpu_s:.1f}",
        f"{result.run.peak_mb:.0f}",
    )
    if scenario.ill:
        print(
            f"  healthy targets updated: {result.updated:,} of {sum(scenario.healthy.values()):,}; "
            f"the whole command took {result.run.seconds:.1f} s"
        )


def verdict(scenario: Scenario, goal: Goal, result: Result) -> str:
    misses = result.misses(goal, scenario.ideal_s)
    verdict = f"missed ({', '.join(misses)})" if misses else "reached"
    return f"{scenario.name} {verdict}"


if __name__ == "__main__":
    main()
