"""A command of the user in a shell, as a process group of its own."""

import os
import signal
import subprocess
from contextlib import suppress

_SHELL = "/bin/sh"
END_GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""


def start_shell(command: str) -> "subprocess.Popen[bytes]":
    """Starts a command with non-blocking pipes for stdin and stdout; stderr is stdout's.

    Raises:
        OSError: it cannot be started.
    """
    process = subprocess.Popen(  # noqa: S603 - the user's own command
        [_SHELL, "-c", command],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None  # noqa: S101 - as asked for
        os.set_blocking(pipe.fileno(), False)
    return process


def signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    """Sends a signal to all that is left of a command's process group."""
    with suppress(ProcessLookupError, PermissionError):  # the group is empty
        os.killpg(process.pid, number)
