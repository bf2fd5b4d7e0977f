"""The benchmark of CPU and speed, with few targets: what it starts, counts and decides."""

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
WITH_HELP = [
    path for path in sorted(BENCHMARKS.glob("*.py")) if "ArgumentParser(" in path.read_text()
]
QUICK = ("--quick", "--targets", "30", "--rounds", "1")


def started(*words: object, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("path", WITH_HELP, ids=lambda path: path.name)
def test_a_benchmark_describes_its_options(path: Path) -> None:
    shown = started(path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--help" in shown.stdout


def test_every_fast_competitor_updates_all_targets_plain_and_over_tls() -> None:
    ended = started(BENCHMARKS / "throughput.py", "--tls", *QUICK)
    assert (ended.returncode, ended.stderr) == (0, "")
    plain, secure = ended.stdout.partition("30 targets, TLS 1.3")[::2]
    names = ["bulkeic", "floor"]
    if "Go: not installed" not in ended.stdout:
        names.append("Go")
    assert [name for name in names if f"\n{name} " not in plain] == []
    assert [name for name in names if f"\n{name} " not in secure] == []


def test_one_line_says_that_go_is_missing(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    (tmp_path / "openssl").symlink_to(openssl)
    ended = started(BENCHMARKS / "throughput.py", *QUICK, PATH=str(tmp_path))
    assert (ended.returncode, ended.stderr) == (0, "")
    told = [line for line in ended.stdout.splitlines() if "Go" in line]
    assert told == [
        "Go: not installed, skipped (apt-get install golang-go golang-github-aws-aws-sdk-go-v2-dev)"
    ]


@pytest.fixture
def throughput(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("throughput")


@pytest.mark.parametrize(
    ("is_most", "bound", "verdict"),
    [
        (True, 0.5, "reached"),
        (True, 0.4, "missed"),
        (False, 0.5, "reached"),
        (False, 0.6, "missed"),
    ],
)
def test_a_goal_compares_the_median_of_the_rounds(
    throughput: Any,
    is_most: bool,  # noqa: FBT001 - a parameter of the test
    bound: float,
    verdict: str,
) -> None:
    load = throughput.Load(10, tls=False)
    goal = throughput.Goal(
        "CPU a target", lambda cost: cost.cpu_us, "peer", {load: bound}, is_most=is_most
    )
    rounds = {
        "bulkeic": [throughput.Cost(10, 1.0, cpu_s, 1.0) for cpu_s in (1.0, 1.0, 3.0)],
        "peer": [throughput.Cost(10, 1.0, cpu_s, 1.0) for cpu_s in (4.0, 2.0, 1.0)],
    }
    assert goal.row(load, rounds)[-3:] == ("0.50", "0.25 - 3.00", verdict)
