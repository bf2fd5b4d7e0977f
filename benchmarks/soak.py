"""A long run with faults: do memory and open files stay flat, and is every outcome true?

bulkeic applies a large targets file over 20 lanes at the default rate, with a results file. The
server is a sandbox in a process of its own with Lambda's quota, 60 ms of latency, and 2 % of every
fault that it supports. Memory (RSS) and open files are read from /proc every two seconds.

When the time is over, SIGINT stops the run, the faults are removed, and the run is resumed until it
ends. Then each job's outcome is compared with the state of the sandbox.

The verdict compares the last third of the time with the first, after a warm-up of a tenth. The goal
is missed, and the exit code is 1, if the median RSS grew by more than 5 %, the median of open files
by more than 10, or an outcome is missing, duplicated or untrue.
"""

import argparse
import csv
import json
import os
import platform
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contest import ACCOUNT, BULKEIC, Server, apply_command, environment, installed, server
from table import TextTable

FAULTS = (
    *("throttle", "conflict", "error", "slow", "cut_before", "cut_after", "hang"),
    *("truncated", "garbage", "refuse", "expired"),
)
SHARE = 0.02
ROLE = "arn:aws:iam::{account}:role/soak"
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-south-1")
LANES = [(str(int(ACCOUNT) + number), region) for number in range(5) for region in REGIONS]
RATE = 10
FLAGS = ("--role-arn", ROLE, "--rate", str(RATE), "--concurrency", "256", "--timeout", "5")
INTERVAL_S = 2.0
MOST_RSS_GROWTH = 0.05
MOST_MORE_FILES = 10
STOPPED = 3
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass(frozen=True)
class Sample:
    """Memory and open files of a process at a time, in seconds since the start."""

    at_s: float
    rss_mb: float
    files: int


@dataclass(frozen=True)
class Folder:
    """The folder of the files."""

    path: Path

    @property
    def targets(self) -> Path:
        """The targets file."""
        return self.path / "targets.csv"

    @property
    def run(self) -> Path:
        """The run file."""
        return self.path / "run.db"

    @property
    def results(self) -> Path:
        """The results file."""
        return self.path / "results.jsonl"


def main() -> None:
    seconds = parse_arguments().minutes * 60
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-soak-") as name:
        folder = Folder(Path(name))
        jobs = write_targets(folder.targets, seconds)
        print(f"{jobs:,} targets in {len(LANES)} lanes, {SHARE:.0%} each of {', '.join(FAULTS)}")
        with server(**dict.fromkeys(FAULTS, SHARE)) as sandbox:
            samples = soak(folder, sandbox, seconds)
            finish(folder, sandbox)
            problems = [*growth(samples, seconds), *untruths(folder, sandbox, jobs)]
    print("missed: " + "; ".join(problems) if problems else "flat, and every outcome is true")
    sys.exit(bool(problems))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Memory and open files over a long, faulty run.")
    minutes = float(os.environ.get("BULKEIC_MINUTES", "30"))
    parser.add_argument("--minutes", type=float, default=minutes)
    return parser.parse_args()


def write_targets(path: Path, seconds: float) -> int:
    """Writes more targets than the time allows; returns their number."""
    each = int(RATE * seconds * 1.05) + RATE
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("AccountId", "Region", "FunctionName", "MaximumRetryAttempts",
             "MaximumEventAgeInSeconds")
        )  # fmt: skip
        for number in range(each):
            rows.writerows((*lane, f"fn-{number}", *wanted(number)) for lane in LANES)
    return each * len(LANES)


def wanted(number: int) -> tuple[int, int]:
    """The wanted retries and age of a function; always different from the original ones."""
    return number % 3, 60 + number % 1000


def soak(folder: Folder, sandbox: Server, seconds: float) -> list[Sample]:
    """Applies, samples, prints a row each minute, and stops when the time is over."""
    command = apply_command(folder.targets, folder.run, *FLAGS, "--results", str(folder.results))
    words = [word.replace("{url}", sandbox.url) for word in command]
    table = TextTable(
        ("minute", "RSS MB", "files", "calls", "calls/s", "outcomes", "sandbox MB"),
        (6, 7, 6, 10, 8, 10, 10),
    )
    samples: list[Sample] = []
    errors = folder.path / "errors.txt"
    with errors.open("w") as err, subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=err, env=environment()
    ) as process:  # fmt: skip
        for at_s in ticks(process, seconds):
            samples.append(sample(process.pid, at_s))
            if at_s // 60 != (at_s - INTERVAL_S) // 60:
                print_row(table, samples[-1], folder, sandbox)
        process.send_signal(signal.SIGINT)
        code = process.wait()
    if code != STOPPED:
        sys.exit(f"{BULKEIC} ended with {code}:\n{errors.read_text()[-4000:]}")
    return samples


