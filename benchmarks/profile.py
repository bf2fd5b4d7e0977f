"""The CPU time of a target, by package of bulkeic.

A timer of CPU time samples `bulkeic apply` every millisecond. A sample counts for the innermost
package of bulkeic on the stack, including the libraries that it calls; the second table lists the
libraries. Threads other than the main one belong to the run file and the results; their CPU time is
measured separately.
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

from table import TextTable
from throughput import IN_FLIGHT, pinned_server, write_targets

import bulkeic

INTERVAL_S = 0.001
PACKAGE = Path(bulkeic.__file__).parent
LOOP = Path("app/runtime.py")  # runs the event loop: samples directly below it belong to the loop
START_UP = "start-up (imports)"


class Samples:
    """Samples of the main thread."""

    def __init__(self) -> None:
        self.packages: Counter[str] = Counter()
        self.libraries: Counter[str] = Counter()

    def take(self, _number: int, frame: FrameType | None) -> None:
        """Takes a sample."""
        self.libraries[library_of(frame)] += 1
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                self.packages[START_UP] += 1
                return
            if name.startswith(str(PACKAGE)):
                self.packages[package_of(Path(name).relative_to(PACKAGE))] += 1
                return
            frame = frame.f_back


def package_of(path: Path) -> str:
    if path == LOOP:
        return "event loop, sockets, answers' bytes"
    return path.parts[0].removesuffix(".py")


def library_of(frame: FrameType | None) -> str:
    name = frame.f_code.co_filename if frame else ""
    if "site-packages" in name:
        return name.split("site-packages/")[1].split("/")[0]
    return "bulkeic" if name.startswith(str(PACKAGE)) else "Python's own"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=20_000)
    targets = parser.parse_args().targets
    with tempfile.TemporaryDirectory(prefix="bulkeic-profile-") as folder, pinned_server() as at:
        file = write_targets(Path(folder) / "targets.csv", targets)
        samples, main_s, threads_s = profiled(file, Path(folder) / "run.db", at.url)
    print(f"{targets:,} targets: {(main_s + threads_s) / targets * 1e6:,.0f} us of CPU each")
    each_us = main_s / sum(samples.packages.values()) / targets * 1e6
    print_table(
        "package", samples.packages, each_us, ("store, results (threads)", threads_s, targets)
    )
    print_table("code of", samples.libraries, each_us, None)


def profiled(file: Path, run_file: Path, url: str) -> tuple[Samples, float, float]:
    """Runs `bulkeic apply` in this process.

    Returns:
        Samples, CPU seconds of the main thread, and CPU seconds of the other threads.
    """
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "AKIA123456789012",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    flags = f"--endpoint-url {url} --rate unlimited --concurrency {IN_FLIGHT} --yes --no-progress"
    flags += " --no-before-image"
    sys.argv = ["bulkeic", "apply", str(file), *flags.split(), "--run", str(run_file)]
    samples = Samples()
    all_before, main_before = time.process_time(), time.thread_time()
    signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        from bulkeic.cli.process import main as command  # noqa: PLC0415 - its import is part of the cost

        command()
    except SystemExit as ended:
        assert not ended.code  # noqa: PT017 - the command always ends with SystemExit
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
    table = TextTable((heading, "us/target", "share"), (-36, 9, 6))
    for name, us in sorted(rows, key=lambda row: -row[1]):
        if us / total >= 0.005:
            table.row(name, f"{us:.1f}", f"{us / total:.1%}")


if __name__ == "__main__":
    main()
