"""The command of a gate, as a process group of its own that never outlives its question."""

import os
import signal
import subprocess
from contextlib import suppress
from typing import IO

import anyio
import anyio.to_thread

from bulkeic.app.setup.shell_process import END_GRACE_S, signal_group, start_shell
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.errors import printable
from bulkeic.core.rollout.gates import GateEnd, GateResult
from bulkeic.core.texts.output_tail import OutputTail

OUTPUT_BYTES = 4096
_READ_REST_S = 1.0
_CHUNK = 65_536


async def ask_gate(command: str, document: bytes, timeout_s: float) -> GateResult:
    """Runs a gate's command in a shell, with a document on stdin.

    Whatever it leaves running is ended, also if the question is canceled.

    Args:
        command: for the shell.
        document: on its stdin; it need not be read.
        timeout_s: after which the command is ended, seconds.
    """
    try:
        process = start_shell(command)
    except OSError as error:
        return GateResult(GateEnd.NOT_STARTED, problem=error.strerror or str(error))
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    output = OutputTail(OUTPUT_BYTES)
    with process.stdin, process.stdout:
        try:
            is_late = await _converse(process, document, output, timeout_s)
        finally:
            with anyio.CancelScope(shield=True):
                await _end_group(process)
    return _result(process, output, is_late=is_late)


async def _converse(
    process: "subprocess.Popen[bytes]", document: bytes, output: OutputTail, timeout_s: float
) -> bool:
    """Writes the document, and reads until the command has ended: whether it took too long."""
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    is_read = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_write, process.stdin, document)
        tasks.start_soon(_read, process.stdout, output, is_read)
        with anyio.move_on_after(timeout_s) as limit:
            await _wait(process)
        await _end_group(process)
        with anyio.move_on_after(_READ_REST_S):  # a process that left the group may hold the pipe
            await is_read.wait()
        tasks.cancel_scope.cancel()
    return limit.cancelled_caught


async def _write(pipe: IO[bytes], document: bytes) -> None:
    with suppress(OSError):  # the command does not read it
        while document:
            await anyio.wait_writable(pipe)
            document = document[os.write(pipe.fileno(), document) :]
    with suppress(OSError):
        pipe.close()


async def _read(pipe: IO[bytes], output: OutputTail, is_read: anyio.Event) -> None:
    with suppress(OSError):
        while True:
            await anyio.wait_readable(pipe)
            data = os.read(pipe.fileno(), _CHUNK)
            if not data:
                break
            output.add(data)
    is_read.set()


async def _wait(process: "subprocess.Popen[bytes]") -> None:
    # In a thread: asyncio's own processes may not end before their pipes do.
    await anyio.to_thread.run_sync(process.wait, abandon_on_cancel=True)


async def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends the command if it still runs, and then all that it has left running."""
    if process.poll() is None:
        signal_group(process, signal.SIGTERM)
        with anyio.move_on_after(END_GRACE_S):
            await _wait(process)
    signal_group(process, signal.SIGKILL)
    await _wait(process)


def _result(process: "subprocess.Popen[bytes]", output: OutputTail, *, is_late: bool) -> GateResult:
    lines = output.cut(sanitize(output.raw_text())).splitlines()
    text = "\n".join(printable(line) for line in lines)
    code = process.returncode
    if is_late:
        return GateResult(GateEnd.TIMED_OUT, output=text)
    if code < 0:
        return GateResult(GateEnd.KILLED, -code, output=text)
    return GateResult(GateEnd.EXITED, code, output=text)
