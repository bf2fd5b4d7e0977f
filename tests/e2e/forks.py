"""Runs the installed command to its end without starting an interpreter for each run.

A process that has imported all that the command imports forks for each run. The fork has its
arguments, folder, environment and streams from the test, enters where the console script enters,
and ends as an interpreter ends.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Self

FORKER = Path(__file__).with_name("forker.py")
_NUMBER = 4
_READ_BY_COMMANDS = ("AWS_", "PYTEST_")


class Forks:
    """The process that forks. A context manager.

    Args:
        command: the console script.
        env: of the process, as a command would have it.
    """

    def __init__(self, command: str, env: Mapping[str, str]) -> None:
        self._env = env
        self._lock = Lock()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, str(FORKER), str(theirs.fileno()), command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        assert self._process.wait(10) == 0

    def serves(self, env: Mapping[str, str]) -> bool:
        """Whether an environment differs only in what a command reads when it runs.

        What an interpreter or a library reads when it starts is fixed when the process forks.
        """
        differing = {name for name, _ in self._env.items() ^ env.items()}
        return all(
            name.startswith(_READ_BY_COMMANDS) or name.lower().endswith("_proxy")
            for name in differing
        )

    def run(
        self,
        words: list[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: str | None,
        timeout: int,
    ) -> "subprocess.CompletedProcess[str]":
        """As ``subprocess.run`` with captured streams; ``stdin=None`` is an empty one."""
        asked = {"words": words, "cwd": str(cwd), "env": dict(env)}
        out_end, out = os.pipe()
        err_end, err = os.pipe()
        in_, in_end = (os.open(os.devnull, os.O_RDONLY), None) if stdin is None else os.pipe()
        with self._lock, ThreadPoolExecutor(3) as streams:
            fork = self._ask(asked, [in_, out, err])
            told = [streams.submit(_read, end) for end in (out_end, err_end)]
            if in_end is not None:
                streams.submit(_write, in_end, stdin or "")
            code = self._code(fork, timeout)
        if code is None:
            raise subprocess.TimeoutExpired(words, timeout)
        return subprocess.CompletedProcess(words, code, *(text.result() for text in told))

    def _ask(self, asked: object, streams: list[int]) -> int:
        """Has a fork begin, and returns its process id."""
        body = json.dumps(asked).encode()
        socket.send_fds(self._socket, [len(body).to_bytes(_NUMBER)], streams)
        self._socket.sendall(body)
        for stream in streams:
            os.close(stream)
        return self._number()

    def _code(self, pid: int, timeout: int) -> int | None:
        """How the fork ended; ``None``: it had to be killed."""
        in_time, _, _ = select.select([self._socket], [], [], timeout)
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        code = self._number()
        return code if in_time else None

    def _number(self) -> int:
        answer = self._socket.recv(_NUMBER)
        assert len(answer) == _NUMBER, "the process that forks has ended"
        return int.from_bytes(answer, signed=True)


def started(
    words: list[str], *, cwd: Path, env: Mapping[str, str], stdin: str | None, timeout: int
) -> "subprocess.CompletedProcess[str]":
    """As ``Forks.run``, with an interpreter that is started."""
    return subprocess.run(
        words, cwd=cwd, env=env, input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


def _read(end: int) -> str:
    with open(end) as file:
        return file.read()


def _write(end: int, text: str) -> None:
    with suppress(BrokenPipeError), open(end, "w") as file:
        file.write(text)
