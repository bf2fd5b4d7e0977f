"""How close a discovery is to the ideal: calls, seconds and memory, and whether its list is right.

An organization has 40 accounts with five Regions each, 100 functions in each Region, and a
management account without functions, which lists the others. The server is bulkeic's sandbox in a
process of its own, with Lambda's quota (15 calls a second for each account and Region, burst 15),
60 ms of latency, and 1 % of every fault; `--concurrency` is 512. `--scale` has five times as many
functions, no faults and the default concurrency: the machine is the limit then, and not the quota.

After each command its rows are compared with the state of the sandbox, function by function.

Ideal calls: a page for each 50 functions (or functions and versions) of a lane, and for `aliases`
and `configured` one call more for each function. A faulty attempt is one that a fault of the
sandbox has struck: every client must repeat it. Ratio: (calls - faulty) / ideal.
Ideal seconds: (calls of the busiest lane - burst) / rate, at the default rate of 10 calls a second
with a burst of 10, without start-up; with faults also the time limit of one call that hangs.
"""

import argparse
import csv
import json
import math
import os
import platform
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from contest import ACCOUNT, Run, Server, finish, installed, server
from table import TextTable, reached

from bulkeic.sandbox.behavior.faults import FaultKind, Faults, draw_faults

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-south-1")
ROLE = "arn:aws:iam::{account}:role/inventory"
PAGE = 50
SEED = 7
SHARE = 0.01
FAULTS = (
    *("throttle", "conflict", "error", "slow", "cut_before", "cut_after", "hang"),
    *("truncated", "garbage", "refuse", "expired"),
)
SLOW_S = 0.3

GOAL_CALLS = 1.05
GOAL_TIME, GOAL_START_UP_S = 1.1, 2
GOAL_MB = 150

