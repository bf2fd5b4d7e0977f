"""Update calls a second that the sandbox answers on one core, and memory of a million functions.

The calls are those of boto3, byte for byte: they are captured and signed before the clock starts. A
client in a process of its own sends them over keep-alive connections, with one call in flight on
each. "busy" is the share of a core that the server and the client used; the client is not the limit
while it is far from 100%.

The server works in one thread. "a core" is the number of calls that it answers in a second of CPU
time, which it would reach with a core to itself; on a busy machine, calls/s is less. The best of a
few rounds counts, because other work can only slow a round down.

`moto_server`, which is not made for load, closes each connection after one call, and gets fewer
calls and fewer functions.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from itertools import cycle, product
from pathlib import Path
from typing import Any

from sandbox_peers import ACCOUNT, REGION, captured, make_functions
from table import TextTable

from bulkeic.sandbox import Sandbox, SandboxOptions
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet import StoredConfig
from bulkeic.sandbox.state.function_arns import LATEST

GOAL_UNVERIFIED = 8000
GOAL_VERIFIED = 4000
GOAL_MB = 300

FLEET = 1_000_000
LANES = 50
EACH = FLEET // LANES
FUNCTIONS = 4000
CALLS = 40_000
MOTO_FUNCTIONS = 20
MOTO_CALLS = 1000
ROUNDS = 3
CONNECTIONS = 16
WARM_UP = 0.1
SIGNATURES = "verify_signatures"
CAN_VERIFY = SIGNATURES in {field.name for field in fields(SandboxOptions)}
PATIENCE_S = 300


@dataclass(frozen=True)
class Result:
    """What the client measured after its warm-up, and CPU seconds of client and server."""

    seconds: float
    calls: int
    failed: int
    server_s: float
    client_s: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    @property
    def core_rate(self) -> float:
        """Calls a second of the server's CPU time."""
        return self.calls / self.server_s


def main() -> None:
    arguments = parse_arguments()
    if arguments.server is not None:
        asyncio_run(serve(json.loads(arguments.server)))
    elif arguments.client is not None:
        asyncio_run(ReplayLoad(json.loads(arguments.client)).run())
    elif arguments.fleet:
        print(json.dumps(list(fleet_mb())))
    else:
        report(quick=arguments.quick)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Update calls a second on one core, and memory for a million functions, with "
        "moto_server for comparison. Takes about a minute; needs Linux."
    )
    parser.add_argument("--quick", action="store_true", help="one round only")
    parser.add_argument("--server", help=argparse.SUPPRESS)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--fleet", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def report(*, quick: bool) -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    table = TextTable(
        ("server", "signatures", "calls", "calls/s", "a core", "busy", "client busy", "failed"),
        (-16, -10, 7, 8, 8, 5, 11, 6),
    )
    rounds = 1 if quick else ROUNDS
    goals = [
        verdict("signatures off", measure_sandbox(table, rounds, verify=False), GOAL_UNVERIFIED),
        verdict("verified", measure_sandbox(table, rounds, verify=True), GOAL_VERIFIED),
    ]
    with moto() as (url, pid):
        make_functions(url, MOTO_FUNCTIONS)
        row(table, "moto_server", "ignored", best(url, pid, MOTO_FUNCTIONS, MOTO_CALLS, rounds))
    held, megabytes = json.loads(subprocess.check_output(command("--fleet"), timeout=PATIENCE_S))
    print(
        f"{FLEET:,} functions in {LANES} lanes: {held:.0f} MB resident, Python itself included; "
        f"{megabytes:.0f} MB when each was updated"
    )
    reached = "reached" if megabytes <= GOAL_MB else f"missed ({megabytes:.0f} MB)"
    print(f"to reach: {'; '.join(goals)}; {GOAL_MB} MB for a million functions {reached}")


def verdict(name: str, result: Result | None, goal: int) -> str:
    if result is None:
        return f"{goal:,} calls a core {name} n/a"
    missed = [] if result.core_rate >= goal else [f"{result.core_rate:,.0f}"]
    missed += [f"{result.failed} failed"] if result.failed else []
    verdict = f"missed ({', '.join(missed)})" if missed else "reached"
    return f"{goal:,} calls a core {name} {verdict}"


def measure_sandbox(table: TextTable, rounds: int, *, verify: bool) -> Result | None:
    """The sandbox's best round; ``None`` if it does not support the setting."""
    signatures = "verified" if verify else "off"
    if verify and not CAN_VERIFY:
        table.row("bulkeic sandbox", signatures, *["n/a"] * 6)
        return None
    with sandbox({SIGNATURES: verify} if CAN_VERIFY else {}) as (url, pid):
        hold(url, FUNCTIONS)
        result = best(url, pid, FUNCTIONS, CALLS, rounds)
    row(table, "bulkeic sandbox", signatures, result)
    return result


def row(table: TextTable, who: str, signatures: str, result: Result) -> None:
    table.row(
        who,
        signatures,
        f"{result.calls:,}",
        f"{result.rate:,.0f}",
        f"{result.core_rate:,.0f}",
        f"{result.server_s / result.seconds:.0%}",
        f"{result.client_s / result.seconds:.0%}",
        f"{result.failed:,}",
    )


