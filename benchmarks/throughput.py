"""CPU and speed of a whole command: bulkeic compared with other SDKs and with a floor.

One lane, no quota, 64 calls in flight, one core. The server on the other core answers at once; over
TLS it speaks TLS 1.3 only. Every competitor is a whole command: start-up, reading the file,
signing, calling, an outcome for each target. bulkeic also checks every row and every answer, and
stores every outcome durably before it writes it to the results.

In each round every competitor runs once; figures are medians of the rounds. A ratio is the median
of the rounds' ratios, because the speed of a machine drifts between rounds.

The floor is a bare protocol in Python that signs by hand: no checks, no retries, no storage.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from competitors import BULKEIC, FLOOR, GO, Competitor, fast, slow
from contest import finish
from one_lane import instant_server, write_certificate, write_targets
from table import TextTable, reached
from throughput_scale import LARGEST, SCALE, scale

SIZES = (20_000, 100_000)
ROUNDS = 5
QUICK_ROUNDS = 3


@dataclass(frozen=True)
class Cost:
    """What a run of a command cost."""

    targets: int
    seconds: float
    cpu_s: float
    peak_mb: float

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU for each target."""
        return self.cpu_s / self.targets * 1e6

    @property
    def speed(self) -> float:
        """Targets a second."""
        return self.targets / self.seconds


Measure = Callable[[Cost], float]
Rounds = dict[str, list[Cost]]  # name of a competitor -> a cost for each round


@dataclass(frozen=True)
class Load:
    """A number of targets, and whether the server has TLS."""

    targets: int
    tls: bool

    def __str__(self) -> str:
        return f"{self.targets:,}{' over TLS' if self.tls else ''}"


@dataclass(frozen=True)
class Goal:
    """The most or least ratio of bulkeic's figure to that of another, for some loads."""

    figure: str
    measure: Measure
    other: str
    bounds: dict[Load, float]
    is_most: bool = True

    def row(self, load: Load, rounds: Rounds) -> tuple[str, ...]:
        """The goal, the measured ratio, its range, and whether the goal was reached."""
        pairs = zip(rounds[BULKEIC], rounds[self.other], strict=True)
        ratios = [self.measure(ours) / self.measure(other) for ours, other in pairs]
        ratio, bound = median(ratios), self.bounds[load]
        is_reached = ratio <= bound if self.is_most else ratio >= bound
        return (
            self.figure,
            self.other,
            str(load),
            f"{'<=' if self.is_most else '>='} {bound:.2f}",
            f"{ratio:.2f}",
            f"{min(ratios):.2f} - {max(ratios):.2f}",
            reached(is_reached),
        )


SMALL, LARGE, LARGE_TLS = Load(20_000, tls=False), Load(100_000, tls=False), Load(100_000, tls=True)
GOALS = (
    Goal("CPU a target", lambda cost: cost.cpu_us, GO, {SMALL: 0.75, LARGE: 0.60, LARGE_TLS: 0.80}),
    Goal(
        "targets/s",
        lambda cost: cost.speed,
        GO,
        {SMALL: 1.1, LARGE: 1.3, LARGE_TLS: 1.1},
        is_most=False,
    ),
    Goal("CPU a target", lambda cost: cost.cpu_us, FLOOR, {SMALL: 2.5, LARGE: 2.0}),
)


def main() -> None:
    arguments = parse_arguments()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}")
    with tempfile.TemporaryDirectory(prefix="bulkeic-throughput-") as name:
        folder = Path(name)
        if arguments.scale or arguments.largest:
            scale(folder, LARGEST if arguments.largest else SCALE[: arguments.steps])
            return
        certificate = write_certificate(folder)
        competitors = [*fast(folder), *([] if arguments.quick else slow(folder))]
        rounds = arguments.rounds or (QUICK_ROUNDS if arguments.quick else ROUNDS)
        results = {}
        for tls in (False, True) if arguments.tls else (False,):
            for targets in arguments.targets:
                load = Load(targets, tls)
                results[load] = compete(
                    folder, competitors, load, rounds, certificate if tls else None
                )
        print_goals(results)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="CPU and speed of a whole command, compared with other SDKs and with a floor. "
        "Takes about half an hour with --tls, and five minutes with --tls --quick."
    )
    parser.add_argument("--targets", type=int, nargs="+", default=SIZES, metavar="N", help="sizes")
    parser.add_argument("--rounds", type=int, help=f"{ROUNDS} by default, with --quick 3")
    parser.add_argument("--tls", action="store_true", help="all loads over TLS 1.3, too")
    parser.add_argument("--quick", action="store_true", help="only bulkeic, Go and the floor")
    parser.add_argument(
        "--scale", action="store_true", help="bulkeic alone, with 10,000 to 1,000,000 targets"
    )
    parser.add_argument("--steps", type=int, default=len(SCALE), help="sizes of --scale")
    parser.add_argument(
        "--largest", action="store_true", help="bulkeic alone, 10,000,000 targets (half an hour)"
    )
    return parser.parse_args()


def compete(
    folder: Path,
    competitors: Iterable[Competitor],
    load: Load,
    rounds: int,
    certificate: Path | None,
) -> Rounds:
    """Lets all competitors take turns, and prints their medians."""
    costs: Rounds = {competitor.name: [] for competitor in competitors}
    for _ in range(rounds):
        for competitor in competitors:
            costs[competitor.name].append(measure(folder, competitor, load.targets, certificate))
    print(f"\n{load.targets:,} targets, {'TLS 1.3' if load.tls else 'no TLS'}, {rounds} rounds")
    table = TextTable(
        ("who", "targets", "seconds", "targets/s", "CPU us/target", "peak MB", "CPU / bulkeic's"),
        (-15, 8, 8, 9, 13, 8, 15),
    )
    ours_us = median(cost.cpu_us for cost in costs[BULKEIC])
    for name, each in costs.items():
        cpu_us = median(cost.cpu_us for cost in each)
        table.row(
            name,
            f"{each[0].targets:,}",
            f"{median(cost.seconds for cost in each):.2f}",
            f"{median(cost.speed for cost in each):,.0f}",
            f"{cpu_us:,.0f}",
            f"{max(cost.peak_mb for cost in each):,.0f}",
            f"{cpu_us / ours_us:.2f}",
        )
    return costs


def measure(folder: Path, competitor: Competitor, targets: int, certificate: Path | None) -> Cost:
    """Lets a competitor update targets, with a server of its own.

    Raises:
        SystemExit: a target was not updated, or a call was repeated.
    """
    targets = min(targets, competitor.most_targets)
    command = competitor.command(write_targets(folder / "targets.csv", targets))
    with instant_server(targets, certificate) as server:
        run = finish(command, server.url, ca=server.ca)
    if run.returncode:
        raise SystemExit(f"{competitor.name} ended with {run.returncode}:\n{run.stderr}")
    return Cost(targets, run.seconds, run.cpu_s, run.peak_mb)


def print_goals(results: dict[Load, Rounds]) -> None:
    """Prints each goal whose load and competitor were measured."""
    rows = [
        goal.row(load, results[load])
        for goal in GOALS
        for load in goal.bounds
        if load in results and goal.other in results[load]
    ]
    if rows:
        print()
        table = TextTable(
            ("bulkeic's", "against", "targets", "to reach", "is", "range", ""),
            (-12, -7, -16, 8, 5, 13, -7),
        )
        for row in rows:
            table.row(*row)


if __name__ == "__main__":
    main()
