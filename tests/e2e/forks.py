"""Runs the installed command without starting an interpreter for each run.

One process imports everything that the command imports, and forks for each run. The fork gets its
arguments, folder, environment and streams from the test, calls the function of the console script,
and exits like an interpreter.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Self, TextIO

FORKER = Path(__file__).with_name("forker.py")
Stream = int | IO[str] | IO[bytes]
_NUMBER = 4
_READ_BY_COMMANDS = ("AWS_", "BULKEIC_", "OTEL_", "PYTEST_", "XDG_")


class Fork:
    """A forked command, with the part of the interface of ``subprocess.Popen`` that tests need.

    Args:
        words: the command.
        status: a pipe with its process id, then its exit code.
        stdin, stdout, stderr: our ends of its streams.
    """

    def __init__(
        self,
        words: list[str],
        status: int,
        *,
        stdin: TextIO | None,
        stdout: TextIO | None,
        stderr: TextIO | None,
    ) -> None:
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._words = words
        self._status = status
        self._output: list[Future[str]] = []
        self.pid = self._number()

    def poll(self) -> int | None:
        """The exit code; ``None``: it is running."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code."""
        if self.returncode is None:
            ended, _, _ = select.select([self._status], [], [], timeout)
            if not ended:
                raise subprocess.TimeoutExpired(self._words, timeout or 0)
            self.returncode = self._number()
            os.close(self._status)
        return self.returncode

    def communicate(self, text: str | None = None, timeout: float | None = None) -> tuple[str, str]:
        """Writes a text to its stdin, if any: the rest of stdout and stderr."""
        if not self._output:
            threads = ThreadPoolExecutor(3)
            self._output = [threads.submit(_read, end) for end in (self.stdout, self.stderr)]
            if self.stdin is not None:
                threads.submit(_write, self.stdin, text or "")
            threads.shutdown(wait=False)
        try:
            out, err = (each.result(timeout) for each in self._output)
        except TooLate:
            raise subprocess.TimeoutExpired(self._words, timeout or 0) from None
        self.wait(timeout)
        return out, err

    def send_signal(self, number: int) -> None:
        """Sends a signal if it is still running."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _number(self) -> int:
        answer = os.read(self._status, _NUMBER)
        assert len(answer) == _NUMBER, "the parent of the fork has ended"
        return int.from_bytes(answer, signed=True)


Process = subprocess.Popen[str] | Fork


class Forks:
    """The process that forks commands. A context manager.

    Args:
        command: the console script.
        env: environment of the process, like that of a command.
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
        """Whether an environment differs only in variables that a command reads while it runs.

        Variables that an interpreter or a library reads at its start cannot change in a fork.
        """
        differing = {name for name, _ in self._env.items() ^ env.items()}
        return all(
            name.startswith(_READ_BY_COMMANDS) or name.lower().endswith("_proxy")
            for name in differing
        )

    def start(
        self,
        words: list[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.PIPE,
        stderr: Stream = subprocess.PIPE,
    ) -> Fork:
        """Forks a command, with streams as for ``subprocess.Popen`` in text mode."""
        status, their_status = os.pipe()
        their_in, in_ = _input(stdin)
        out, their_out = _stream(stdout)
        err, their_err = _stream(their_out if stderr == subprocess.STDOUT else stderr)
        theirs = [their_in, their_out, their_err, their_status]
        body = json.dumps({"words": words, "cwd": str(cwd), "env": dict(env)}).encode()
        with self._lock:
            socket.send_fds(self._socket, [len(body).to_bytes(_NUMBER)], theirs)
            self._socket.sendall(body)
        for stream in theirs:
            os.close(stream)
        return Fork(words, status, stdin=in_, stdout=out, stderr=err)


def _input(wanted: Stream) -> tuple[int, TextIO | None]:
    """The command's end of its stdin, and ours, if there is one."""
    if wanted == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDONLY), None
    if wanted != subprocess.PIPE:
        return _copy(wanted), None
    theirs, ours = os.pipe()
    return theirs, os.fdopen(ours, "w")


def _stream(wanted: Stream) -> tuple[TextIO | None, int]:
    """Our end of an output stream, if there is one, and the command's."""
    if wanted == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_WRONLY)
    if wanted != subprocess.PIPE:
        return None, _copy(wanted)
    ours, theirs = os.pipe()
    return os.fdopen(ours), theirs


def _copy(stream: Stream) -> int:
    return os.dup(stream if isinstance(stream, int) else stream.fileno())


def _read(end: TextIO | None) -> str:
    if end is None or end.closed:
        return ""
    with end:
        return end.read()


def _write(end: TextIO, text: str) -> None:
    with suppress(BrokenPipeError), end:
        end.write(text)
