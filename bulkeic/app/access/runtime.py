"""Coroutines run from synchronous code, and the errors that they raise.

A command has an event loop of its own. In another program, the coroutines run on the loop of that
program, while the synchronous code waits in a thread.
"""

import functools
import importlib.util
from collections.abc import Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from bulkeic.app.options.access_options import AccessOptions
from bulkeic.core.errors import BulkeicError

if TYPE_CHECKING:
    from bulkeic.aws.identity.access import Access

T = TypeVar("T")
_LOOP_ENDED = BulkeicError("the event loop of the program has ended")


class HostLoop:
    """The event loop of another program, and the access to AWS of one call on it.

    Args:
        stopped: why the program wants the call to stop; ``None``: it does not.
    """

    def __init__(self, stopped: Callable[[], str | None]) -> None:
        self.stopped = stopped
        self.opened: dict[AccessOptions, Access] = {}


_host: ContextVar[HostLoop | None] = ContextVar("host", default=None)


def use_host_loop(stopped: Callable[[], str | None]) -> None:
    """Lets ``run_async`` use the event loop that started this thread of anyio.

    Args:
        stopped: see ``HostLoop``.
    """
    _host.set(HostLoop(stopped))


def until_stopped(rows: Iterator[T]) -> Iterator[T]:
    """The rows of a file, until the program that called stops the work.

    Raises:
        BulkeicError: the program has stopped it.
    """
    host = _host.get()
    return rows if host is None else _until_stopped(rows, host.stopped)


def _until_stopped(rows: Iterator[T], stopped: Callable[[], str | None]) -> Iterator[T]:
    for row in rows:
        reason = stopped()
        if reason is not None:
            raise BulkeicError(f"{reason}; nothing was sent")
        yield row


def open_access(options: AccessOptions) -> "Access":
    """The access to AWS for some options; kept, because the SDK reads large files.

    Raises:
        UsageError: the profile does not exist, or the endpoint is invalid.
    """
    host = _host.get()
    if host is None:
        return _access_of_command(options)
    if options not in host.opened:
        host.opened[options] = _new_access(options)
    return host.opened[options]


@functools.cache
def _access_of_command(options: AccessOptions) -> "Access":
    return _new_access(options)


def _new_access(options: AccessOptions) -> "Access":
    from bulkeic.aws.identity.access import Access  # noqa: PLC0415 - the SDK takes longer than all else

    return Access(
        profile=options.profile,
        region=options.region,
        endpoint_url=options.endpoint_url,
    )


def run_async(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine function on asyncio, which aiobotocore needs; with uvloop if installed.

    After ``use_host_loop`` it runs on the loop of the other program.
    """
    if _host.get() is not None:
        return _run_on_host_loop(function)
    uvloop = importlib.util.find_spec("uvloop") is not None
    result: T = anyio.run(function, backend_options={"use_uvloop": uvloop})
    return result


def _run_on_host_loop(function: Callable[[], Coroutine[Any, Any, T]]) -> T:
    from anyio import from_thread  # noqa: PLC0415 - no command needs it

    # Errors are returned: asyncio prints those that are raised while the loop ends.
    async def run() -> tuple[list[T], Exception]:
        try:
            return [await function()], _LOOP_ENDED
        except anyio.get_cancelled_exc_class():
            return [], _LOOP_ENDED
        except Exception as error:  # noqa: BLE001 - raised below
            return [], error

    result, error = from_thread.run(run)
    if not result:
        raise error
    return result[0]


def first_cause(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to report of a group: the first ``BulkeicError``, else the first of any kind."""
    leaves = [
        first_cause(error) if isinstance(error, BaseExceptionGroup) else error
        for error in group.exceptions
    ]
    return next((leaf for leaf in leaves if isinstance(leaf, BulkeicError)), leaves[0])
