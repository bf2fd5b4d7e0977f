"""Calls Lambda for pages of listings, and reports each page to the command."""

from collections import Counter
from collections.abc import Callable

from bulkeic.cluster.messages import ListedPage
from bulkeic.cluster.worker.granted_feed import GrantedFeed
from bulkeic.cluster.worker.report_sink import ReportSink
from bulkeic.core.listing import ATTEMPTS_IF_DENIED
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane
from bulkeic.engine.ports import Caller


class ListingCaller:
    """Reads pages. It implements ``Caller``.

    Args:
        caller: calls Lambda.
        feed: gets pages again that were denied.
        sink: gets each page that was read.

    Attributes:
        jobs_arrived: announces jobs that were added to the feed: their lane and their number.
    """

    def __init__(self, caller: Caller, feed: GrantedFeed, sink: ReportSink) -> None:
        self.jobs_arrived: Callable[[Lane, int], None] = lambda _lane, _jobs: None
        self._caller = caller
        self._feed = feed
        self._sink = sink
        self._denials: Counter[int] = Counter()

    async def call(self, job: Job, call: Call) -> Answer:
        """Makes one attempt to read a page."""
        answer = await self._caller.call(job, call)
        if isinstance(answer, Failure):
            if answer.fault is Fault.DENIED:
                self._retry_later(job)
        elif answer.page is not None:
            self._denials.pop(job.seq, None)
            self._sink.put_page(ListedPage.of(job.target.lane, job.seq, answer.page))
        return answer

    def _retry_later(self, job: Job) -> None:
        """Adds a job again, unless it was denied too often."""
        self._denials[job.seq] += 1
        if self._denials[job.seq] == ATTEMPTS_IF_DENIED:
            return
        self._sink.leave_out(job.seq)
        self._feed.add(job.target.lane, [job])
        self.jobs_arrived(job.target.lane, 1)
