"""Whether `bulkeic bench` measures correctly: a known latency, a stall, and compared with peers.

The server is `stub.py` in a process of its own: it answers every request after 20 ms. The effect of
a stall on an open load is arithmetic: every request that is due during the stall waits for its end.
Peers are `wrk` and `hey`, if they are installed; neither can sign a request or keep a rate.
"socket" is a loop of send and recv: the best latency that this machine can measure.

    python benchmarks/latency.py
"""

import json
import math
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contest import environment, installed
from table import TextTable

LATENCY_S = 0.02
OFF, OFF_PEERS = 0.02, 0.05
RATE = 70
SECONDS, WARMUP_S = 20, 1
STALL_AT_S, STALL_S = 8.0, 1.0
PERCENTILES = {"p50": 50, "p90": 90, "p99": 99}
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}


@dataclass(frozen=True)
class Figures:
    """A measurement: requests a second, and seconds by percentile."""

    throughput: float
    latency: dict[str, float]


@contextmanager
def stub(*words: str) -> Iterator[str]:
    """Starts a server with a known latency; yields its URL."""
    command = [sys.executable, str(Path(__file__).with_name("stub.py")), "--latency"]
    with subprocess.Popen(
        [*command, str(LATENCY_S), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


# The tools.


def bulkeic(url: str, *words: str) -> Figures:
    """Measures with `bulkeic bench`."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.json"
        flags = f"--functions 1000 --region us-east-1 --endpoint-url {url} --no-progress"
        command = [installed(), "bench", *flags.split(), "--results", str(results), *words]
        subprocess.run(command, env=environment(), check=True, capture_output=True)
        measures: dict[str, Any] = json.loads(results.read_text())["measures"][0]
    spread = measures["latency"]
    return Figures(
        measures["throughput"],
        {name: spread[f"{name}_s"] for name in PERCENTILES} | {"max": spread["max_s"]},
    )


def bare(url: str, seconds: int) -> Figures:
    """Measures with a blocking socket, one request after the other."""
    host, _, port = url.removeprefix("http://").partition(":")
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    times = []
    with socket.create_connection((host, int(port))) as server:
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = now = time.monotonic()
        while now < begin + seconds:
            server.sendall(request)
            server.recv(65_536)
            times.append(time.monotonic() - now)
            now = time.monotonic()
    return Figures(len(times) / (now - begin), _percentiles(times))


def wrk(url: str, at_once: int, seconds: int) -> Figures:
    """Measures with `wrk`."""
    text = _output("wrk", "-t1", f"-c{at_once}", f"-d{seconds}s", "--latency", f"{url}/")
    found = re.findall(r"^\s+(\d+)%\s+([\d.]+)(us|ms|s)$", text, re.MULTILINE)
    latency = {f"p{percent}": float(value) * UNITS[unit] for percent, value, unit in found}
    return Figures(_number(r"Requests/sec:\s+([\d.]+)", text), latency)


def hey(url: str, at_once: int, seconds: int) -> Figures:
    """Measures with `hey`."""
    text = _output("hey", "-z", f"{seconds}s", "-c", str(at_once), f"{url}/")
    found = re.findall(r"^\s+(\d+)%+ in ([\d.]+) secs$", text, re.MULTILINE)
    latency = {f"p{percent}": float(value) for percent, value in found}
    return Figures(_number(r"Requests/sec:\s+([\d.]+)", text), latency)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, text
    return float(found[1])


# The expected figures.


def of_the_stall() -> dict[str, float]:
    """Percentiles of an open load with the stall: a request every 1 / RATE s, from the start."""
    latencies = []
    for number in range(WARMUP_S * RATE, (WARMUP_S + SECONDS) * RATE):
        due, end = number / RATE, STALL_AT_S + STALL_S
        answered = due + LATENCY_S
        if STALL_AT_S <= due < end:
            answered = end + LATENCY_S
        elif STALL_AT_S <= answered < end:
            answered = end
        latencies.append(answered - due)
    return _percentiles(latencies) | {"max": max(latencies)}


def _percentiles(latencies: list[float]) -> dict[str, float]:
    latencies = sorted(latencies)
    return {
        name: latencies[math.ceil(len(latencies) * percent / 100) - 1]
        for name, percent in PERCENTILES.items()
    }


def known() -> bool:
    """Prints measured and expected percentiles."""
    fixed = dict.fromkeys(PERCENTILES, LATENCY_S)
    in_turn = fixed | {"max": STALL_S + LATENCY_S}
    opened, closed = ("--rate", str(RATE)), ("--concurrency", "1")
    stall = ("--stall", str(STALL_AT_S), str(STALL_S))
    loads = [
        ("20 ms", f"open, {RATE}/s", (), opened, fixed),
        ("20 ms", "closed, 1 at once", (), closed, fixed),
        ("20 ms, stalls for 1 s", f"open, {RATE}/s", stall, opened, of_the_stall()),
        ("20 ms, stalls for 1 s", "closed, 1 at once", stall, closed, in_turn),
    ]
    table = TextTable(("server", "load", "", "is", "measured", "off"), (-21, -17, -4, 8, 9, 6))
    reached = True
    for server, load, words, flags, truth in loads:
        with stub(*words) as url:
            found = bulkeic(url, *flags, "--duration", str(SECONDS)).latency
        for name, value in truth.items():
            off = found[name] / value - 1
            reached = reached and (abs(off) <= OFF or name == "max")
            table.row(server, load, name, _ms(value), _ms(found[name]), f"{off:+.1%}")
    return reached


def beside_peers() -> bool:
    """Measures the same closed loads with the peers."""
    peers = {who.__name__: who for who in (wrk, hey) if shutil.which(who.__name__)}
    table = TextTable(
        ("at once", "who", "a second", *PERCENTILES, "off at most"), (7, -7, 8, 8, 8, 8, 11)
    )
    reached = bool(peers)
    for at_once in (1, 8):
        with stub() as url:
            ours = bulkeic(url, "--concurrency", str(at_once), "--duration", str(SECONDS))
            table.row(at_once, "bulkeic", *_cells(ours), "")
            if at_once == 1:
                table.row(at_once, "socket", *_cells(bare(url, SECONDS)), "")
            for name, who in peers.items():
                theirs = who(url, at_once, SECONDS)
                off = _off(ours, theirs)
                reached = reached and off <= OFF_PEERS
                table.row(at_once, name, *_cells(theirs), f"{off:.1%}")
    return reached


def _cells(figures: Figures) -> list[str]:
    return [
        f"{figures.throughput:.1f}",
        *(_ms(figures.latency[name]) for name in PERCENTILES),
    ]


def _off(ours: Figures, theirs: Figures) -> float:
    pairs = [(ours.throughput, theirs.throughput)]
    pairs += [(ours.latency[name], theirs.latency[name]) for name in PERCENTILES]
    return max(abs(one / other - 1) for one, other in pairs)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}"


def main() -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}; ms")
    is_right = known()
    print()
    is_like_peers = beside_peers()
    print(
        f"to reach: percentiles within {OFF:.0%} of the expected ones: {_said(is_right)}; "
        f"within {OFF_PEERS:.0%} of every peer: {_said(is_like_peers)}"
    )


def _said(reached: object) -> str:
    return "reached" if reached else "missed"


if __name__ == "__main__":
    main()
