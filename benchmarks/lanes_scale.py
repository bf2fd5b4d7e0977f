"""The cost of more and more lanes: memory, CPU, and the time until the last lane is called.

Each account has five Regions and is reached through a role; each lane has four targets. The server
has no latency. Every tenth of a second it is asked how many lanes it has seen: "last lane" is the
time from the start of the process until this count is complete.
"""

import json
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

from contest import ACCOUNT, Counts, Run, apply_command, finish, server
from table import TextTable, reached

LANES = (100, 1000, 5000)
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1")
TARGETS_EACH = 4
ROLE = "arn:aws:iam::{account}:role/bench"
FLAGS = ("--rate", "15", "--burst", "15", "--concurrency", "128", "--role-arn", ROLE)
FIELDS = "AccountId,FunctionName,Region,MaximumRetryAttempts"
POLL_S = 0.1

GOAL_MB = 150
GOAL_LAST_LANE_S = 5


def scale(*, quick: bool) -> None:
    """Prints the table, with a verdict on the largest number of lanes."""
    table = TextTable(
        (
            *("lanes", "targets", "seconds", "last lane s", "peak MB", "client CPU"),
            *("CPU ms/target", "server CPU", "calls", "refused"),
        ),
        (6, 7, 7, 11, 7, 10, 13, 10, 6, 7),
    )
    verdict = ""
    for lanes in LANES[:2] if quick else LANES:
        run, counts, last_s = measure(lanes)
        targets = lanes * TARGETS_EACH
        table.row(
            f"{lanes:,}",
            f"{targets:,}",
            f"{run.seconds:.2f}",
            f"{last_s:.1f}",
            f"{run.peak_mb:.0f}",
            f"{run.cpu_s:.2f}",
            f"{1000 * run.cpu_s / targets:.2f}",
            f"{counts.cpu_s:.2f}",
            f"{counts.calls:,}",
            f"{counts.refused:,}",
        )
        verdict = f"{GOAL_MB} MB {reached(run.peak_mb <= GOAL_MB)}, "
        verdict += (
            f"last lane called within {GOAL_LAST_LANE_S} s {reached(last_s < GOAL_LAST_LANE_S)}"
        )
    print("server: no latency, signatures not verified")
    print(f"to reach with {lanes:,} lanes: {verdict}")


def measure(lanes: int) -> tuple[Run, Counts, float]:
    """Makes one run; returns it, the server's counts, and the seconds until it saw all lanes."""
    with (
        tempfile.TemporaryDirectory(prefix="bulkeic-scale-") as folder,
        server(latency_s=0, verify_signatures=False) as sandbox,
        seeing(sandbox.url, lanes) as seen_s,
    ):
        targets = Path(folder) / "targets.csv"
        write(targets, lanes)
        run = finish(apply_command(targets, Path(folder) / "run.db", *FLAGS), sandbox.url)
        counts = sandbox.counts()
    return run, counts, seen_s[0] - run.started_s if seen_s else float("inf")


def write(path: Path, lanes: int) -> None:
    accounts = (str(int(ACCOUNT) + each) for each in range(lanes // len(REGIONS)))
    rows = (
        f"{account},orders-{number},{region},1"
        for account, region, number in product(accounts, REGIONS, range(TARGETS_EACH))
    )
    path.write_text("\n".join([FIELDS, *rows, ""]))


@contextmanager
def seeing(url: str, lanes: int) -> Iterator[list[float]]:
    """Polls a server until it has seen this number of lanes; returns the Unix time."""
    seen_s: list[float] = []
    over = threading.Event()

    def watch() -> None:
        ended = False
        while not seen_s and not ended:
            ended = over.wait(POLL_S)
            with urllib.request.urlopen(f"{url}/_sandbox/live") as answer:
                if json.load(answer)["lanes_seen"] >= lanes:
                    seen_s.append(time.time())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen_s
    finally:
        over.set()
        watcher.join()
