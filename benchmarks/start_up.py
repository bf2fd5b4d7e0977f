"""What a command costs before it works: `apply` of three targets, and `--help`.

The server answers at once, so that nearly all of `apply` is start-up. Python without any import is
the floor. Every command runs once in each round; figures are medians.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from competitors import unlimited_apply
from contest import Run, finish, installed
from one_lane import instant_server, write_targets
from table import TextTable, reached

ROUNDS = 11
TARGETS = 3
GOAL_APPLY_S = 0.40
GOAL_HELP_CPU_S = 0.08


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-start-up-") as folder:
        commands: dict[str, Callable[[], Run]] = {
            "apply of 3 targets": lambda: apply(Path(folder)),
            "--help": lambda: finish([installed(), "--help"], ""),
            "python": lambda: finish([sys.executable, "-c", "print(1)"], ""),
        }
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, run in commands.items():
                runs[name].append(run())
    table = TextTable(("command", "seconds", "CPU s", "peak MB"), (-18, 7, 6, 7))
    for name, each in runs.items():
        peak_mb = max(run.peak_mb for run in each)
        table.row(name, f"{seconds(each):.3f}", f"{cpu_s(each):.3f}", f"{peak_mb:.0f}")
    apply_s, help_s = seconds(runs["apply of 3 targets"]), cpu_s(runs["--help"])
    print(
        f"to reach: apply in {GOAL_APPLY_S:.2f} s {reached(apply_s <= GOAL_APPLY_S)}, "
        f"--help in {GOAL_HELP_CPU_S} s of CPU {reached(help_s <= GOAL_HELP_CPU_S)}"
    )


def apply(folder: Path) -> Run:
    command = unlimited_apply(write_targets(folder / "targets.csv", TARGETS), folder)
    with instant_server(TARGETS, certificate=None) as server:
        return finish(command, server.url)


def seconds(runs: list[Run]) -> float:
    return median(run.seconds for run in runs)


def cpu_s(runs: list[Run]) -> float:
    return median(run.cpu_s for run in runs)


if __name__ == "__main__":
    main()