Row = tuple[str, ...]
"""Account, Region, function, qualifier, role; with configurations also the current settings."""
State = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Kind:
    """What is listed: the flags, and what the ideal client calls for each lane."""

    name: str
    flags: tuple[str, ...]
    lists_versions: bool = False
    asks_each: bool = False

    def ideal_calls(self, functions: Mapping[str, Mapping[str, Any]]) -> int:
        """The fewest calls for a lane with these functions."""
        items = len(functions)
        if self.lists_versions:
            items += sum(qualifier.isdecimal() for each in functions.values() for qualifier in each)
        return max(1, math.ceil(items / PAGE)) + self.asks_each * len(functions)

    def rows(self, state: State) -> set[Row]:
        """The rows that a state asks for."""
        return {
            (*lane.split("/"), name, "" if qualifier == "$LATEST" else qualifier,
             ROLE.format(account=lane.split("/")[0]), *self._settings(config))
            for lane, functions in state.items()
            for name, qualifiers in functions.items()
            for qualifier, config in qualifiers.items()
            if self._wants(qualifier, config)
        }  # fmt: skip

    def _wants(self, qualifier: str, config: Any) -> bool:
        return {
            "latest": qualifier == "$LATEST",
            "versions": qualifier.isdecimal(),
            "aliases": qualifier != "$LATEST" and not qualifier.isdecimal(),
            "configured": config is not None,
        }[self.name]

    def _settings(self, config: Any) -> tuple[str, ...]:
        if self.name != "configured":
            return ()
        destinations = config["DestinationConfig"]
        halves = (destinations[half].get("Destination", "") for half in ("OnSuccess", "OnFailure"))
        numbers = (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"])
        return (*map(str, numbers), *halves)


KINDS = (
    Kind("latest", ()),
    Kind("versions", ("--qualifiers", "versions"), lists_versions=True),
    Kind("aliases", ("--qualifiers", "aliases"), asks_each=True),
    Kind("configured", ("--qualifiers", "configured", "--with-config"), asks_each=True),
)


@dataclass(frozen=True)
class Inventory:
    """An organization in the sandbox, and how fast it may be called.

    Attributes:
        accounts: number of accounts with functions.
        each: number of functions in each lane.
        has_faults: whether calls fail.
        rate: of bulkeic for each lane, calls a second, with the same burst.
        quota: of the sandbox, in the same way.
        timeout_s: time limit of a call, if calls fail.
        concurrency: of bulkeic.
    """

    accounts: int = 40
    each: int = 100
    has_faults: bool = True
    rate: int = 10
    quota: int = 15
    timeout_s: int = 1
    concurrency: int = 512

    @property
    def functions(self) -> int:
        """Number of functions."""
        return self.accounts * len(REGIONS) * self.each

    @property
    def members(self) -> list[str]:
        """The accounts with functions; the management account is not one of them."""
        return [str(int(ACCOUNT) + 1 + number) for number in range(self.accounts)]

    def state(self) -> State:
        """The functions: some with two versions, an alias, and configurations."""
        functions = {f"orders-{number:04d}": qualifiers(number) for number in range(self.each)}
        lanes = product(self.members, REGIONS)
        return {f"{account}/{region}": functions for account, region in lanes}

    @contextmanager
    def served(self, folder: Path) -> Iterator[Server]:
        """Serves the organization."""
        path = folder / "state.json"
        path.write_text(json.dumps(self.state()))
        faults = dict.fromkeys(FAULTS, SHARE) | {"slow_s": SLOW_S} if self.has_faults else {}
        accounts = {account: {"unit": "workloads"} for account in self.members}
        organization = {"management_account": ACCOUNT, "accounts": accounts}
        enabled = {"*": list(REGIONS)}
        with server(
            ("--state", str(path)), seed=SEED, organization=organization,
            enabled_regions=enabled, rate=self.quota, burst=self.quota, **faults,
        ) as sandbox:  # fmt: skip
            yield sandbox


def qualifiers(number: int) -> dict[str, Any]:
    """The qualifiers of a function, each with its configuration or `None`."""
    found: dict[str, Any] = {"$LATEST": settings(number) if number % 3 else None}
    if number % 4 == 0:
        found |= {"1": None, "2": settings(number) if number % 8 else None}
    if number % 5 == 0:
        found["live"] = settings(number)
    return found


def settings(number: int) -> dict[str, Any]:
    queue = {"Destination": "arn:aws:sqs:us-east-1:123456789012:failed"} if number % 2 else {}
    return {
        "DestinationConfig": {"OnFailure": queue, "OnSuccess": {}},
        "MaximumEventAgeInSeconds": 60 + number,
        "MaximumRetryAttempts": number % 3,
    }


@dataclass(frozen=True)
class Listing:
    """What a command listed, and at which cost."""

    run: Run
    rows: list[Row]
    is_right: bool
    calls: int
    faulty: int
    over_quota: int
    ideal_calls: int
    ideal_s: float
    server_cpu_s: float

    @property
    def ratio(self) -> float:
        """Calls without those that faults spoiled, as a share of the ideal."""
        return (self.calls - self.faulty) / self.ideal_calls

    def misses(self, *, time_counts: bool = True) -> list[str]:
        """The goals that were missed."""
        at_most_s = GOAL_TIME * self.ideal_s + GOAL_START_UP_S
        seconds = self.run.seconds
        goals = (
            (self.run.returncode == 0, f"exit code {self.run.returncode}"),
            (self.is_right, "the list differs from the state"),
            (self.ratio <= GOAL_CALLS, f"{self.ratio:.3f} x the ideal calls"),
            (self.over_quota == 0, f"{self.over_quota:,} calls over the quota"),
            (self.run.peak_mb <= GOAL_MB, f"{self.run.peak_mb:.0f} MB"),
            (
                seconds <= at_most_s or not time_counts,
                f"{seconds:.2f} s of {at_most_s:.2f} s",
            ),
        )
        return [miss for was_reached, miss in goals if not was_reached]


def main() -> None:
    arguments = parse_arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    inventory = Inventory()
    if arguments.scale:
        inventory = Inventory(each=500, has_faults=False, concurrency=64)
    if arguments.quick:
        inventory = Inventory(accounts=3, each=60, rate=60, quota=90, timeout_s=3)
    print(
        f"{inventory.functions:,} functions in {inventory.accounts} accounts x {len(REGIONS)} "
        f"Regions, {SHARE if inventory.has_faults else 0:.0%} of each fault"
    )
    table = TextTable(
        (
            *("listed", "rows", "calls", "faulty", "ideal", "ratio", "over quota"),
            *("seconds", "ideal s", "client CPU", "server CPU", "peak MB", "list"),
        ),
        (-10, 7, 7, 6, 7, 6, 10, 7, 7, 10, 10, 7, -6),
    )
    missed = False
    verdicts = []
    for kind in KINDS[:1] if arguments.scale else KINDS:
        with tempfile.TemporaryDirectory(prefix="bulkeic-discover-") as folder:
            listing = measure(inventory, kind, Path(folder))
        print_row(table, kind, listing)
        misses = listing.misses(time_counts=inventory.has_faults and not arguments.quick)
        missed = missed or bool(misses)
        verdicts.append(f"{kind.name} {reached(not misses)}" + "".join(f", {m}" for m in misses))
    print(
        f"to reach: every row right, {GOAL_CALLS} x the ideal calls, {GOAL_TIME} x the ideal "
        f"seconds + {GOAL_START_UP_S}, none over the quota, {GOAL_MB} MB: {'; '.join(verdicts)}"
    )
    sys.exit(missed)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="bulkeic discover over an organization in the sandbox. Takes about a minute."
    )
    parser.add_argument(
        "--scale", action="store_true", help="100,000 functions without faults; seconds are no goal"
    )
    parser.add_argument(
        "--quick", action="store_true", help="900 functions; seconds are no goal then"
    )
    return parser.parse_args()


