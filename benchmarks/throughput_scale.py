"""The cost of more and more targets: CPU and memory of bulkeic, without a quota."""

from pathlib import Path
from statistics import median

from competitors import unlimited_apply
from contest import Run, finish
from one_lane import instant_server, write_targets
from table import TextTable, reached

SCALE = (10_000, 100_000, 1_000_000)
LARGEST = (10_000_000,)
SCALE_GOAL = 1.10
LARGEST_GOAL_MB = 200
ROUNDS = 5
MOST_REPEATED = 100_000
PATIENCE_S = 4 * 3600


def scale(folder: Path, sizes: tuple[int, ...]) -> None:
    """Prints the table, with a verdict. Small sizes are medians of some rounds."""
    table = TextTable(
        ("targets", "seconds", "CPU us/target", "less start-up", "peak MB"), (10, 8, 13, 13, 8)
    )
    start_up_s = median(run.cpu_s for run in runs(folder, 1))
    beyond = []
    peak_mb = 0.0
    for size in sizes:
        each = runs(folder, size)
        cpu_s = median(run.cpu_s for run in each)
        beyond.append((cpu_s - start_up_s) / size * 1e6)
        peak_mb = max(run.peak_mb for run in each)
        table.row(
            f"{size:,}",
            f"{median(run.seconds for run in each):.2f}",
            f"{cpu_s / size * 1e6:,.0f}",
            f"{beyond[-1]:,.0f}",
            f"{peak_mb:,.0f}",
        )
    print(f"start-up: {start_up_s:.2f} s of CPU")
    if sizes == LARGEST:
        verdict = reached(peak_mb <= LARGEST_GOAL_MB)
        print(f"to reach: {LARGEST_GOAL_MB} MB; it is {peak_mb:,.0f} MB: {verdict}")
        return
    spread = max(beyond) / min(beyond)
    verdict = reached(spread <= SCALE_GOAL)
    print(f"to reach: CPU a target within 10 %; largest / smallest is {spread:.2f}: {verdict}")


def runs(folder: Path, targets: int) -> list[Run]:
    """Lets bulkeic update targets, some times if they are few."""
    file = write_targets(folder / "targets.csv", targets)
    return [run(file, folder, targets) for _ in range(ROUNDS if targets <= MOST_REPEATED else 1)]


def run(file: Path, folder: Path, targets: int) -> Run:
    command = unlimited_apply(file, folder)
    with instant_server(targets, certificate=None) as server:
        return finish(command, server.url, PATIENCE_S)
