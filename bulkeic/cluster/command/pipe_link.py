"""The link to a worker process on this machine: its stdin, and a pipe for its answers."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import anyio
import anyio.to_thread

from bulkeic.cluster.command.worker_link import LinkLostError
from bulkeic.cluster.frame_pipe import FramePipe
from bulkeic.cluster.worker.worker_process import LEASE_LOST
from bulkeic.core.errors import UsageError

_END_GRACE_S = 2.0
_STDERR = 2
_START = (
    "import sys; sys.path[:] = sys.argv[2:]; "
    "from bulkeic.cluster.worker.worker_process import main; main(int(sys.argv[1]))"
)
"""It imports from where the command does, and not from the working directory."""


class PipeLink:
    """Starts a worker process, and sends it one message at a time.

    Attributes:
        name: of the worker, for people.

    Raises:
        OSError: the process cannot be started.
    """

    def __init__(self, number: int) -> None:
        ours, theirs = os.pipe()
        self._answers = os.fdopen(ours, "rb", buffering=0)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and its own path
                [sys.executable, *_worker_words(theirs)],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=_STDERR,  # whatever prints there must not end up between answers
                pass_fds=(theirs,),
                start_new_session=True,  # Ctrl-C is for the command alone
            )
        except BaseException:
            self._answers.close()
            raise
        finally:
            os.close(theirs)
        self.name = f"worker {number} (process {self._process.pid})"
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        self._questions = self._process.stdin
        self._pipe = FramePipe(self._answers.fileno(), self._questions.fileno())

    async def exchange(self, message: bytes) -> bytes:
        """Sends a message and returns the answer.

        Raises:
            LinkLostError: the process has ended.
        """
        try:
            with suppress(BrokenPipeError):  # it has ended, and may have left a last answer
                await self._pipe.send(message)
            answer = await self._pipe.receive()
        except OSError:
            answer = None
        except ValueError as error:
            await self.kill()
            raise LinkLostError(str(error), has_ended=True) from None
        if answer is None:
            how = await self._how_it_ended()
            lost_lease = self._process.returncode == LEASE_LOST
            raise LinkLostError(how, has_ended=True, lost_lease=lost_lease)
        return answer

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
        if code == LEASE_LOST:
            return "it did not hear from this command in time, and has ended"
        return f"ended with exit code {abs(code)}"

    async def _wait(self) -> None:
        # In a thread: asyncio's own processes may not end before their pipes do.
        await anyio.to_thread.run_sync(self._process.wait, abandon_on_cancel=True)


def _worker_words(answers: int) -> list[str]:
    """The arguments of Python for a worker that answers on a file descriptor."""
    isolated = ["-I"] if sys.flags.isolated else []
    return [*isolated, "-P", "-c", _START, str(answers), *sys.path]


async def start_pipe_links(most: int, lanes: int) -> list[PipeLink]:
    """Starts worker processes on this machine, but no more than there are lanes.

    Args:
        most: of them.
        lanes: that they will have.

    Raises:
        UsageError: one of them cannot be started.
    """
    links: list[PipeLink] = []
    number = max(1, min(most, lanes))
    try:
        for each in range(1, number + 1):
            links.append(PipeLink(each))  # noqa: PERF401 - those that have started must end
    except OSError as error:
        for link in links:
            await link.kill()
            await link.close()
        raise UsageError(
            f"worker {len(links) + 1} of {number} cannot be started: {error.strerror}; use fewer "
            "workers, or raise the limit (ulimit -n, ulimit -u)"
        ) from None
    return links
