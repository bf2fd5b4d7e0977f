"""Helpers for rollouts: calls at the server, content of a run file, answers on a terminal."""

import json
import os
import pty
import select
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .forks import Process

GET = "GetFunctionEventInvokeConfig"
UPDATE = "UpdateFunctionEventInvokeConfig"
PUT = "PutFunctionEventInvokeConfig"
REGIONS = (REGION, "us-east-2", "us-west-1", "us-west-2")
PATIENCE_S = 60
POLL_S = 0.005

Place = tuple[str, str]
"""Region and function."""


def until(true: Callable[[], bool], what: str) -> None:
    """Waits until a condition is true, and sleeps between checks."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, f"timeout: {what}"
        time.sleep(POLL_S)


def words(server: Server, *more: object) -> tuple[object, ...]:
    """The words of an apply of ``targets.csv``."""
    return (
        "apply", "targets.csv", "--endpoint-url", server.url, "--run", "run.db", "--rate",
        "unlimited", "--maximum-retry-attempts", 1, *more,
    )  # fmt: skip


def resume(server: Server, *more: object) -> tuple[object, ...]:
    """The words that resume the run of ``words``."""
    return ("apply", "run.db", "--endpoint-url", server.url, "--rate", "unlimited", *more)


def write_rows(bulkeic: Bulkeic, regions: Iterable[str], each: int) -> None:
    """Writes ``targets.csv`` with some functions in each Region, one Region after another."""
    rows = [f"fn-{number},{region}" for region in regions for number in range(each)]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,Region", *rows]))


def asked(server: Server) -> list[tuple[str, Place]]:
    """The last 50 Lambda calls, in order of arrival: operation, Region, function."""
    calls = reversed(server.window("live")["last_calls"])
    return [
        (call["operation"], (call["lane"].partition("/")[2], call["function"]))
        for call in calls
        if call["lane"] is not None
    ]


def states(server: Server) -> dict[Place, dict[str, Any] | None]:
    """The configuration of each function at the server, without ``LastModified``."""
    return {
        (lane.partition("/")[2], name): config and _without_time(config)
        for lane, functions in server.window("state").items()
        for name, versions in functions.items()
        for config in (versions["$LATEST"],)
    }


def _without_time(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != "LastModified"}


def load(server: Server, configs: dict[str, dict[str, Any] | None], region: str = REGION) -> None:
    """Sets the functions of a lane; ``None``: a function without a configuration."""
    lane = {name: {"$LATEST": config} for name, config in configs.items()}
    server.window("state", {f"{ACCOUNT}/{region}": lane}, "PUT")


def change(server: Server, place: Place, **settings: Any) -> None:
    """Changes a function at the server, as another user would."""
    region, name = place
    state = server.window("state")
    state[f"{ACCOUNT}/{region}"][name]["$LATEST"].update(settings)
    server.window("state", state, "PUT")


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Queries a run file, as another program would."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def exported(bulkeic: Bulkeic, name: str = "run.db") -> list[dict[str, Any]]:
    return [json.loads(line) for line in bulkeic("export", name).out.splitlines()]


def wave_lines(bulkeic: Bulkeic) -> list[str]:
    """The lines of the report about waves."""
    lines = [line.strip() for line in bulkeic("report", "run.db").out.splitlines()]
    return [line for line in lines if line.startswith("wave ")]


def line_with(process: Process, text: str) -> str:
    """The next line of stderr that contains a text."""
    assert process.stderr is not None
    while line := process.stderr.readline():
        if text in line:
            return line
    raise AssertionError(f"{text} was never printed")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Terminal:
    """The terminal of a command: its output and our answers."""

    def __init__(self, process: Process, ours: int) -> None:
        self.process = process
        self.screen = ""
        self._ours = ours
        self._seen = 0

    def answer(self, question: str, answer: str) -> None:
        """Waits for a question and answers it."""
        self.wait_for(question)
        os.write(self._ours, answer.encode())

    def wait_for(self, question: str) -> None:
        while question not in self.screen[self._seen :]:
            readable, _, _ = select.select([self._ours], [], [], PATIENCE_S)
            assert readable, self.screen
            self.screen += os.read(self._ours, 4096).decode()
        self._seen = self.screen.index(question, self._seen) + len(question)

    def end(self) -> int:
        """Reads to the end: the exit code."""
        try:
            while piece := os.read(self._ours, 4096):
                self.screen += piece.decode()
        except OSError:  # the other end of the terminal is closed
            pass
        return self.process.wait(20)


@contextmanager
def terminal(bulkeic: Bulkeic, *command: object) -> Iterator[Terminal]:
    """Starts a command on a terminal."""
    ours, theirs = pty.openpty()
    try:
        process = bulkeic.start(
            *command,
            "--no-progress",
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env={"NO_COLOR": "1"},
        )
        os.close(theirs)
        yield Terminal(process, ours)
    finally:
        os.close(ours)
