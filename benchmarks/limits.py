"""Whether `bulkeic bench --find-limit` finds the limits of several lanes at once.

The server is `bulkeic sandbox` in a process of its own with 60 ms of latency. Each round starts
with full buckets. The server and the client must count the same calls, because nothing is sent
after a search.

    python benchmarks/limits.py [--rounds N]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contest import ACCOUNT, environment, installed, server
from table import TextTable

LANES = {"us-east-1": 5, "us-west-2": 15, "eu-west-1": 40}
FUNCTIONS = 200
OFF, MOST_S = 0.05, 30


def write(path: Path) -> None:
    """Writes the targets file."""
    rows = [f"fn-{number},{region}" for region in LANES for number in range(FUNCTIONS)]
    path.write_text("\n".join(["FunctionName,Region", *rows, ""]))


def find(folder: Path, url: str) -> dict[str, Mapping[str, Any]]:
    """The measures of each lane, by Region."""
    targets, results = folder / "targets.csv", folder / "results.json"
    write(targets)
    subprocess.run(
        [
            *(installed(), "bench", str(targets), "--find-limit", "--no-progress"),
            *("--endpoint-url", url, "--results", str(results)),
        ],
        env=environment(),
        check=True,
        capture_output=True,
    )
    (measures,) = json.loads(results.read_text())["measures"]
    return {lane["lane"].rpartition("/")[2]: lane for lane in measures["lanes"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    table = TextTable(
        ("round", "limit", "found", "off", "burst", "found", "seconds", "calls", "refused"),
        (5, 5, 6, 6, 5, 5, 7, 5, 7),
    )
    lanes = {f"{ACCOUNT}/{region}": {"rate": rate, "burst": rate} for region, rate in LANES.items()}
    reached = True
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder, server(lanes=lanes) as sandbox:
            lanes_found = find(Path(folder), sandbox.url)
            counts = sandbox.counts()
        reported = sum(lane["calls"] for lane in lanes_found.values())
        if counts.calls != reported:
            sys.exit(f"the server counted {counts.calls} calls, but the client {reported}")
        for region, rate in LANES.items():
            limit = lanes_found[region]["limit"]
            off = limit["rate"] / rate - 1
            reached = reached and abs(off) <= OFF and limit["seconds"] <= MOST_S
            table.row(
                number + 1,
                rate,
                f"{limit['rate']:.2f}",
                f"{off:+.1%}",
                rate,
                f"{limit['burst']:.0f}",
                f"{limit['seconds']:.1f}",
                limit["calls"],
                limit["refused"],
            )
    print(
        f"to reach: each within {OFF:.0%} in {MOST_S} s: {'reached' if reached else 'missed'}, "
        f"{rounds} rounds"
    )


if __name__ == "__main__":
    main()
