"""A Dask scheduler and workers, all on loopback, started from the command line."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import Bulkeic
from .forks import Process
from .rollout_helpers import line_with, until

ROOT = Path(__file__).parents[2]
CERTIFICATES = ROOT / "examples" / "workers" / "certificates.sh"
DASK = shutil.which("dask", path=str(Path(sys.executable).parent))


def make_certificates(folder: Path) -> Path:
    """A new authority with its certificates, as the docs make it."""
    subprocess.run(["sh", CERTIFICATES, folder], check=True)
    return folder


def tls_flags(certificates: Path, who: str) -> tuple[str, ...]:
    """The flags that name a certificate: of ``scheduler``, ``worker`` or ``command``."""
    files = {"--tls-ca-file": "ca.pem", "--tls-cert": f"{who}.pem", "--tls-key": f"{who}.key"}
    return tuple(word for flag, file in files.items() for word in (flag, str(certificates / file)))


class DaskCluster:
    """A scheduler, and what joins it.

    Args:
        bulkeic: starts workers and commands.
        certificates: folder of the authority; ``None``: without TLS.
    """

    def __init__(self, bulkeic: Bulkeic, certificates: Path | None) -> None:
        assert DASK is not None
        self._bulkeic = bulkeic
        self._certificates = certificates
        self.workers: dict[str, Process] = {}
        file = bulkeic.folder / "scheduler.json"
        host = "tcp://127.0.0.1" if certificates is None else "tls://127.0.0.1"
        self.scheduler = subprocess.Popen(
            [
                DASK, "scheduler", "--host", host, "--port", "0", "--no-dashboard",
                "--dashboard-address", "127.0.0.1:0", "--scheduler-file", file,
                *self._access("scheduler"),
            ],
            cwd=bulkeic.folder, env=bulkeic.env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(lambda: file.exists() and file.read_text().endswith("}"), "the scheduler listens")
        self.address: str = json.loads(file.read_text())["address"]

    def start_worker(self, name: str, address: str | None = None) -> None:
        """Starts ``bulkeic worker``, which joins in a while."""
        flags = self._access("worker") or ("--insecure",)
        # With an option of its own, it has an interpreter of its own, as Dask's processes need.
        self.workers[name] = self._bulkeic.start(
            "worker", address or self.address, "--name", name, *flags, bufsize=1
        )

    def wait_for(self, name: str) -> None:
        """Waits until a worker has joined."""
        assert line_with(self.workers[name], "").endswith(f" as {name}\n")

    def flags(self, address: str | None = None) -> tuple[str, ...]:
        """The flags of a command that uses the workers."""
        return ("--workers", address or self.address, *self._access("command"))

    def process_of(self, name: str) -> int:
        """The id of the process that makes a worker's calls."""
        return worker_process(self.workers[name].pid)

    def stop(self) -> None:
        """Ends everything."""
        for each in self.workers.values():
            each.terminate()
            each.communicate(timeout=30)
        self.scheduler.terminate()
        self.scheduler.wait(30)

    def _access(self, who: str) -> tuple[str, ...]:
        if self._certificates is not None:
            return tls_flags(self._certificates, who)
        return ("--insecure",) if who == "command" else ()


OTHER_WORKER = """
import asyncio, importlib.metadata, sys
address, what = sys.argv[1:]
if what == "missing":
    sys.modules["bulkeic"] = None
    version = importlib.metadata.version
    importlib.metadata.version = lambda name: version(name.replace("bulkeic", "not-installed"))
else:
    import bulkeic.version
    bulkeic.version.__version__ = what
from distributed import Worker

async def main():
    async with Worker(address, nthreads=1, name="other", memory_limit=0) as worker:
        print("joined", flush=True)
        await worker.finished()

asyncio.run(main())
"""


@contextmanager
def other_worker(address: str, what: str) -> Iterator[None]:
    """A worker with another version of bulkeic, or without it: ``missing``."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_WORKER, address, what], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "joined\n"
    try:
        yield
    finally:
        process.terminate()
        process.communicate(timeout=30)


def worker_process(nanny: int) -> int:
    """The id of the process that a nanny watches."""
    threads = Path(f"/proc/{nanny}/task").iterdir()
    children = [word for each in threads for word in (each / "children").read_text().split()]
    found = [each for each in map(int, children) if b"spawn_main" in _command_line(each)]
    assert len(found) == 1, found
    return found[0]


def _command_line(process_id: int) -> bytes:
    return Path(f"/proc/{process_id}/cmdline").read_bytes()


@contextmanager
def dask_cluster(
    bulkeic: Bulkeic, names: tuple[str, ...] = ("one", "two"), *, certificates: Path | None = None
) -> Iterator[DaskCluster]:
    """Runs a scheduler with workers."""
    cluster = DaskCluster(bulkeic, certificates)
    try:
        for name in names:
            cluster.start_worker(name)
        for name in names:
            cluster.wait_for(name)
        yield cluster
    finally:
        cluster.stop()
