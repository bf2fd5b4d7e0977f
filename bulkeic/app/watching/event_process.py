"""The command of ``--notify``: a process that reads lines, whatever it does with them.

A thread talks to it, so that nothing waits for it. It has its own process group, which never
outlives the thread.
"""

import os
import selectors
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO

import msgspec

from bulkeic.app.setup.shell_process import END_GRACE_S, signal_group, start_shell
from bulkeic.core.texts.output_tail import OutputTail

MAX_LINES = 1000
"""More lines that wait for the command than this are dropped, the oldest first."""
OUTPUT_BYTES = 4096
_CHUNK = 65_536
_REST_CHUNKS = 16
_CHECK_S = 0.05
_JOIN_MARGIN_S = 2.0


class CommandEnd(msgspec.Struct, frozen=True):
    """How the command ended.

    Attributes:
        lines: of all that it was given.
        dropped: of them, those that it did not get.
        code: its exit code, or the negative number of the signal that ended it; ``None``: it was
            not started.
        is_late: whether it was ended because it took too long.
        problem: why it was not started.
        output: the end of what it wrote.
    """

    lines: int
    dropped: int
    code: int | None = None
    is_late: bool = False
    problem: str = ""
    output: OutputTail = msgspec.field(default_factory=lambda: OutputTail(OUTPUT_BYTES))


class EventProcess:
    """A command that reads lines.

    Args:
        command: for the shell.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._lines: deque[bytes] = deque()
        self._number = self._dropped = 0
        self._lock = threading.Lock()
        self._ends_at: float | None = None
        self._is_late = False
        self._problem = ""
        self._output = OutputTail(OUTPUT_BYTES)
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._wake, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
        self._thread.start()

    def send(self, line: bytes) -> None:
        """Gives the command a line, as soon as it reads."""
        with self._lock:
            self._number += 1
            if len(self._lines) == MAX_LINES:
                self._lines.popleft()
                self._dropped += 1
            self._lines.append(line)
        self._wake_up()

    def close(self, limit_s: float) -> CommandEnd:
        """Closes the command's stdin, waits for its end, and ends all that is left of it.

        Args:
            limit_s: for the command to read the rest and to end, seconds.
        """
        self._ends_at = time.monotonic() + limit_s
        try:
            self._wake_up()
            self._thread.join(limit_s + END_GRACE_S + _JOIN_MARGIN_S)
        except BaseException:
            self._signal_group(signal.SIGKILL)
            self._thread.join(END_GRACE_S)
            raise
        if not self._thread.is_alive():  # a process can be out of reach even for SIGKILL
            os.close(self._wake)
            os.close(self._waker)
        process = self._process
        return CommandEnd(
            lines=self._number,
            dropped=self._dropped + len(self._lines) + bool(self._rest),
            code=None if process is None else process.returncode,
            is_late=self._is_late,
            problem=self._problem,
            output=self._output,
        )

    def _wake_up(self) -> None:
        with suppress(BlockingIOError):  # it is awake
            os.write(self._waker, b".")

    def _work(self) -> None:
        try:
            process = self._process = start_shell(self._command)
        except OSError as error:
            self._problem = error.strerror or str(error)
            return
        assert process.stdin is not None  # noqa: S101 - they are pipes
        assert process.stdout is not None  # noqa: S101
        try:
            with process.stdin, process.stdout, selectors.DefaultSelector() as selector:
                selector.register(self._wake, selectors.EVENT_READ)
                selector.register(process.stdout, selectors.EVENT_READ)
                self._converse(process, selector, process.stdin)
                self._end_group(process)
        finally:
            self._signal_group(signal.SIGKILL)
            process.wait()

    def _converse(
        self,
        process: "subprocess.Popen[bytes]",
        selector: selectors.BaseSelector,
        stdin: IO[bytes],
    ) -> None:
        """Writes lines and reads output, until the command has ended or its time is over."""
        is_writing = False
        while True:
            must_write = self._has_more() and not stdin.closed
            if must_write and not is_writing:
                selector.register(stdin, selectors.EVENT_WRITE)
            elif is_writing and not must_write:
                selector.unregister(stdin)
            is_writing = must_write
            is_closing = self._ends_at is not None
            if is_closing and not must_write:
                _close(stdin)
            if is_closing and self._is_over(process):
                return
            for key, _ in selector.select(_CHECK_S if is_closing else None):
                if key.fileobj is stdin:
                    is_writing = self._write(stdin, selector)
                elif key.fileobj == self._wake:
                    os.read(self._wake, _CHUNK)
                else:
                    self._read(key.fd, key.fileobj, selector)

    def _is_over(self, process: "subprocess.Popen[bytes]") -> bool:
        """Whether the command has ended, or must be ended."""
        if process.poll() is not None:
            return True
        self._is_late = self._ends_at is not None and time.monotonic() >= self._ends_at
        return self._is_late

    def _has_more(self) -> bool:
        with self._lock:
            if not self._rest and self._lines:
                self._rest = self._lines.popleft()
            return bool(self._rest)

    def _write(self, stdin: IO[bytes], selector: selectors.BaseSelector) -> bool:
        """Writes what the pipe takes: whether it is still open."""
        try:
            self._rest = self._rest[os.write(stdin.fileno(), self._rest) :]
        except BlockingIOError:
            pass
        except OSError:  # the command does not read any more
            selector.unregister(stdin)
            _close(stdin)
            return False
        return True

    def _read(self, number: int, stream: object, selector: selectors.BaseSelector) -> None:
        data = b""
        with suppress(OSError):
            data = os.read(number, _CHUNK)
        if data:
            self._output.add(data)
        else:
            selector.unregister(stream)  # type: ignore[arg-type]

    def _end_group(self, process: "subprocess.Popen[bytes]") -> None:
        """Ends the command and all that it has left running, and reads the rest of its output."""
        if process.poll() is None:
            self._signal_group(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_GRACE_S)
        self._signal_group(signal.SIGKILL)
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with suppress(OSError):  # all is read, or a process that left the group holds the pipe
            for _ in range(_REST_CHUNKS):
                self._output.add(os.read(process.stdout.fileno(), _CHUNK))

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is not None:
            signal_group(self._process, number)


def _close(pipe: IO[bytes]) -> None:
    with suppress(OSError):
        pipe.close()
