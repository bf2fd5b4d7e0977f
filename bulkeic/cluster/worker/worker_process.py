"""A worker on the command's own machine: questions on stdin, answers on a pipe of its own.

It ends when stdin ends: the command has ended, or was killed. When its lease is lost, its last
answer says what it has done: the command may have been suspended, and reads it then.
"""

import os
import signal
from contextlib import suppress
from functools import partial

from bulkeic.app.access.runtime import run_async
from bulkeic.app.setup.open_files import allow_open_files
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.cluster.frame_pipe import FramePipe
from bulkeic.cluster.messages import Welcome, decode_ask, decode_begin, encode
from bulkeic.cluster.worker.lane_host import LaneHost, LeaseLostError
from bulkeic.cluster.worker.worker_access import worker_access
from bulkeic.core.errors import BulkeicError, printable
from bulkeic.output.logs import configure_logs
from bulkeic.version import __version__

LEASE_LOST = 75
"""Exit code of a worker that has lost its lease."""

_INTERNAL_ERROR = 70
_STDIN, _STDERR = 0, 2


async def _serve(pipe: FramePipe) -> None:
    first = await pipe.receive()
    if first is None:
        return
    begin = decode_begin(first)
    try:
        access = worker_access(begin)
        allow_open_files(begin.limits.concurrency)
    except BulkeicError as error:
        await pipe.send(encode(Welcome(version=__version__, problem=str(error))))
        return
    configure_logs(begin.log_format, begin.log_level, sanitize)
    host = LaneHost(begin, access)
    try:
        async with host:
            await pipe.send(encode(Welcome(version=__version__)))
            while (message := await pipe.receive()) is not None:
                await pipe.send(encode(await host.exchange(decode_ask(message))))
            os._exit(0)  # at once: a thread may be waiting for something that never comes
    except BaseExceptionGroup as group:
        if group.subgroup(LeaseLostError) is not None:
            await pipe.send(encode(host.last_tell()))
        raise


def main(answers: int) -> None:
    """Serves the command that started this process.

    Args:
        answers: the file descriptor to answer on.
    """
    # The command alone decides what a signal from the terminal does.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        run_async(partial(_serve, FramePipe(_STDIN, answers)))
    except BaseException as error:  # noqa: BLE001 - a bug is one line, too
        os._exit(_exit_code(error))


def _exit_code(error: BaseException) -> int:
    """The exit code after an error. One that was not foreseen is printed."""
    causes = _causes(error)
    if any(isinstance(each, LeaseLostError | BrokenPipeError) for each in causes):
        return LEASE_LOST
    cause = sanitize(repr(causes[0]))
    with suppress(OSError):  # nothing reads stderr any more
        line = f"bulkeic: internal error in a worker, please report it: {printable(cause)}\n"
        os.write(_STDERR, line.encode())
    return _INTERNAL_ERROR


def _causes(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [cause for each in error.exceptions for cause in _causes(each)]
    return [error]
