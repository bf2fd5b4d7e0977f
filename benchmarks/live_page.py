"""What the live page costs: CPU of `apply` with `--ui` and a browser's event stream, and without.

The command updates 1,000 targets a second, over few and over many lanes, on a sandbox in a process
of its own. The commands take turns. A client reads all events of the page until it ends. CPU is the
time of the whole process. "Start" is what --ui costs before the work, measured with one target in
each lane. The share is what it costs beyond that, of one CPU over the time of the work.
"""

import argparse
import os
import platform
import re
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contest import Server, apply_command, environment, server
from table import TextTable, reached

ROUNDS = 5
TARGETS_PER_S = 1_000
SECONDS = 20
LANES = (100, 300, 1_000)
REGIONS = ("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1")
GOAL_SHARE = 0.02
ROLE = ("--role-arn", "arn:aws:iam::{account}:role/bench")


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds of CPU, and updates and bytes that the page sent."""

    cpu_s: float
    updates: int = 0
    sent: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of work, for each command")
    parser.add_argument("--lanes", type=int, nargs="*", default=LANES)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    heads = ("lanes", "targets", "CPU s", "with --ui", "start", "updates", "MB sent", "share")
    table = TextTable(heads, (5, 7, 6, 9, 6, 7, 7, 6))
    shares = {}
    for lanes in options.lanes:
        start_s = added_s(measure(lanes, options.rounds, 1))
        without, live = costs = measure(
            lanes, options.rounds, TARGETS_PER_S * options.seconds // lanes
        )
        shares[lanes] = (added_s(costs) - start_s) / options.seconds
        table.row(
            f"{lanes:,}",
            f"{TARGETS_PER_S * options.seconds:,}",
            f"{cpu_s(without):.2f}",
            f"{cpu_s(live):.2f}",
            f"{start_s:.2f}",
            f"{median(cost.updates for cost in live):.0f}",
            f"{median(cost.sent for cost in live) / 1e6:.1f}",
            f"{shares[lanes]:.1%}",
        )
    verdicts = (f"{n:,} lanes {reached(share <= GOAL_SHARE)}" for n, share in shares.items())
    print(f"to reach: {GOAL_SHARE:.0%} of one CPU at most: {', '.join(verdicts)}")


def cpu_s(costs: list[Cost]) -> float:
    return median(cost.cpu_s for cost in costs)


def added_s(costs: tuple[list[Cost], list[Cost]]) -> float:
    """What the page adds, seconds of CPU."""
    return cpu_s(costs[1]) - cpu_s(costs[0])


def measure(lanes: int, rounds: int, each: int) -> tuple[list[Cost], list[Cost]]:
    """The costs without and with the page, in turns, with some targets in each lane."""
    without: list[Cost] = []
    live: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-live-page-") as folder:
        targets = Path(folder) / "targets.csv"
        targets.write_text("\n".join(["AccountId,Region,FunctionName", *rows(lanes, each)]))
        flags = (*ROLE, "--rate", f"{TARGETS_PER_S / lanes:g}", "--burst", "1",
                 "--maximum-retry-attempts", "1", "--concurrency", "256")  # fmt: skip
        for number in range(rounds):
            for costs, more in ((without, ()), (live, ("--ui",))):
                run = Path(folder) / f"{number}{'-'.join(more)}.db"
                with server(rate="unlimited", latency_s=0.01) as sandbox:
                    costs.append(cost(apply_command(targets, run, *flags, *more), sandbox))
    return without, live


def rows(lanes: int, each: int) -> Iterator[str]:
    """Rows of a targets file."""
    for lane in range(lanes):
        account, region = divmod(lane, len(REGIONS))
        for number in range(each):
            yield f"{account + 111111111111},{REGIONS[region]},fn-{number}"


def cost(command: list[str], sandbox: Server) -> Cost:
    """Runs a command; if it serves a page, reads the page's events to the end."""
    words = [word.replace("{url}", sandbox.url) for word in command]
    process = subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(None)
    )
    assert process.stderr is not None
    events: list[bytes] = []
    reader = threading.Thread()
    for line in process.stderr:
        found = re.search(rb"live page: (\S+)", line)
        if found:
            reader = threading.Thread(target=follow, args=(found[1].decode(), events))
            reader.start()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words[:3]} ended with {process.returncode}")
    if reader.ident is not None:
        reader.join()
    sent = b"".join(events)
    return Cost(used.ru_utime + used.ru_stime, sent.count(b'"name": "tiles"'), len(sent))


def follow(url: str, events: list[bytes]) -> None:
    """Reads the events of a page to the end."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}events", timeout=60) as answer:
        while piece := answer.read1(1 << 16):
            events.append(piece)


if __name__ == "__main__":
    main()
