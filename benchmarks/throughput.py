"""CPU of a whole command for each target: bulkeic compared with its peers and with a floor.

One lane, no quota, 64 calls in flight. The server is `bulkeic sandbox` on the other core, without
latency and without verifying signatures, so that it is not the limit. Every competitor is a whole
command: start-up, reading the file, calling. bulkeic also checks every row, and stores and reports
every outcome durably.

The floor is a loop over bare aiohttp that signs by hand, without checks, retries and storage.
"""

import argparse
import os
import platform
import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contest import (
    Run,
    Server,
    apply_command,
    finish,
    script_command,
    script_outcomes,
    server,
)
from table import TextTable

TARGETS = 20_000
CLI_TARGETS = 20
IN_FLIGHT = 64
CLIENT_CORE, SERVER_CORE = {0}, {1}
GOALS = {"boto3": 1 / 7, "aiobotocore": 1 / 5, "floor": 1.5}
SCALE = (1_000, 10_000, 100_000, 1_000_000)
SCALE_GOAL = 1.10
SEED = 7


@dataclass(frozen=True)
class Result:
    """The cost of a command."""

    targets: int
    run: Run

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for each target."""
        return self.run.cpu_s / self.targets * 1e6


def main() -> None:
    arguments = parse_arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-throughput-") as folder:
        if arguments.scale:
            scale(Path(folder), SCALE[: arguments.steps])
        else:
            compete(Path(folder), arguments.targets)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=TARGETS)
    parser.add_argument(
        "--scale", action="store_true", help="bulkeic alone, with 1,000 to 1,000,000 targets"
    )
    parser.add_argument("--steps", type=int, default=len(SCALE), help="sizes of --scale")
    return parser.parse_args()


# The competitors.


def compete(folder: Path, targets: int) -> None:
    file = write_targets(folder / "targets.csv", targets)
    table = TextTable(
        ("who", "targets", "seconds", "CPU us/target", "peak MB", "CPU / bulkeic's"),
        (-26, 8, 8, 13, 8, 15),
    )
    bulkeic = ours(file, folder / "run.db", targets)
    results = {"bulkeic": bulkeic}
    row(table, "bulkeic apply", bulkeic, bulkeic)
    for name, who, script, words in (
        ("floor", "floor: bare aiohttp", "floor_script.py", (IN_FLIGHT,)),
        ("aiobotocore", "aiobotocore, 64 in flight", "aiobotocore_script.py", ("standard", 64)),
        ("boto3", "boto3, 64 threads", "boto3_script.py", ("standard", 64)),
    ):
        result = theirs(script_command(script, file, "{url}", *words), targets, name)
        results[name] = result
        row(table, who, result, bulkeic)
    cli = with_the_cli(folder)
    if cli is not None:
        row(table, "aws, xargs -P 2", cli, bulkeic)
    for name, goal in GOALS.items():
        ratio = bulkeic.cpu_us / results[name].cpu_us
        verdict = "reached" if ratio <= goal else "missed"
        print(f"to reach: {goal:.3f} x {name}'s CPU; it is {ratio:.3f} x: {verdict}")


def ours(file: Path, run_file: Path, targets: int) -> Result:
    flags = ("--rate", "unlimited", "--concurrency", str(IN_FLIGHT))
    with pinned_server() as serving:
        run = finish(apply_command(file, run_file, *flags), serving.url)
        assert serving.counts().calls == targets
    run_file.unlink()
    return Result(targets, run)


def theirs(command: list[str], targets: int, name: str) -> Result:
    with pinned_server() as serving:
        run = finish(command, serving.url)
        assert serving.counts().calls == targets
    failed = (
        int(run.stdout)
        if name == "floor"
        else sum(not outcome.updated for outcome in script_outcomes(run))
    )
    assert failed == 0
    return Result(targets, run)


def with_the_cli(folder: Path) -> Result | None:
    """The AWS CLI, a process for each call; ``None`` if it is not installed."""
    if shutil.which("aws") is None:
        print("aws, xargs -P 2: not installed, skipped")
        return None
    script = folder / "cli.sh"
    names = folder / "names.txt"
    names.write_text("\n".join(f"fn-{number}" for number in range(CLI_TARGETS)))
    script.write_text(
        "#!/bin/sh\n"
        f"xargs -P 2 -I NAME aws lambda update-function-event-invoke-config --region us-east-1 "
        f'--endpoint-url "$1" --function-name NAME --maximum-retry-attempts 1 < {names}\n'
    )
    with pinned_server() as serving:
        return Result(CLI_TARGETS, finish(["sh", str(script), "{url}"], serving.url))


@contextmanager
def pinned_server() -> Iterator[Server]:
    """Starts a sandbox on one core; processes that start later run on the other one."""
    cores = os.sched_getaffinity(0)
    apart = len(cores) > 1
    os.sched_setaffinity(0, SERVER_CORE if apart else cores)
    try:
        with server(rate="unlimited", latency_s=0.0, verify_signatures=False) as serving:
            os.sched_setaffinity(0, CLIENT_CORE if apart else cores)
            yield serving
    finally:
        os.sched_setaffinity(0, cores)


def row(table: TextTable, who: str, result: Result, bulkeic: Result) -> None:
    table.row(
        who,
        f"{result.targets:,}",
        f"{result.run.seconds:.2f}",
        f"{result.cpu_us:,.0f}",
        f"{result.run.peak_mb:,.0f}",
        f"{result.cpu_us / bulkeic.cpu_us:.2f}",
    )


def write_targets(path: Path, targets: int) -> Path:
    """Writes a CSV of one lane; settings vary as in a fleet."""
    rng = random.Random(SEED)
    with path.open("w") as file:
        file.write("FunctionName,AccountId,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds\n")
        for number in range(targets):
            age = rng.choice((60, 3600, 21600))
            file.write(f"fn-{number},123456789012,us-east-1,{number % 3},{age}\n")
    return path


# The cost by size.


def scale(folder: Path, sizes: tuple[int, ...]) -> None:
    table = TextTable(
        ("targets", "seconds", "CPU us/target", "less start-up", "peak MB"), (10, 8, 13, 13, 8)
    )
    started = ours(write_targets(folder / "one.csv", 1), folder / "run.db", 1)
    marginal = []
    for size in sizes:
        result = ours(write_targets(folder / "many.csv", size), folder / "run.db", size)
        beyond = (result.run.cpu_s - started.run.cpu_s) / size * 1e6
        marginal.append(beyond)
        table.row(
            f"{size:,}",
            f"{result.run.seconds:.2f}",
            f"{result.cpu_us:,.0f}",
            f"{beyond:,.0f}",
            f"{result.run.peak_mb:,.0f}",
        )
    spread = max(marginal) / min(marginal)
    verdict = "reached" if spread <= SCALE_GOAL else "missed"
    print(f"start-up: {started.run.seconds:.2f} s, {started.run.cpu_s:.2f} s of CPU")
    print(f"to reach: CPU a target within 10 %; largest / smallest is {spread:.2f}: {verdict}")


if __name__ == "__main__":
    main()
