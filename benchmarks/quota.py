"""How close to the quota's own pace a fleet is updated, and how many calls are refused on the way.

The server is bulkeic's sandbox in a process of its own, with Lambda's quota (15 calls a second for
each account and Region, burst 15) and 60 ms of latency. Every competitor gets a fresh one, so that
it finds full buckets and is counted alone, and runs as a command of its own: start-up included.

Ideal: (targets of the fullest lane - burst) / rate. It knows neither latency nor start-up. Who is
faster has given targets up; then there is no ratio.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from table import Table

RATE = 15
BURST = 15
LATENCY_S = 0.06

GOAL_RATIO = 1.03
GOAL_START_UP_S = 1.0
GOAL_REFUSED = 0.01

REGIONS = (
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1"),
    *("eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3"),
    *("sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
FIELDS = "FunctionName,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds"

BULKEIC = "bulkeic"
# Retry mode and threads; the first one is what most people run.
PEERS = (("standard", 32), ("adaptive", 32), ("standard", 8), ("adaptive", 8))
SCRIPT = Path(__file__).with_name("boto3_script.py")
PATIENCE_S = 900


@dataclass(frozen=True)
class Scenario:
    """A fleet: so many targets in each of these Regions of one account, sorted by Region."""

    name: str
    regions: tuple[str, ...]
    targets_each: int

    @property
    def targets(self) -> int:
        """All targets."""
        return len(self.regions) * self.targets_each

    @property
    def ideal_s(self) -> float:
        """Seconds that the quota asks for."""
        return (self.targets_each - BURST) / RATE

    def write(self, path: Path) -> None:
        """Writes the targets file."""
        lines = [
            f"orders-{number:04d},{region},1,3600"
            for region in self.regions
            for number in range(self.targets_each)
        ]
        path.write_text("\n".join([FIELDS, *lines, ""]))


SCENARIOS = (
    Scenario("1 lane x 300", REGIONS[-4:-3], 300),
    Scenario("20 lanes x 60", REGIONS, 60),
)


@dataclass(frozen=True)
class Result:
    """How a competitor did."""

    seconds: float
    calls: int
    refused: int
    failed: int

    @property
    def refused_share(self) -> float:
        """Refused calls of all calls."""
        return self.refused / self.calls if self.calls else 0.0

    def misses(self, ideal_s: float) -> list[str]:
        """The goals that are not reached."""
        at_most_s = GOAL_RATIO * ideal_s + GOAL_START_UP_S
        goals = (
            (self.seconds <= at_most_s, f"{self.seconds:.2f} s of {at_most_s:.2f} s"),
            (self.failed == 0, f"{self.failed} failed"),
            (self.refused_share <= GOAL_REFUSED, f"{self.refused_share:.1%} refused"),
        )
        return [miss for reached, miss in goals if not reached]


def main() -> None:
    arguments = parse_arguments()
    if arguments.server:
        serve()
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    table = Table(
        ("scenario", "who", "seconds", "ideal", "ratio", "calls", "refused", "refused %", "failed"),
        (-13, -26, 7, 6, 6, 6, 7, 9, 6),
    )
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-quota-") as folder:
        for scenario in SCENARIOS:
            result = compete(table, scenario, Path(folder), quick=arguments.quick)
            misses = result.misses(scenario.ideal_s)
            verdict = f"missed ({', '.join(misses)})" if misses else "reached"
            verdicts.append(f"{scenario.name} {verdict}")
    print(
        f"to reach: {GOAL_RATIO} x ideal + {GOAL_START_UP_S:g} s, no target failed, "
        f"{GOAL_REFUSED:.0%} refused at most: {'; '.join(verdicts)}"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="bulkeic beside boto3, against a server with Lambda's quota. Takes about seven "
        "minutes, with --quick two."
    )
    parser.add_argument(
        "--quick", action="store_true", help="leave out all peers but the usual one"
    )
    parser.add_argument("--server", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


# The competitors.


def compete(table: Table, scenario: Scenario, folder: Path, *, quick: bool) -> Result:
    """Lets everyone update the scenario's fleet: bulkeic's result."""
    targets = folder / "targets.csv"
    scenario.write(targets)
    ours = measure(table, scenario, BULKEIC, bulkeic_command(targets, folder / "run.db"))
    (folder / "run.db").unlink(missing_ok=True)
    for mode, threads in PEERS[:1] if quick else PEERS:
        command = [sys.executable, str(SCRIPT), str(targets), "{url}", mode, str(threads)]
        measure(table, scenario, f"boto3 {mode}, {threads} threads", command)
    return ours


def bulkeic_command(targets: Path, run: Path) -> list[str]:
    command = Path(sys.executable).with_name(BULKEIC)
    flags = (
        f"--endpoint-url {{url}} --rate {RATE} --burst {BURST} --yes --no-progress --output json"
    )
    return [str(command), "apply", str(targets), *flags.split(), "--run", str(run)]


def measure(table: Table, scenario: Scenario, who: str, command: list[str]) -> Result:
    """Runs a command against a server of its own, and prints how it did."""
    with server() as url:
        started = time.perf_counter()
        done = subprocess.run(
            [word.replace("{url}", url) for word in command],
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=PATIENCE_S,
        )
        seconds = time.perf_counter() - started
        calls, refused = counts(url)
    if not done.stdout:
        sys.exit(f"{who} ended with {done.returncode}:\n{done.stderr}")
    told = json.loads(done.stdout)
    # boto3_script tells how many failed, bulkeic's summary how many did not.
    failed = told if isinstance(told, int) else scenario.targets - told["updated"]
    result = Result(seconds, calls, refused, failed)
    print_result(table, scenario, who, result)
    return result


def print_result(table: Table, scenario: Scenario, who: str, result: Result) -> None:
    table.row(
        scenario.name,
        who,
        f"{result.seconds:.2f}",
        f"{scenario.ideal_s:.1f}",
        "-" if result.failed else f"{result.seconds / scenario.ideal_s:.2f}",
        f"{result.calls:,}",
        f"{result.refused:,}",
        f"{result.refused_share:.1%}",
        f"{result.failed:,}",
    )


def environment() -> dict[str, str]:
    """This process's environment with the sandbox's credentials and nobody else's settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    return kept | {
        "AWS_ACCESS_KEY_ID": "AKIA123456789012",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere/config",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
    }


