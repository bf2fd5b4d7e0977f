"""Threads of the library, and the event loop of the program that calls it."""

import asyncio
import threading
from typing import Any

import anyio.to_thread
import pytest

from bulkeic.app.access.runtime import run_async, use_host_loop
from bulkeic.app.library.work import in_thread
from bulkeic.core.errors import BulkeicError


async def test_a_cancellation_waits_for_what_uses_the_run_file() -> None:
    has_started, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def read() -> None:
        has_started.set()
        may_end.wait()
        ended.set()

    task = asyncio.create_task(in_thread(read))
    await asyncio.to_thread(has_started.wait)
    task.cancel()
    asyncio.get_running_loop().call_soon(may_end.set)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert ended.is_set()


@pytest.mark.parametrize("error", [asyncio.CancelledError, ZeroDivisionError])
def test_the_end_of_the_loop_is_an_error_that_asyncio_does_not_print(
    error: type[BaseException],
) -> None:
    printed: list[dict[str, Any]] = []
    raised: list[BaseException] = []
    is_working = threading.Event()

    async def work() -> None:
        is_working.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise error

    def command() -> None:
        use_host_loop(lambda: None)
        try:
            run_async(work)
        except (BulkeicError, ZeroDivisionError) as problem:
            raised.append(problem)

    async def program() -> asyncio.Task[None]:
        asyncio.get_running_loop().set_exception_handler(lambda _, facts: printed.append(facts))
        task = asyncio.ensure_future(anyio.to_thread.run_sync(command))
        await asyncio.to_thread(is_working.wait)
        return task  # the loop ends while it goes on

    asyncio.run(program())
    for thread in threading.enumerate():
        if thread.name.startswith("AnyIO"):
            thread.join(30)

    assert printed == []
    assert len(raised) == 1
