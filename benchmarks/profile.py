"""The CPU time of a target, by package of bulkeic.

A timer of CPU time samples `bulkeic apply` every millisecond. A sample counts for the innermost
package of bulkeic on the stack, including the libraries that it calls; the second table lists the
libraries. Threads other than the main one belong to the run file and the results; their CPU time is
measured separately.

`--checkout` profiles the code of another folder, with the libraries of this environment.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from contest import environment
from one_lane import IN_FLIGHT, Endpoint, instant_server, write_certificate, write_targets
from table import TextTable

INTERVAL_S = 0.001
# It runs the event loop: samples directly below it belong to the loop.
LOOP = Path("app/access/runtime.py")
START_UP = "start-up (imports)"
THREADS = "threads of run file and results"


class Samples:
    """Samples of the main thread.

    Args:
        package: folder of the profiled code.
    """

    def __init__(self, package: Path) -> None:
        self._package = package
        self.packages: Counter[str] = Counter()
        self.libraries: Counter[str] = Counter()

    def take(self, _number: int, frame: FrameType | None) -> None:
        """Takes a sample."""
        self.libraries[self._library_of(frame)] += 1
        while frame is not None:
            name = frame.f_code.co_filename
            if name.startswith("<frozen importlib"):
                self.packages[START_UP] += 1
                return
            if name.startswith(str(self._package)):
                self.packages[package_of(Path(name).relative_to(self._package))] += 1
                return
            frame = frame.f_back

    def _library_of(self, frame: FrameType | None) -> str:
        name = frame.f_code.co_filename if frame else ""
        if "site-packages" in name:
            return name.split("site-packages/")[1].split("/")[0]
        return "bulkeic" if name.startswith(str(self._package)) else "Python's own"


def package_of(path: Path) -> str:
    if path == LOOP:
        return "event loop, sockets, TLS"
    return path.parts[0].removesuffix(".py")


def main() -> None:
    arguments = parse_arguments()
    if arguments.checkout is not None:
        sys.path.insert(0, str(arguments.checkout.resolve()))
    spec = find_spec("bulkeic")
    assert spec is not None
    assert spec.origin is not None
    samples = Samples(Path(spec.origin).parent)
    targets = arguments.targets
    with tempfile.TemporaryDirectory(prefix="bulkeic-profile-") as name:
        folder = Path(name)
        file = write_targets(folder / "targets.csv", targets)
        certificate = write_certificate(folder) if arguments.tls else None
        with instant_server(targets, certificate) as server:
            main_s, threads_s = profiled(samples, file, folder / "run.db", server)
    print(f"{targets:,} targets: {(main_s + threads_s) / targets * 1e6:,.0f} us of CPU each")
    each_us = main_s / sum(samples.packages.values()) / targets * 1e6
    packages = {name: count * each_us for name, count in samples.packages.items()}
    print_table("package", packages | {THREADS: threads_s / targets * 1e6})
    print_table("code of", {name: count * each_us for name, count in samples.libraries.items()})


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=20_000)
    parser.add_argument("--tls", action="store_true", help="over TLS 1.3")
    parser.add_argument("--checkout", type=Path, metavar="FOLDER", help="profile the code there")
    return parser.parse_args()


def profiled(samples: Samples, file: Path, run_file: Path, server: Endpoint) -> tuple[float, float]:
    """Runs `bulkeic apply` in this process.

    Returns:
        CPU seconds of the main thread, and CPU seconds of the other threads.
    """
    settings = environment(server.ca)
    os.environ.clear()
    os.environ |= settings
    flags = f"--endpoint-url {server.url} --rate unlimited --concurrency {IN_FLIGHT} --yes"
    flags += f" --no-progress --no-before-image --results {run_file.with_suffix('.jsonl')}"
    sys.argv = ["bulkeic", "apply", str(file), *flags.split(), "--run", str(run_file)]
    all_before, main_before = time.process_time(), time.thread_time()
    signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_S, INTERVAL_S)
    try:
        from bulkeic.cli.entry_point import main as command  # noqa: PLC0415 - part of the cost

        command()
    except SystemExit as ended:
        assert not ended.code  # noqa: PT017 - the command always ends with SystemExit
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    assert threading.current_thread() is threading.main_thread()
    main_s = time.thread_time() - main_before
    return main_s, time.process_time() - all_before - main_s


def print_table(heading: str, us: dict[str, float]) -> None:
    print()
    table = TextTable((heading, "us/target", "share"), (-36, 9, 6))
    total = sum(us.values())
    for name, each_us in sorted(us.items(), key=lambda row: -row[1]):
        if each_us / total >= 0.005:
            table.row(name, f"{each_us:.1f}", f"{each_us / total:.1%}")


if __name__ == "__main__":
    main()
