"""Where the engines of a session come from: this process, or others."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.run.run_feed import RunFeed
from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.change.policy import Policy
from bulkeic.core.model import Job, Lane, Page
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.ports import Feed, Sink
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

NO_WORKER = "no worker is left"
"""Why a pass with workers stops."""


class TeamFeed(Feed, Protocol):
    """Jobs for workers, any of which can be lost.

    Attributes:
        batch: how many jobs of a lane are taken at once, about.
    """

    batch: int

    def take_again(self, lane: Lane, seqs: AbstractSet[int]) -> list[Job]:
        """Jobs that were taken and did not finish.

        Args:
            lane: account and Region.
            seqs: of the jobs; at least one.
        """


class PageSink(Sink, Protocol):
    """Receives what workers read. A job that has read a page has no outcome."""

    def put_page(self, seq: int, page: Page) -> None:
        """Receive the page that a job has read."""


class PageRunner(JobRunner, Protocol):
    """Reads pages, each of which may show that there are more."""

    def jobs_arrived(self, lane: Lane, jobs: int) -> None:
        """Report that the feed has more jobs of a lane."""


class PageReaders(Protocol):
    """Workers that read pages of listings."""

    def engine(self, feed: TeamFeed, sink: PageSink, *, traffic: Traffic) -> PageRunner:
        """Makes what reads the pages of a feed, and adds to the traffic what it has sent."""


OpenPageReaders = Callable[
    [Accounts, RoleSession, Console, int], AbstractAsyncContextManager[PageReaders]
]
"""Opens workers for a number of lanes, given how their accounts are reached."""
