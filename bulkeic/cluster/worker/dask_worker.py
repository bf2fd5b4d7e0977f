"""``bulkeic worker``: joins a Dask scheduler, and makes calls for commands until a signal ends it.

A nanny watches the process that makes the calls, and starts another one if it ends.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from bulkeic.app.run.signals import ending_signals
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.cluster.dask_connection import (
    CONNECT_S,
    check_scheduler,
    configure_dask,
    dask_security,
)
from bulkeic.cluster.worker_options import WorkerOptions
from bulkeic.core.errors import InputError, StoppedError, UsageError, printable
from bulkeic.core.options.scheduler_address import SchedulerAddress, parse_scheduler_address
from bulkeic.output.console import Console
from bulkeic.output.logs import configure_logs

if TYPE_CHECKING:
    from distributed import Nanny, Security

_JOIN_S = 3 * CONNECT_S
_CLOSE_S = 5.0


def serve(options: WorkerOptions) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        UsageError: an option is invalid, or the scheduler cannot be joined.
        StoppedError: the scheduler was lost.
    """
    try:
        address = parse_scheduler_address(options.address)
    except InputError as problem:
        raise UsageError(problem.rule) from None
    options.scheduler.check(address)
    configure_logs(options.log.log_format, options.log.log_level, sanitize)
    configure_dask(options.log.log_level)
    security = dask_security(address, options.scheduler, "worker")
    own_address = check_scheduler(address, security, "worker")
    asyncio.run(_serve(address, own_address, security, options))


async def _serve(
    address: SchedulerAddress, own_address: str, security: "Security", options: WorkerOptions
) -> None:
    console, stopped = Console(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in ending_signals():
        loop.add_signal_handler(number, stopped.set)
    nanny = _nanny(address, own_address, security, options)
    joining = asyncio.ensure_future(_join(nanny, address))
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait((joining, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not joining.done():
            return
        await joining
        console.print(f"joined {address} as {options.name or nanny.worker_address}")
        closing = asyncio.ensure_future(nanny.finished())
        await asyncio.wait((closing, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            raise StoppedError(f"lost the scheduler {address}")
    finally:
        for each in (joining, stopping):
            each.cancel()
        with contextlib.suppress(TimeoutError):
            await nanny.close(timeout=_CLOSE_S)


def _nanny(
    address: SchedulerAddress, own_address: str, security: "Security", options: WorkerOptions
) -> "Nanny":
    from distributed import Nanny  # noqa: PLC0415 - an extra that takes a while

    return Nanny(
        str(address),
        host=f"[{own_address}]" if ":" in own_address else own_address,  # not on every interface
        nthreads=1,
        name=options.name,
        security=security,
        memory_limit=0,
        dashboard=False,
        dashboard_address="127.0.0.1:0",  # Dask serves metrics there, without TLS
        death_timeout=_JOIN_S,
        preload=["bulkeic.cluster.worker.lane_actor"],  # a command does not wait for it
    )


async def _join(nanny: "Nanny", address: SchedulerAddress) -> None:
    """Starts the nanny and the process that it watches.

    Raises:
        UsageError: the process cannot join the scheduler.
    """
    try:
        await nanny
    except (OSError, ValueError, RuntimeError, TimeoutError) as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        raise UsageError(f"{address} cannot be joined: {printable(str(cause))}") from None
