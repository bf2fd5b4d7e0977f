"""Servers that answer without end, too large, too deep or too slowly: memory and time are bounded.

The bounds of an answer of Lambda or STS: a body of 6 MiB, headers of 64 KiB, 16 informational
responses, and ``--timeout`` for all of it.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from .conftest import Bulkeic
from .hostile_server import ANSWERS, MB, OK, Answer, HostileServer, hostile_server, whole

PEAK_MB = 150
SECONDS = 60
TIMEOUT_S = 3
# Its child gets no more address space than this, so that a test that fails does not fill the
# machine. It writes the peak memory of the child: its own, before it, is small.
LAUNCHER = """
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_AS, (2000 << 20, 2000 << 20))
try:
    code = subprocess.run(sys.argv[2:], timeout=float(sys.argv[1])).returncode
except subprocess.TimeoutExpired:
    code = 124
with open("peak.txt", "w") as file:
    file.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
sys.exit(code if code >= 0 else 128 - code)
"""


def attacked(bulkeic: Bulkeic, server: HostileServer, targets: int = 2) -> tuple[int, list[str]]:
    """Applies some targets: the exit code and the lines of stderr, within memory and time."""
    names = "\n".join(f"fn-{number}" for number in range(targets))
    bulkeic.write("targets.csv", f"FunctionName\n{names}\n")
    words = bulkeic.words((
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--max-attempts", 2, "--timeout", f"{TIMEOUT_S}s",
        "--give-up-after", "8s", "--rate", "unlimited", "--no-progress",
    ))  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, str(SECONDS), *words], cwd=bulkeic.folder, env=bulkeic.env,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode != 124, f"not ended after {SECONDS} s: {done.stderr}"
    assert "Traceback" not in done.stderr, done.stderr
    assert "internal error" not in done.stderr, done.stderr
    assert server.calls > 0
    peak_mb = int((bulkeic.folder / "peak.txt").read_text())
    assert peak_mb < PEAK_MB, f"{peak_mb} MB"
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_a_hostile_lambda_costs_neither_memory_nor_a_false_outcome(
    bulkeic: Bulkeic, name: str
) -> None:
    with hostile_server(ANSWERS[name]) as server:
        code, lines = attacked(bulkeic, server)
    assert code in (1, 3), lines
    assert all(len(line) < 2000 for line in lines)


@pytest.mark.parametrize(
    "name",
    [
        "body of 10 TB",
        "endless chunks",
        "endless headers",
        "endless informational responses",
        "error of 5 MB",
        "gzip bomb",
    ],
)
def test_a_hostile_sts_ends_the_command(bulkeic: Bulkeic, name: str) -> None:
    with hostile_server(ANSWERS[name], "sts") as server:
        code, lines = attacked(bulkeic, server)
    assert code in (2, 3), lines
    assert all(len(line) < 2000 for line in lines)


def dripped(size: int) -> Answer:
    """An answer that comes byte by byte."""
    content = OK + b"Content-Length: %d\r\n\r\n%b" % (size, b"x" * size)

    def answer() -> Iterator[bytes]:
        for byte in content:
            yield bytes([byte])

    return answer


@pytest.mark.parametrize("service", ["lambda", "sts"])
def test_a_slow_answer_ends_at_the_timeout(bulkeic: Bulkeic, service: str) -> None:
    with hostile_server(dripped(100_000), service, pause_s=0.02) as server:
        code, lines = attacked(bulkeic, server, targets=1)
    assert code in (1, 2, 3), lines


def test_many_large_answers_at_once_share_a_limit(bulkeic: Bulkeic) -> None:
    with hostile_server(whole(b'{"Message":"' + b"x" * 6 * MB)) as server:
        code, lines = attacked(bulkeic, server, targets=64)
    assert code in (1, 3), lines
