"""The link to a worker process on this machine: its stdin and stdout."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import anyio
import anyio.to_thread

from bulkeic.cluster.command.worker_link import LinkLostError
from bulkeic.cluster.frames import FrameReader, frame

_CHUNK = 1 << 20
_END_GRACE_S = 2.0


class PipeLink:
    """Starts a worker process, and sends it one message at a time.

    Attributes:
        name: of the worker, for people.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bulkeic.cluster.worker.worker_process"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the command alone
        )
        self.name = f"worker {number} (process {self._process.pid})"
        assert self._process.stdin is not None  # noqa: S101 - they are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._questions, self._answers = self._process.stdin, self._process.stdout
        for pipe in (self._questions, self._answers):
            os.set_blocking(pipe.fileno(), False)
        self._reader = FrameReader()

    async def exchange(self, message: bytes) -> bytes:
        """Sends a message and returns the answer.

        Raises:
            LinkLostError: the process has ended.
        """
        try:
            await self._send(message)
            return await self._receive()
        except (OSError, ValueError):
            raise LinkLostError(await self._how_it_ended(), has_ended=True) from None

    async def _send(self, message: bytes) -> None:
        left = memoryview(frame(message))
        while left:
            await anyio.wait_writable(self._questions)
            left = left[os.write(self._questions.fileno(), left) :]

    async def _receive(self) -> bytes:
        while (message := self._reader.next()) is None:
            await anyio.wait_readable(self._answers)
            data = os.read(self._answers.fileno(), _CHUNK)
            if not data:
                raise OSError("the worker has ended")
            self._reader.feed(data)
        return message

    async def kill(self) -> bool:
        """Ends the process at once, and waits until it has ended."""
        self._process.kill()
        await self._wait()
        return True

    async def close(self) -> bool:
        """Ends the process: it ends by itself when its stdin ends."""
        with suppress(OSError):
            self._questions.close()
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(_END_GRACE_S):
                await self._wait()
            await self.kill()
            self._answers.close()
        return True

    async def _how_it_ended(self) -> str:
        with anyio.move_on_after(_END_GRACE_S):
            await self._wait()
        await self.kill()
        code = self._process.returncode
        if code < 0:
            with suppress(ValueError):
                return f"ended by {signal.Signals(-code).name}"
        return f"ended with exit code {abs(code)}"

    async def _wait(self) -> None:
        # In a thread: asyncio's own processes may not end before their pipes do.
        await anyio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)
