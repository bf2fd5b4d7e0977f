"""How often `bulkeic bench compare` is right: for equal servers, and for one a fifth slower.

The servers are `bulkeic sandbox` in processes of their own, without a quota. Each pair is one
`bench compare` of two commands, five repeats each, in turn.

    python benchmarks/comparisons.py [--pairs N]
"""

import argparse
import json
import os
import platform
import subprocess
from collections import Counter

from contest import environment, installed, server
from table import TextTable

LATENCY_S, SLOWER = 0.05, 1.2
LOAD = "--concurrency 4 --duration 1s --warmup 300ms --functions 100 --region us-east-1"
RIGHT = 0.9
SLOWED = ("worse", "mixed")


def verdict(old: str, new: str) -> str:
    """The verdict of a comparison of two endpoints."""
    commands = [f"{installed()} bench {LOAD} --endpoint-url {url}" for url in (old, new)]
    run = subprocess.run(
        [installed(), "bench", "compare", *commands, "--output", "json"],
        env=environment(),
        check=True,
        capture_output=True,
    )
    return str(json.loads(run.stdout)["verdict"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    pairs = parser.parse_args().pairs
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    table = TextTable(("old", "new", "pairs", "right", "verdicts"), (6, 6, 5, 5, -40))
    reached = True
    for factor, right in ((1.0, ("same",)), (SLOWER, SLOWED)):
        latency_s = LATENCY_S * factor
        with (
            server(rate="unlimited", latency_s=LATENCY_S) as old,
            server(rate="unlimited", latency_s=latency_s) as new,
        ):
            found = Counter(verdict(old.url, new.url) for _ in range(pairs))
        number = sum(found[each] for each in right)
        reached = reached and number >= RIGHT * pairs
        verdicts = ", ".join(f"{count} {each}" for each, count in found.most_common())
        table.row(f"{LATENCY_S * 1e3:g} ms", f"{latency_s * 1e3:g} ms", pairs, number, verdicts)
    print(f"to reach: {RIGHT:.0%} right in both: {'reached' if reached else 'missed'}")


if __name__ == "__main__":
    main()
