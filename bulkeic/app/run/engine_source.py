"""Where the engines of a session come from: this process, or others."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from bulkeic.app.run.run_feed import RunFeed
from bulkeic.app.setup.options import WorkOptions
from bulkeic.core.accounts import Accounts
from bulkeic.core.model import Lane
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.policy import Policy
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Sink
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.aws.lambda_caller import LambdaCaller


class JobRunner(Protocol):
    """Works through the jobs of one pass; see ``Engine``."""

    traffic: Traffic
    has_denied_lane: bool

    @property
    def stopped(self) -> str | None:
        """Why the pass ended early; ``None``: it did not."""

    @property
    def failures(self) -> int:
        """Jobs that failed so far."""

    async def run(self) -> None:
        """Works until every job has its outcome, or until it is stopped."""

    def stop(self, reason: str) -> None:
        """Starts no more calls. Those in flight finish. The first reason is kept."""

    def stopped_lanes(self) -> dict[Lane, str]:
        """The lanes that stopped by themselves, each with the reason."""

    def forecast(self) -> Forecast | None:
        """How long the remaining jobs will take; ``None``: no jobs remain."""


class EngineSource(Protocol):
    """Makes what works through the passes of one session.

    Attributes:
        caller: knows the credentials of each lane in this process.
    """

    caller: "LambdaCaller"

    def engine(
        self,
        feed: RunFeed,
        sink: Sink,
        policy: Policy,
        *,
        limits: EngineLimits | None = None,
        traffic: Traffic | None = None,
        failures: int = 0,
    ) -> JobRunner:
        """Makes a new one; the arguments are those of ``Engine``."""


Announce = Callable[..., None]
"""Tells those who watch a run what happens: the class of the event, and its own fields by name."""

OpenEngines = Callable[
    [RunFile, WorkOptions, Accounts, Console, Announce], AbstractAsyncContextManager[EngineSource]
]
"""Opens the engines of a session on a run."""
