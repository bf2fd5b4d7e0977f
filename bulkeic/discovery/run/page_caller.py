"""Calls Lambda for pages, and adds the pages that follow on an answer."""

from collections import Counter

from bulkeic.core.listing import ATTEMPTS_IF_DENIED
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Page, Success
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.discovery.run.page_intake import PageIntake
from bulkeic.engine.ports import Caller
from bulkeic.store.discovery.discovered_pages import StoredListing


class PageCaller:
    """Reads pages. It implements ``Caller``.

    Args:
        caller: calls Lambda.
        backlog: knows which page a job reads.
        intake: takes each page that was answered.
    """

    def __init__(self, caller: Caller, backlog: PageBacklog, intake: PageIntake) -> None:
        self._caller = caller
        self._backlog = backlog
        self._intake = intake
        self._denials: Counter[StoredListing] = Counter()

    async def call(self, job: Job, call: Call) -> Answer:
        """Makes one attempt to read a page."""
        answer = await self._caller.call(job, call)
        if isinstance(answer, Failure):
            if self._intake.is_expired(job.seq, answer.code):
                self._intake.restart(job.seq)
                return Success(answer.http_status or 0, answer.request_id, page=Page([], ""))
            if answer.fault is Fault.DENIED:
                self._retry_later(job)
            return answer
        if answer.page is None:
            return answer
        problem = self._intake.take(job.seq, answer.page)
        if problem is None:
            return answer
        return Failure(
            Fault.REFUSED,
            problem.code,
            problem.message,
            http_status=answer.http_status,
            request_id=answer.request_id,
        )

    def _retry_later(self, job: Job) -> None:
        """Adds a page again, unless it was denied too often: its job then ends without a page."""
        listing = self._backlog.listing_of(job.seq)
        assert listing is not None  # noqa: S101 - its job has not ended
        self._denials[listing] += 1
        if self._denials[listing] == ATTEMPTS_IF_DENIED:
            return
        self._backlog.finish(job.seq)
        self._intake.add(listing.lane, [listing])
