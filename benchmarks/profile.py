"""Where the CPU of a target goes, by room of the house.

A timer of the process's CPU takes a sample each millisecond of what `bulkeic apply` is doing. A
sample belongs to the innermost room that is at work, with what that room asks of libraries; the
second table tells the libraries. Threads other than the main one are the run file's and the
results': their CPU is measured by itself.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

from table import Table
from throughput import IN_FLIGHT, pinned_server, write_targets

import bulkeic

INTERVAL_S = 0.001
HOUSE = Path(bulkeic.__file__).parent
LOOP = Path("app/runtime.py")  # runs the loop: what has no other room below it is the loop's
START_UP = "start-up (imports)"


class Samples:
    """What the main thread was found doing."""

    def __init__(self) -> None:
        self.rooms: Counter[str] = Counter()
        self.libraries: Counter[str] = Counter()

    def take(self, _number: int, frame: FrameType | None) -> None:
        """Takes a sample."""
        self.libraries[library_of(frame)] += 1
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                self.rooms[START_UP] += 1
                return
            if name.startswith(str(HOUSE)):
                self.rooms[room_of(Path(name).relative_to(HOUSE))] += 1
                return
            frame = frame.f_back


def room_of(path: Path) -> str:
    if path == LOOP:
        return "event loop, sockets, answers' bytes"
    return path.parts[0].removesuffix(".py")


def library_of(frame: FrameType | None) -> str:
    name = frame.f_code.co_filename if frame else ""
    if "site-packages" in name:
        return name.split("site-packages/")[1].split("/")[0]
    return "bulkeic" if name.startswith(str(HOUSE)) else "Python's own"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=20_000)
    targets = parser.parse_args().targets
    with tempfile.TemporaryDirectory(prefix="bulkeic-profile-") as folder, pinned_server() as at:
        file = write_targets(Path(folder) / "targets.csv", targets)
        samples, main_s, threads_s = profiled(file, Path(folder) / "run.db", at.url)
    print(f"{targets:,} targets: {(main_s + threads_s) / targets * 1e6:,.0f} us of CPU each")
    each_us = main_s / sum(samples.rooms.values()) / targets * 1e6
    print_table("room", samples.rooms, each_us, ("store, results (threads)", threads_s, targets))
    print_table("code of", samples.libraries, each_us, None)


def profiled(file: Path, run_file: Path, url: str) -> tuple[Samples, float, float]:
    """Runs `bulkeic apply` in this process: samples, CPU of the main thread and of the others."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "AKIA123456789012",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    flags = f"--endpoint-url {url} --rate unlimited --concurrency {IN_FLIGHT} --yes --no-progress"
    sys.argv = ["bulkeic", "apply", str(file), *flags.split(), "--run", str(run_file)]
    samples = Samples()
    all_before, main_before = time.process_time(), time.thread_time()
    signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        from bulkeic.cli.process import main as command  # noqa: PLC0415 - its import is part of the cost

        command()
    except SystemExit as ended:
        assert not ended.code  # noqa: PT017 - the command ends so
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    assert threading.current_thread() is threading.main_thread()
    main_s = time.thread_time() - main_before
    return samples, main_s, time.process_time() - all_before - main_s


def print_table(
    heading: str, counts: Counter[str], each_us: float, apart: tuple[str, float, int] | None
) -> None:
    rows = [(name, count * each_us) for name, count in counts.most_common()]
    if apart is not None:
        name, seconds, targets = apart
        rows.append((name, seconds / targets * 1e6))
    total = sum(us for _, us in rows)
    print()
    table = Table((heading, "us/target", "share"), (-36, 9, 6))
    for name, us in sorted(rows, key=lambda row: -row[1]):
        if us / total >= 0.005:
            table.row(name, f"{us:.1f}", f"{us / total:.1%}")


if __name__ == "__main__":
    main()