def measure(inventory: Inventory, kind: Kind, folder: Path) -> Listing:
    """Lists an organization in a server of its own."""
    out = folder / "found.csv"
    with inventory.served(folder) as sandbox:
        run = finish(command(inventory, kind, out), sandbox.url)
        counts, stats = sandbox.counts(), sandbox.window("stats")
        state: State = sandbox.window("state")
    rows = read_rows(out)
    busiest = max(lane["calls"] for lane in stats["by_lane"].values())
    return Listing(
        run,
        rows,
        len(rows) == len(set(rows)) and set(rows) == kind.rows(state),
        counts.calls,
        faulty_attempts(counts.calls) if inventory.has_faults else 0,
        stats["refused"],
        sum(map(kind.ideal_calls, state.values())),
        max(0.0, busiest / inventory.rate - 1) + inventory.timeout_s * inventory.has_faults,
        counts.cpu_s,
    )


def command(inventory: Inventory, kind: Kind, out: Path) -> list[str]:
    limit = ("--timeout", f"{inventory.timeout_s}s") if inventory.has_faults else ()
    return [
        *(installed(), "discover", "--organization", "--exclude-account", ACCOUNT),
        *("--role-arn", ROLE, "--region", REGIONS[0], "--endpoint-url", "{url}"),
        *(
            "--out",
            str(out),
            "--run",
            str(out.with_suffix(".db")),
            "--output",
            "json",
            "--no-progress",
        ),
        *(
            "--rate",
            str(inventory.rate),
            "--concurrency",
            str(inventory.concurrency),
            *limit,
            *kind.flags,
        ),
    ]


def read_rows(path: Path) -> list[Row]:
    """The rows of a targets file, with the columns of `Row`."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            (
                *(row.pop(name) for name in ("AccountId", "Region", "FunctionName", "Qualifier")),
                row.pop("RoleArn"),
                *row.values(),
            )
            for row in csv.DictReader(file)
        ]


def faulty_attempts(calls: int) -> int:
    """The number of calls that a fault has struck: the sandbox's draws, repeated.

    A conflict strikes only calls that change something, and a slow call is answered.
    """
    dice = random.Random(SEED)
    faults = Faults(**dict.fromkeys(FAULTS, SHARE))
    drawn = (draw_faults(dice, faults) for _ in range(calls))
    return sum(each.expired or each.kind not in {None, FaultKind.CONFLICT} for each in drawn)


def print_row(table: TextTable, kind: Kind, listing: Listing) -> None:
    table.row(
        kind.name,
        f"{len(listing.rows):,}",
        f"{listing.calls:,}",
        f"{listing.faulty:,}",
        f"{listing.ideal_calls:,}",
        f"{listing.ratio:.3f}",
        f"{listing.over_quota:,}",
        f"{listing.run.seconds:.2f}",
        f"{listing.ideal_s:.1f}",
        f"{listing.run.cpu_s:.2f}",
        f"{listing.server_cpu_s:.2f}",
        f"{listing.run.peak_mb:.0f}",
        "right" if listing.is_right else "wrong",
    )


if __name__ == "__main__":
    main()