def best(url: str, pid: int, functions: int, calls: int, rounds: int) -> Result:
    """The fastest of some rounds against a server."""
    with tempfile.NamedTemporaryFile(mode="w", prefix="bulkeic-sandbox-") as requests:
        json.dump([request.decode("latin-1") for request in captured(url, functions)], requests)
        requests.flush()
        job = {"url": url, "pid": pid, "requests": requests.name, "calls": calls}
        words = command("--client", json.dumps(job))
        results = [
            Result(**json.loads(subprocess.check_output(words, timeout=PATIENCE_S)))
            for _ in range(rounds)
        ]
    return max(results, key=lambda result: result.core_rate)


def command(*words: str) -> list[str]:
    return [sys.executable, __file__, *words]


def asyncio_run(main: Any) -> Any:
    """Runs it on uvloop if it is available, as `bulkeic sandbox` does."""
    if importlib.util.find_spec("uvloop") is None:
        return asyncio.run(main)
    import uvloop  # noqa: PLC0415 - not on every platform

    return uvloop.run(main)


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


# The client.


class ReplayLoad:
    """Sends calls, one after the other on each connection, until enough were answered."""

    def __init__(self, job: dict[str, Any]) -> None:
        host, _, port = job["url"].rpartition("/")[2].rpartition(":")
        self._place = (host, int(port))
        self._pid = job["pid"]
        texts: list[str] = json.loads(Path(job["requests"]).read_text())
        self._requests = cycle([text.encode("latin-1") for text in texts])
        self._calls = job["calls"]
        self._warm_up = int(WARM_UP * self._calls)
        self._answers = self._failed = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self) -> None:
        """Make the calls, and print the result as JSON."""
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        for _ in range(CONNECTIONS):
            self.connect()
        await self._done
        began, ended = self._began, self._marks()
        seconds, server_s, client_s = (b - a for a, b in zip(began, ended, strict=True))
        calls = self._calls - self._warm_up
        print(json.dumps(asdict(Result(seconds, calls, self._failed, server_s, client_s))))

    def connect(self) -> None:
        """Open another connection; also after a server closed one."""
        if self._done.done():
            return
        loop = asyncio.get_running_loop()
        task = loop.create_task(
            loop.create_connection(lambda: ReplayConnection(self), *self._place)
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def next(self) -> bytes:
        """The next request to send."""
        return next(self._requests)

    def answered(self, status: bytes) -> None:
        """Count an answer."""
        self._answers += 1
        self._failed += status != b"200"
        if self._answers == self._warm_up:
            self._began = self._marks()
        elif self._answers == self._calls:
            self._done.set_result(None)

    def _marks(self) -> tuple[float, float, float]:
        return time.perf_counter(), cpu_s(self._pid), time.process_time()


class ReplayConnection(asyncio.Protocol):
    """One connection: an answer is complete when it has its announced length."""

    def __init__(self, load: ReplayLoad) -> None:
        self._load = load
        self._data = b""

    def connection_made(self, transport: Any) -> None:
        """Send the first request."""
        self._transport = transport
        transport.write(self._load.next())

    def data_received(self, data: bytes) -> None:
        """Send the next request if the answer is complete."""
        self._data += data
        head = self._data.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self._data.find(b"Content-Length: ", 0, head) + 16
        if len(self._data) >= head + 4 + int(self._data[at : self._data.find(b"\r", at)]):
            last = self._data.find(b"Connection: close", 0, head) >= 0
            self._load.answered(self._data[9:12])
            self._data = b""
            if last:
                self._transport.close()
            else:
                self._transport.write(self._load.next())

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Continue with another connection."""
        self._load.connect()


# The servers.


async def serve(options: dict[str, Any]) -> None:
    """Runs a sandbox until stdin closes."""
    async with Sandbox(SandboxOptions(rate=None, **options)) as running:
        print(running.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def sandbox(options: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """A sandbox in a process of its own: its URL and process ID."""
    with subprocess.Popen(
        command("--server", json.dumps(options)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            if not url:
                sys.exit("the sandbox did not start")
            yield url, process.pid
        finally:
            process.stdin.close()  # which ends it


@contextmanager
def moto() -> Iterator[tuple[str, int]]:
    """`moto_server` in a process of its own: its URL and process ID."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("moto_server")
    words = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not listens(port):
                if process.poll() is not None:
                    sys.exit("moto_server did not start")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def hold(url: str, functions: int) -> None:
    """Makes functions fn-0, fn-1, … exist in a sandbox."""
    places = [
        {"account_id": ACCOUNT, "region": REGION, "function_name": f"fn-{number}"}
        for number in range(functions)
    ]
    request = urllib.request.Request(f"{url}/_sandbox/hold", json.dumps(places).encode())
    with urllib.request.urlopen(request) as answer:
        answer.read()


def fleet_mb() -> Iterator[float]:
    """Megabytes that this process is resident with: with the large fleet, and with it updated."""
    world = SharedState(SandboxOptions(), time.time())
    accounts = [f"{123456789012 + lane}" for lane in range(LANES)]
    for account, number in product(accounts, range(EACH)):
        world.add_function(account, REGION, f"fn-{number}", LATEST)
    yield resident_mb()
    for account, number in product(accounts, range(EACH)):
        config = StoredConfig(number % 3, 3600, None, None, int(time.time() * 1000))
        world.fleet.set_config((account, REGION), f"fn-{number}", LATEST, config)
    yield resident_mb()


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
