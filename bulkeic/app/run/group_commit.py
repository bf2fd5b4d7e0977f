"""Commits in groups: all that came during the commit before, and in a pause after it."""

import asyncio
from collections.abc import Awaitable, Callable

import anyio

# Without the pause, slow work would commit each result alone, for several times the CPU time.
_PAUSE_S = 0.03


async def commit_in_groups(
    arrived: asyncio.Event,
    ended: asyncio.Event,
    commit: Callable[[], Awaitable[None]],
    *,
    longest_wait_s: float | None = None,
) -> None:
    """Commits until the work has ended, and then one last time. A cancellation ends it so, too.

    Args:
        arrived: set when there is something to commit, and when the work has ended.
        ended: set when nothing more will arrive.
        commit: commits what is there, and clears ``arrived``. It is never cancelled.
        longest_wait_s: seconds after which it commits although nothing arrived; ``None``: it waits.
    """
    try:
        while not ended.is_set():
            with anyio.move_on_after(longest_wait_s):
                await arrived.wait()
            with anyio.CancelScope(shield=True):
                await commit()
            with anyio.move_on_after(_PAUSE_S):
                await ended.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await commit()