# The server.


@contextmanager
def server() -> Iterator[str]:
    """A sandbox in a process of its own: its URL."""
    command = [sys.executable, __file__, "--server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                sys.exit("the sandbox did not start")
            yield url
        finally:
            process.stdin.close()  # which ends it


def serve() -> None:
    """Runs a sandbox until stdin closes."""
    import anyio  # noqa: PLC0415 - only the server's process needs these
    from anyio.to_thread import run_sync  # noqa: PLC0415

    from bulkeic.sandbox import Faults, Sandbox, SandboxOptions  # noqa: PLC0415

    options = SandboxOptions(
        rate=RATE, burst=BURST, faults=Faults(latency_s=LATENCY_S), any_function=True
    )

    async def until_stdin_closes() -> None:
        async with Sandbox(options) as sandbox:
            print(sandbox.url, flush=True)
            await run_sync(sys.stdin.read)

    anyio.run(until_stdin_closes)


def counts(url: str) -> tuple[int, int]:
    """Lambda calls that a server has seen, and how many of them it refused with 429."""
    with urllib.request.urlopen(f"{url}/_sandbox/stats") as answer:
        stats: dict[str, Any] = json.load(answer)
    total: Counter[str] = Counter()
    for lane in stats["by_lane"].values():
        total.update(lane)
    return total["calls"], total["throttled"]


if __name__ == "__main__":
    main()
