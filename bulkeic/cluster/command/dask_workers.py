"""The workers of a Dask scheduler, found before a run starts."""

import time
from collections.abc import Callable, Sequence
from importlib import metadata
from types import TracebackType
from typing import Any, Self

from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.cluster.command.dask_link import DaskLink
from bulkeic.cluster.dask_connection import CONNECT_S, check_scheduler, dask_security
from bulkeic.core.errors import UsageError, printable
from bulkeic.core.options.scheduler_address import SchedulerAddress
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.version import __version__

_JOIN_S = 30.0
"""How long to wait for the first worker, and for a worker to answer."""

_CLOSE_S = 2.0


class DaskWorkers:
    """All workers that a scheduler has when a command starts. A context manager.

    Args:
        address: of the scheduler.
        options: how to connect to it.
        console: prints how many workers there are.

    Raises:
        UsageError: the scheduler cannot be used.
    """

    def __init__(
        self, address: SchedulerAddress, options: SchedulerOptions, console: Console
    ) -> None:
        self._address = address
        self._console = console
        self._security = dask_security(address, options, "client")
        self._actors: dict[str, Any] = {}
        self._links: dict[str, DaskLink] = {}
        self._session = 0

    def __enter__(self) -> Self:
        """Connects, and starts an actor on each worker.

        Raises:
            UsageError: there is no worker, or one cannot be used.
        """
        from distributed import Client  # noqa: PLC0415 - an extra that takes a while

        check_scheduler(self._address, self._security, "client")
        try:
            self._client = Client(
                str(self._address), security=self._security, timeout=CONNECT_S, name="bulkeic"
            )
        except (OSError, TimeoutError) as error:
            raise UsageError(f"{self._address}: {printable(str(error))}") from None
        try:
            self._start_actors()
        except BaseException:
            self._client.close(timeout=_CLOSE_S)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close(timeout=_CLOSE_S)

    async def links(self) -> Sequence[DaskLink]:
        """New links for a session. A worker that an earlier session has lost has none."""
        loop = self._client.loop.asyncio_loop
        for name, link in self._links.items():
            if link.is_lost:
                del self._actors[name]
        self._session += 1
        self._links = {
            name: DaskLink(name, actor, loop, self._session) for name, actor in self._actors.items()
        }
        return list(self._links.values())

    def _start_actors(self) -> None:
        from bulkeic.cluster.worker.lane_actor import LaneActor  # noqa: PLC0415

        self._check_scheduler()
        give_up_at = time.monotonic() + _JOIN_S
        try:
            self._client.wait_for_workers(1, timeout=_JOIN_S)
        except TimeoutError:
            raise UsageError(
                f"{self._address}: no worker has joined for {_JOIN_S:g} s; start bulkeic worker "
                "on each machine"
            ) from None
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        names = {place: _worker_name(place, each["name"]) for place, each in workers.items()}
        # A worker that cannot import the actor ends, so ask first in words that each Python has.
        asked = {place: self._submit(place, metadata.version, "bulkeic") for place in names}
        for place, future in asked.items():
            _check_version(_result(future, names[place], give_up_at), names[place])
        started = {place: self._submit(place, LaneActor, actor=True) for place in names}
        for place, future in started.items():
            actor = _result(future, names[place], give_up_at)
            _check_version(actor.version, names[place])
            self._actors[names[place]] = actor
        self._console.print(f"{self._address}: {counted(len(names), 'worker')}")

    def _check_scheduler(self) -> None:
        """Checks that the scheduler can read the name of the actor's class."""
        try:
            self._client.run_on_scheduler(metadata.version, "bulkeic")
        except ImportError:
            raise UsageError(
                f"the scheduler {self._address} has no bulkeic; install bulkeic[dask] "
                f"{__version__} there"
            ) from None

    def _submit(self, place: str, work: Callable[..., Any], *arguments: str, **more: Any) -> Any:
        return self._client.submit(
            work, *arguments, workers=[place], allow_other_workers=False, pure=False, retries=0,
            **more,
        )  # fmt: skip


def _worker_name(place: str, name: object) -> str:
    return f"worker {place}" if name == place else printable(f"worker {name} ({place})")


def _result(future: Any, name: str, give_up_at: float) -> Any:
    """What a worker has answered.

    Raises:
        UsageError: it cannot be used.
    """
    try:
        return future.result(timeout=max(1.0, give_up_at - time.monotonic()))
    except ImportError:
        raise UsageError(
            f"{name} has no bulkeic; install bulkeic[dask] {__version__} there"
        ) from None
    except TimeoutError:
        raise UsageError(
            f"{name} did not answer for {_JOIN_S:g} s; it may be busy with other work of Dask"
        ) from None
    except Exception as error:  # noqa: BLE001 - Dask raises what worker or scheduler has raised
        text = printable(f"{type(error).__name__}: {error}".partition("\n")[0])
        raise UsageError(f"{name} cannot be used: {text}") from None


def _check_version(version: str, name: str) -> None:
    if version != __version__:
        raise UsageError(
            f"{name} has version {version}, and this command has {__version__}; install the same "
            "version on both"
        )
