"""A Dask scheduler and two workers on loopback, with TLS and certificates made for the purpose."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from contest import environment, installed

CERTIFICATES = Path(__file__).parents[1] / "examples" / "workers" / "certificates.sh"
NAMES = ("one", "two")
PATIENCE_S = 60
POLL_S = 0.05


@dataclass(frozen=True)
class DaskTeam:
    """What runs.

    Attributes:
        flags: of a command that uses it.
        scheduler: its process ID.
        workers: the IDs of the processes that make the calls.
    """

    flags: Sequence[str]
    scheduler: int
    workers: Sequence[int]


@contextmanager
def dask_team(folder: Path) -> Iterator[DaskTeam]:
    """Starts a scheduler and two workers, and ends them.

    Args:
        folder: for files.

    Raises:
        SystemExit: one of them cannot be started.
    """
    certificates = folder / "certificates"
    subprocess.run(["sh", CERTIFICATES, certificates], check=True)
    with ExitStack() as stack:
        address, scheduler = _start_scheduler(stack, certificates, folder / "scheduler.json")
        joining = [_start_worker(stack, certificates, address, name) for name in NAMES]
        for process in joining:
            assert process.stderr is not None
            if not process.stderr.readline().startswith("joined"):
                sys.exit("a worker did not join")
        workers = [_worker_process(process.pid) for process in joining]
        flags = ("--workers", address, *_tls(certificates, "command"))
        yield DaskTeam(flags, scheduler, workers)


def _start_scheduler(stack: ExitStack, certificates: Path, file: Path) -> tuple[str, int]:
    """Starts a scheduler: its address and its process ID."""
    file.unlink(missing_ok=True)
    dask = shutil.which("dask", path=str(Path(sys.executable).parent))
    if dask is None:
        sys.exit("--dask needs the extra bulkeic[dask]")
    process = _start(
        stack,
        [
            dask, "scheduler", "--host", "tls://127.0.0.1", "--port", "0", "--no-dashboard",
            "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file),
            *_tls(certificates, "scheduler"),
        ],
    )  # fmt: skip
    give_up_at = time.monotonic() + PATIENCE_S
    while not (file.exists() and file.read_text().endswith("}")):
        if process.poll() is not None or time.monotonic() > give_up_at:
            sys.exit("the scheduler did not start")
        time.sleep(POLL_S)
    return json.loads(file.read_text())["address"], process.pid


def _start_worker(
    stack: ExitStack, certificates: Path, address: str, name: str
) -> "subprocess.Popen[str]":
    words = [installed(), "worker", address, "--name", name, *_tls(certificates, "worker")]
    return _start(stack, words)


def _start(stack: ExitStack, words: Sequence[str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE if "worker" in words else subprocess.DEVNULL,
        text=True,
        env=environment(None),
    )
    stack.callback(process.communicate)
    stack.callback(process.terminate)
    return process


def _tls(certificates: Path, who: str) -> tuple[str, ...]:
    files = {"--tls-ca-file": "ca.pem", "--tls-cert": f"{who}.pem", "--tls-key": f"{who}.key"}
    return tuple(word for flag, file in files.items() for word in (flag, str(certificates / file)))


def _worker_process(nanny: int) -> int:
    """The process that a nanny watches; its other child tracks resources."""
    threads = Path(f"/proc/{nanny}/task").iterdir()
    children = [word for each in threads for word in (each / "children").read_text().split()]
    (found,) = (
        each
        for each in map(int, children)
        if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()
    )
    return found