def ticks(process: "subprocess.Popen[bytes]", seconds: float) -> Iterator[float]:
    """Samples every two seconds until the time is over or the process ends."""
    started_s = time.monotonic()
    tick = 0
    while tick * INTERVAL_S <= seconds:
        try:
            process.wait(max(0.0, started_s + tick * INTERVAL_S - time.monotonic()))
        except subprocess.TimeoutExpired:
            yield tick * INTERVAL_S
        else:
            return
        tick += 1


def sample(pid: int, at_s: float) -> Sample:
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Sample(at_s, resident * PAGE_MB, len(list(Path(f"/proc/{pid}/fd").iterdir())))


def print_row(table: TextTable, now: Sample, folder: Folder, sandbox: Server) -> None:
    calls = sandbox.counts().calls
    table.row(
        f"{now.at_s / 60:.0f}",
        f"{now.rss_mb:.1f}",
        now.files,
        f"{calls:,}",
        f"{calls / now.at_s:,.0f}" if now.at_s else "-",
        f"{committed(folder.run):,}",
        f"{sample(sandbox.pid, 0).rss_mb:.0f}",
    )


def committed(run: Path) -> int:
    """The number of outcomes in the run file; 0 before it is ready."""
    try:
        with closing(sqlite3.connect(f"file:{run}?mode=ro", uri=True)) as database:
            (number,) = database.execute("SELECT count(*) FROM outcome").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(number)


def finish(folder: Folder, sandbox: Server) -> None:
    """Resumes the run without faults and without a rate limit."""
    calm = {"rate": "unlimited"}
    sandbox.window("faults", {"lanes": {"/".join(lane): calm for lane in LANES}})
    pending = committed(folder.run)
    command = [
        *(installed(), "apply", str(folder.run), "--yes", "--no-progress", "--rate", "unlimited"),
        *("--endpoint-url", sandbox.url, "--role-arn", ROLE, "--results", str(folder.results)),
    ]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    print(f"stopped after {pending:,} outcomes; resumed, and ended with {done.returncode}")
    if done.returncode not in {0, 1}:
        sys.exit(done.stderr)


def growth(samples: list[Sample], seconds: float) -> Iterator[str]:
    """What grew from the first third of the time to the last."""
    warm = [each for each in samples if each.at_s >= seconds / 10]
    third = len(warm) // 3
    first, last = warm[:third], warm[-third:]
    rss = [statistics.median(each.rss_mb for each in part) for part in (first, last)]
    files = [statistics.median(each.files for each in part) for part in (first, last)]
    print(f"RSS: median {rss[0]:.1f} MB in the first third, {rss[1]:.1f} MB in the last")
    print(f"open files: median {files[0]:g} in the first third, {files[1]:g} in the last")
    if rss[1] > rss[0] * (1 + MOST_RSS_GROWTH):
        yield f"RSS has grown by {rss[1] / rss[0] - 1:.1%}"
    if files[1] > files[0] + MOST_MORE_FILES:
        yield f"there are {files[1] - files[0]:g} more open files"


def untruths(folder: Folder, sandbox: Server, jobs: int) -> Iterator[str]:
    """Contradictions between the outcomes, the results file and the sandbox."""
    state, call_counts = sandbox.window("state"), sandbox.window("targets")["targets"]
    statuses: Counter[str] = Counter()
    seqs: Counter[int] = Counter()
    wrong = again = 0
    with folder.results.open() as file:
        for line in file:
            outcome = json.loads(line)
            seqs[outcome["seq"]] += 1
            statuses[outcome["status"]] += 1
            wrong += not is_true(outcome, state)
            again += acknowledged_changes(outcome, call_counts) > 1
    print("outcomes: " + ", ".join(f"{number:,} {name}" for name, number in statuses.items()))
    doubled = sum(number - 1 for number in seqs.values())
    for number, what in (
        (jobs - committed(folder.run), "jobs without an outcome"),
        (jobs - len(seqs), "jobs that the results lack"),
        (doubled, "jobs that are in the results twice"),
        (wrong, "outcomes that the sandbox does not confirm"),
        (again, "targets that were changed again after a successful answer"),
    ):
        if number:
            yield f"{number:,} {what}"


def is_true(outcome: dict[str, Any], state: dict[str, Any]) -> bool:
    """Whether the sandbox has the expected settings; after a failed job it may have either."""
    name = outcome["function_name"]
    lane = f"{outcome['account_id']}/{outcome['region']}"
    config = state.get(lane, {}).get(name, {}).get("$LATEST")
    if config is None:
        return bool(outcome["status"] == "failed")
    held = (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"])
    return bool(held == wanted(int(name.removeprefix("fn-"))))


def acknowledged_changes(outcome: dict[str, Any], call_counts: dict[str, Any]) -> int:
    """Number of changes of a target that the sandbox acknowledged; 0 if it does not count it."""
    lane = f"{outcome['account_id']}/{outcome['region']}"
    operations = call_counts.get(lane, {}).get(outcome["function_name"], {}).get("$LATEST", {})
    return sum(each["acknowledged"] for each in operations.values())


if __name__ == "__main__":
    main()
