"""A worker on the command's own machine: questions on stdin, answers on stdout.

It ends when stdin ends: the command has ended, or was killed.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from bulkeic.app.setup.open_files import allow_open_files
from bulkeic.app.setup.runtime import run_async
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.cluster.frames import FrameReader, frame
from bulkeic.cluster.messages import Welcome, decode_ask, decode_begin, encode
from bulkeic.cluster.worker.lane_host import LaneHost, LeaseLostError
from bulkeic.cluster.worker.worker_access import worker_access
from bulkeic.core.errors import BulkeicError
from bulkeic.output.logs import configure_logs
from bulkeic.version import __version__

LEASE_LOST = 75
"""Exit code of a worker that has lost its lease."""

_CHUNK = 1 << 20
_STDIN, _STDOUT = 0, 1


class PipeEnds:
    """The pipes to the command.

    Args:
        questions: file descriptor to read.
        answers: file descriptor to write.
    """

    def __init__(self, questions: int, answers: int) -> None:
        self._questions = questions
        self._answers = answers
        self._reader = FrameReader()

    async def receive(self) -> bytes | None:
        """The next message; ``None``: the command has ended."""
        while (message := self._reader.next()) is None:
            await anyio.wait_readable(self._questions)
            data = os.read(self._questions, _CHUNK)
            if not data:
                return None
            self._reader.feed(data)
        return message

    async def send(self, message: bytes) -> None:
        """Sends a message."""
        left = memoryview(frame(message))
        while left:
            await anyio.wait_writable(self._answers)
            left = left[os.write(self._answers, left) :]


async def _serve(pipes: PipeEnds) -> None:
    first = await pipes.receive()
    if first is None:
        return
    begin = decode_begin(first)
    try:
        access = worker_access(begin)
    except BulkeicError as error:
        await pipes.send(encode(Welcome(version=__version__, problem=str(error))))
        return
    configure_logs(begin.log_format, begin.log_level, sanitize)
    allow_open_files(begin.limits.concurrency)
    async with LaneHost(begin, access) as host:
        await pipes.send(encode(Welcome(version=__version__)))
        while (message := await pipes.receive()) is not None:
            await pipes.send(encode(await host.exchange(decode_ask(message))))


def main() -> None:
    """Serves the command that started this process."""
    # The command alone decides what a signal from the terminal does.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    answers = os.dup(_STDOUT)
    if sys.stderr is None:  # the command has none
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    os.dup2(sys.stderr.fileno(), _STDOUT)  # nothing else may write between answers
    questions = _STDIN
    for end in (questions, answers):
        os.set_blocking(end, False)
    try:
        run_async(partial(_serve, PipeEnds(questions, answers)))
    except BaseExceptionGroup as group:
        if group.subgroup(LeaseLostError) is None and group.subgroup(OSError) is None:
            raise
        os._exit(LEASE_LOST)
    except (LeaseLostError, OSError):
        os._exit(LEASE_LOST)


if __name__ == "__main__":
    main()
