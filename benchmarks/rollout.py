"""What each way of changing a fleet costs: calls at the server, and seconds.

The server is bulkeic's sandbox in a process of its own, with Lambda's quota (15 calls a second for
each account and Region, burst 15) and 60 ms of latency. 60 targets in each of 20 Regions, of which
every other one has what is wanted already. Each story has a fresh server; before each
command its token buckets fill up again. Seconds are those of the whole command, start-up included.
"""

import json
import os
import platform
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from contest import BURST, RATE, Server, finish, installed, server
from quota import REGIONS
from table import TextTable

EACH = 60
TARGETS = EACH * len(REGIONS)
CHANGED = TARGETS // 2
READS = ("GetFunctionEventInvokeConfig", "GetFunction")
N, C = TARGETS, CHANGED


@dataclass(frozen=True)
class Step:
    """A command, and the calls that the docs say it takes: reads and writes."""

    name: str
    words: tuple[str, ...]
    formula: str
    reads: int
    writes: int


TARGETS_FILE, RUN, BACK = "{targets}", "{run}", "{back}"
PLAN = Step("plan", ("plan", TARGETS_FILE, "--run", RUN), "N", N, 0)
STORIES = (
    (
        Step("apply --no-before-image",
             ("apply", TARGETS_FILE, "--run", RUN, "--no-before-image"), "N", 0, N),
    ),
    (
        Step("apply", ("apply", TARGETS_FILE, "--run", RUN), "N + C", N, C),
        Step("verify", ("verify", TARGETS_FILE), "N", N, 0),
        Step("rollback", ("rollback", RUN, "--run", BACK), "2 C", C, C),
    ),
    (PLAN, Step("apply of the plan", ("apply", RUN), "2 C", C, C)),
    (PLAN, Step("apply --force of the plan", ("apply", RUN, "--force"), "2 C", C, C)),
    (
        Step("apply --waves 1,10%,100%",
             ("apply", TARGETS_FILE, "--run", RUN, "--waves", "1,10%,100%"),
             "N + 2 C", N + C, C),
    ),
)  # fmt: skip


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    print(f"N = {N:,} targets in {len(REGIONS)} lanes, C = {C:,} of them to be changed")
    table = TextTable(
        ("story", "command", "seconds", "reads", "writes", "calls", "in the docs", "429"),
        (5, -27, 7, 6, 6, 6, -11, 4),
    )
    missed = [
        step.name
        for number, story in enumerate(STORIES, 1)
        for step, reached in run_story(table, number, story)
        if not reached
    ]
    steps = ", ".join(missed) or "all"
    print(f"to reach: the calls in docs/how-to/rollout.md: {steps}", end="")
    print(" missed" if missed else " reached")


def run_story(table: TextTable, number: int, story: tuple[Step, ...]) -> list[tuple[Step, bool]]:
    """Runs the commands of a story and prints a row for each."""
    reached = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-rollout-") as folder, server() as sandbox:
        names = {name: Path(folder) / name[1:-1] for name in (RUN, BACK)}
        names[TARGETS_FILE] = write(Path(folder) / "targets.csv")
        for step in story:
            time.sleep(BURST / RATE)  # the command before has emptied the server's buckets
            before = calls(sandbox)
            run = finish(command(step, names), sandbox.url)
            made = calls(sandbox) - before
            reads = sum(made[name] for name in READS)
            writes = made.total() - reads
            refused = json.loads(run.stdout)["throttles"]
            table.row(
                number, step.name, f"{run.seconds:.2f}", f"{reads:,}", f"{writes:,}",
                f"{reads + writes:,}", step.formula, refused,
            )  # fmt: skip
            reached.append((step, (reads, writes) == (step.reads, step.writes)))
    return reached


def write(path: Path) -> Path:
    """Writes the targets; the sandbox's functions have two retries."""
    lines = [
        f"orders-{number:04d},{region},{1 + number % 2}"
        for region in REGIONS
        for number in range(EACH)
    ]
    path.write_text("\n".join(["FunctionName,Region,MaximumRetryAttempts", *lines, ""]))
    return path


def command(step: Step, names: dict[str, Path]) -> list[str]:
    words = [str(names.get(word, word)) for word in step.words]
    usual = ["--endpoint-url", "{url}", "--no-progress", "--output", "json"]
    asks = ["--yes"] if step.words[0] in {"apply", "rollback"} else []
    return [installed(), *words, *usual, "--rate", str(RATE), "--burst", str(BURST), *asks]


def calls(sandbox: Server) -> Counter[str]:
    """Calls of Lambda that a server has seen, by operation."""
    with urllib.request.urlopen(f"{sandbox.url}/_sandbox/stats") as answer:
        by_operation: dict[str, int] = json.load(answer)["by_operation"]
    return Counter({
        name: count for name, count in by_operation.items() if "Function" in name
    })  # fmt: skip


if __name__ == "__main__":
    main()
