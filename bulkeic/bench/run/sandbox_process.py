"""A sandbox in a process of its own, so that it does not share the benchmark's CPU and memory."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.text import TextReceiveStream

from bulkeic.aws.identity.access import Access
from bulkeic.core.errors import UsageError
from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.server.embedded_sandbox import Sandbox

_COMMAND = [sys.executable, "-c", "from bulkeic.bench.run.sandbox_process import main; main()"]


@asynccontextmanager
async def sandbox_process() -> AsyncIterator[Access]:
    """Starts a sandbox in which every function exists, with Lambda's quota.

    Yields:
        Access to the sandbox.

    Raises:
        UsageError: the sandbox does not start.
    """
    # In a session of its own it does not receive Ctrl-C; the benchmark terminates it at the end.
    process = await anyio.open_process(
        _COMMAND, stdin=subprocess.PIPE, stderr=None, start_new_session=True
    )
    async with process:
        assert process.stdout is not None  # noqa: S101 - a pipe by default
        url = ""
        async for text in TextReceiveStream(process.stdout):
            url += text
            if "\n" in url:
                break
        if not url:
            raise UsageError("the sandbox did not start")
        credentials = Sandbox().credentials
        try:
            yield Access(endpoint_url=url.strip(), credentials=credentials, isolated=True)
        finally:
            process.terminate()


def main() -> None:
    """Serves until stdin is closed."""
    anyio.run(_serve)


async def _serve() -> None:
    async with Sandbox(SandboxOptions(any_function=True)) as sandbox:
        sys.stdout.write(f"{sandbox.url}\n")
        sys.stdout.flush()
        await anyio.wait_readable(sys.stdin)
