"""Helpers for benchmarks in which competitors update a fleet: sandboxes, commands, outcomes.

Every competitor gets a sandbox in a process of its own, so that it starts with full buckets and is
counted alone. It runs as a command of its own, start-up included.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

RATE = 15
BURST = 15
LATENCY_S = 0.06

BULKEIC = "bulkeic"
ACCOUNT = "123456789012"
PATIENCE_S = 900
# Bytes of output that are kept. A command's peak includes this process's memory at its start.
MOST_OUTPUT = 2_000_000
UPDATED = "updated"


@dataclass(frozen=True)
class TimedOutcome:
    """The result of a target: when it ended, its lane (account/Region), whether it was updated."""

    time_s: float
    lane: str
    updated: bool


@dataclass(frozen=True)
class Run:
    """A command that has ended. Times are Unix times in seconds; output is its first bytes."""

    started_s: float
    ended_s: float
    cpu_s: float
    peak_mb: float
    returncode: int
    stdout: str
    stderr: str

    @property
    def seconds(self) -> float:
        """Seconds, start-up included."""
        return self.ended_s - self.started_s


@dataclass(frozen=True)
class Counts:
    """What a server counted: Lambda calls, those that got a 429, and its CPU seconds."""

    calls: int
    refused: int
    cpu_s: float

    @property
    def refused_share(self) -> float:
        """Share of refused calls."""
        return self.refused / self.calls if self.calls else 0.0


# The server.


class Server:
    """A running sandbox.

    Attributes:
        url: its URL.
        pid: its process ID.
    """

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    def counts(self) -> Counts:
        """The counts so far."""
        total: Counter[str] = Counter()
        for lane in self.window("stats")["by_lane"].values():
            total.update(lane)
        return Counts(total["calls"], total["throttled"], self._cpu_s())

    def window(self, name: str, data: Any = None) -> Any:
        """Reads an admin page of the sandbox as JSON, or puts data there."""
        body = None if data is None else json.dumps(data).encode()
        method = "GET" if data is None else "PUT"
        request = urllib.request.Request(f"{self.url}/_sandbox/{name}", body, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def _cpu_s(self) -> float:
        path = Path(f"/proc/{self.pid}/stat")
        if not path.exists():
            return float("nan")
        after_name = path.read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(fleet: Sequence[str] = ("--functions", "any"), /, **scenario: Any) -> Iterator[Server]:
    """Starts a sandbox with Lambda's quota by default.

    Args:
        fleet: flags that say which functions exist; by default every function does.
        scenario: settings of a scenario file of the sandbox.
    """
    quota = {"rate": RATE, "burst": BURST, "latency_s": LATENCY_S}
    with tempfile.NamedTemporaryFile("w", prefix="bulkeic-scenario-", suffix=".json") as file:
        json.dump(quota | scenario, file)
        file.flush()
        command = [installed(), "sandbox", *fleet, "--scenario", file.name]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            try:
                url = process.stdout.readline().strip()
                if not url:
                    sys.exit("the sandbox did not start")
                yield Server(url, process.pid)
            finally:
                process.send_signal(signal.SIGTERM)


# The competitors.


def installed() -> str:
    """The path of the installed command."""
    return str(Path(sys.executable).with_name(BULKEIC))


def apply_command(targets: Path, run: Path, *flags: str) -> list[str]:
    """The command line of bulkeic for a targets file; `{url}` stands for the server's URL."""
    flags_of_all = "--endpoint-url {url} --yes --no-progress --no-before-image --output json"
    return [installed(), "apply", str(targets), *flags_of_all.split(), "--run", str(run), *flags]


def script_command(script: str, *words: object) -> list[str]:
    """The command line of a competitor's Python script."""
    path = Path(__file__).with_name("peers") / script
    return [sys.executable, str(path), *map(str, words)]


def finish(
    command: Sequence[str], url: str, cap_s: float = PATIENCE_S, ca: Path | None = None
) -> Run:
    """Runs a command until it ends, and terminates it after `cap_s` seconds.

    Args:
        command: its words; `{url}` stands for the server's URL.
        url: of the server.
        cap_s: seconds.
        ca: file of the authority that vouches for the server; ``None`` for the system's.

    Raises:
        SystemExit: it failed and printed nothing on stdout.
    """
    words = [word.replace("{url}", url) for word in command]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started_s = time.time()
        process = subprocess.Popen(words, stdout=out, stderr=err, env=environment(ca))
        timer = threading.Timer(cap_s, process.kill)
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        ended_s = time.time()
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        run = Run(
            started_s,
            ended_s,
            used.ru_utime + used.ru_stime,
            used.ru_maxrss / 1024,
            process.returncode,
            out.read(MOST_OUTPUT).decode(),
            err.read().decode(),
        )
    if not run.stdout:
        sys.exit(f"{words[:3]} ended with {run.returncode}:\n{run.stderr}")
    return run


def environment(ca: Path | None = None) -> Mapping[str, str]:
    """This process's environment, with the sandbox's credentials and without other AWS settings.

    Args:
        ca: file of the authority that vouches for the server.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and not name.lower().endswith("_proxy")
    }
    trusted = {} if ca is None else {"AWS_CA_BUNDLE": str(ca)}
    return (
        kept
        | trusted
        | {
            "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nowhere/config",
            "AWS_SHARED_CREDENTIALS_FILE": "/nowhere/credentials",
        }
    )


# The results of the targets.


def script_outcomes(run: Run) -> list[TimedOutcome]:
    """Parses what a script printed: time, lane and result, a line for each target."""
    lines = (line.split() for line in run.stdout.splitlines() if line.count(" ") == 2)
    return [TimedOutcome(float(time_s), lane, went == UPDATED) for time_s, lane, went in lines]


def run_file_outcomes(path: Path) -> list[TimedOutcome]:
    """Reads the results from bulkeic's run file."""
    query = "SELECT started_at, duration_s, account_id, region, status FROM result"
    with closing(sqlite3.connect(path)) as database:
        return [
            TimedOutcome(
                unix_s(started_at) + (duration_s or 0), f"{account}/{region}", status == UPDATED
            )
            for started_at, duration_s, account, region, status in database.execute(query)
            if started_at is not None
        ]


def first_calls(path: Path) -> dict[str, float]:
    """When each lane's first job started, from bulkeic's run file: lane -> Unix time."""
    query = "SELECT account_id || '/' || region, min(started_at) FROM result GROUP BY 1"
    with closing(sqlite3.connect(path)) as database:
        return {lane: unix_s(first) for lane, first in database.execute(query)}


def unix_s(stamp: str) -> float:
    """Converts a timestamp of a run file to a Unix time."""
    return datetime.fromisoformat(stamp).timestamp()
