"""Where the workers of a command come from: processes of this machine, or a Dask scheduler."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bulkeic.app.options.access_options import LogOptions
from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.app.run.engine_source import OpenEngines, OpenPageReaders
from bulkeic.cluster.command.page_team import PageOptions, PageTeam
from bulkeic.cluster.command.pipe_link import PipeLink, start_pipe_links
from bulkeic.cluster.command.worker_engines import WorkerEngines
from bulkeic.cluster.command.worker_link import LinkSource
from bulkeic.core.errors import UsageError
from bulkeic.core.options.scheduler_address import SchedulerAddress
from bulkeic.output.console import Console


@contextmanager
def open_workers(options: WorkOptions) -> Iterator[OpenEngines]:
    """Opens what ``--workers`` names, for all sessions of a command that works on targets.

    Args:
        options: of the command; ``--workers`` is given.

    Raises:
        UsageError: the options do not go together, or the scheduler cannot be used.
    """
    workers = options.pace.workers
    options.scheduler.check(workers)
    if isinstance(workers, SchedulerAddress) and options.sandbox:
        raise UsageError(
            f"--sandbox is on loopback of this machine, and workers at {workers} may be on "
            "others; use --workers N, or bulkeic sandbox and --endpoint-url"
        )
    with _open_links(workers, options.scheduler, options.log) as source:
        yield partial(WorkerEngines, source=source)


@contextmanager
def open_page_readers(options: PageOptions) -> Iterator[OpenPageReaders]:
    """Opens what ``--workers`` names, for a command that reads pages; see ``open_workers``."""
    options.scheduler.check(options.pace.workers)
    with _open_links(options.pace.workers, options.scheduler, options.log) as source:
        yield partial(PageTeam, options=options, source=source)


@contextmanager
def _open_links(
    workers: int | SchedulerAddress | None, scheduler: SchedulerOptions, log: LogOptions
) -> Iterator[LinkSource]:
    if not isinstance(workers, SchedulerAddress):
        yield LinkSource(partial(start_pipe_links, workers or 1), restart=PipeLink)
        return
    from bulkeic.cluster.command.dask_workers import DaskWorkers  # noqa: PLC0415 - it needs an extra
    from bulkeic.cluster.dask_connection import configure_dask  # noqa: PLC0415

    configure_dask(log.log_level)
    with DaskWorkers(workers, scheduler, Console()) as found:
        yield LinkSource(lambda _lanes: found.links())
