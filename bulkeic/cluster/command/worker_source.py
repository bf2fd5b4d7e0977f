"""Where the workers of a command come from: processes of this machine, or a Dask scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bulkeic.app.run.engine_source import OpenEngines
from bulkeic.app.setup.options import WorkOptions
from bulkeic.cluster.command.pipe_link import PipeLink, start_pipe_links
from bulkeic.cluster.command.worker_engines import WorkerEngines
from bulkeic.core.errors import UsageError
from bulkeic.core.scheduler_address import SchedulerAddress
from bulkeic.output.console import Console


@contextmanager
def open_workers(options: WorkOptions) -> Iterator[OpenEngines]:
    """Opens what ``--workers`` names, for all sessions of a command.

    Args:
        options: of the command; ``--workers`` is given.

    Raises:
        UsageError: the options do not go together, or the scheduler cannot be used.
    """
    workers = options.pace.workers
    options.scheduler.check(workers)
    if isinstance(workers, SchedulerAddress):
        if options.sandbox:
            raise UsageError(
                f"--sandbox is on loopback of this machine, and workers at {workers} may be on "
                "others; use --workers N, or bulkeic sandbox and --endpoint-url"
            )
        with _open_scheduler(workers, options) as open_engines:
            yield open_engines
    else:
        start_links = partial(start_pipe_links, workers or 1)
        yield partial(WorkerEngines, start_links=start_links, restart=PipeLink)


@contextmanager
def _open_scheduler(address: SchedulerAddress, options: WorkOptions) -> Iterator[OpenEngines]:
    from bulkeic.cluster.command.dask_workers import DaskWorkers  # noqa: PLC0415 - it needs an extra
    from bulkeic.cluster.dask_connection import configure_dask  # noqa: PLC0415

    configure_dask(options.log.log_level)
    with DaskWorkers(address, options.scheduler, Console()) as workers:
        yield partial(WorkerEngines, start_links=workers.links)
