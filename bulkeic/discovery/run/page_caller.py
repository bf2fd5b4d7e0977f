"""Calls Lambda for pages, and adds the pages that follow on an answer."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Answer, Call, Failure, Fault, Job, Lane, Operation, Page, Success
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.discovery.run.page_content import read_page
from bulkeic.engine.ports import Caller
from bulkeic.store.discovery.discovered_pages import ReadPage, StoredListing
from bulkeic.store.discovery.discovery_file import DiscoveryFile

REPEATED_MARKER = "RepeatedMarker"
"""The code of a page that leads back to an earlier one."""
ENDLESS_PAGES = "EndlessPages"
"""The code of a page after many that brought nothing new."""
_MOST_WITHOUT_NEWS = 100
_encode = msgspec.json.encode
_REFUSED_MARKER = "InvalidParameterValueException"

# A denied page goes to the end of its lane's pages: a lane whose first page is denied once must not
# wait until all others are read.
_ATTEMPTS_IF_DENIED = 3


def listings_of_function(lane: Lane, name: str, criteria: Criteria) -> list[StoredListing]:
    """The further listings that are needed of a function that may match."""
    operations = []
    if criteria.needs_aliases:
        operations.append(Operation.LIST_ALIASES)
    if criteria.needs_configs:
        operations.append(Operation.LIST_CONFIGS)
    return [StoredListing(lane, operation, name) for operation in operations]


class _FollowedMarkers(msgspec.Struct):
    """The markers of a listing that were followed, and whether its pages bring anything new.

    Attributes:
        hashes: of the markers.
        content: hash of the last page.
        without_news: pages in a row that were like the one before, or the first ones and empty.
    """

    hashes: set[int]
    content: int = hash(_encode([]))
    without_news: int = 0

    def problem(self, items: list[dict[str, Any]], next_marker: str) -> tuple[str, str] | None:
        """Follows the marker of a page: the code and the text of what is wrong, if anything is."""
        marker, content = hash(next_marker), hash(_encode(items))
        self.without_news = self.without_news + 1 if content == self.content else 0
        self.content = content
        if marker in self.hashes:
            return REPEATED_MARKER, "the page leads back to an earlier one"
        self.hashes.add(marker)
        if self.without_news >= _MOST_WITHOUT_NEWS:
            return ENDLESS_PAGES, f"{_MOST_WITHOUT_NEWS} pages in a row brought nothing new"
        return None


class PageCaller:
    """Reads pages. It implements ``Caller``.

    A page that was answered is handed on at once, together with the next pages, so that a lane
    never waits for a commit.

    Args:
        caller: calls Lambda.
        criteria: which functions are looked for.
        backlog: gets the pages that follow.
        file: has the tags of functions.
        on_page: gets each page that was read.

    Attributes:
        jobs_arrived: announces pages that were added: their lane and their number.
    """

    def __init__(
        self,
        caller: Caller,
        criteria: Criteria,
        backlog: PageBacklog,
        file: DiscoveryFile,
        on_page: Callable[[ReadPage], None],
    ) -> None:
        self.jobs_arrived: Callable[[Lane, int], None] = lambda _lane, _jobs: None
        self._caller = caller
        self._criteria = criteria
        self._backlog = backlog
        self._file = file
        self._on_page = on_page
        self._denials: Counter[StoredListing] = Counter()
        self._followed: dict[tuple[Lane, Operation, str], _FollowedMarkers] = {}

    async def call(self, job: Job, call: Call) -> Answer:
        """Makes one attempt to read a page."""
        answer = await self._caller.call(job, call)
        listing = self._backlog.listing_of(job)
        if isinstance(answer, Failure) and answer.code == _REFUSED_MARKER:
            answer = self._first_page_instead(listing, answer)
        if isinstance(answer, Failure):
            if answer.fault is Fault.DENIED:
                self._retry_later(job)
            return answer
        if answer.page is None:
            return answer
        problem = self._problem(listing, answer.page)
        if problem is not None:
            code, text = problem
            return Failure(
                Fault.REFUSED,
                code,
                f"{listing.operation}: {text}",
                http_status=answer.http_status,
                request_id=answer.request_id,
            )
        self._accept(job, listing, answer)
        return answer

    def _first_page_instead(self, listing: StoredListing, failure: Failure) -> Answer:
        """An empty page that leads to the first one, if the marker is of an earlier session.

        Such a marker may have expired, and would be refused for ever.
        """
        if not listing.marker or self._key(listing) in self._followed:
            return failure
        return Success(failure.http_status or 0, failure.request_id, page=Page([], ""))

    def _retry_later(self, job: Job) -> None:
        """Adds a page again, unless it was denied too often: its job then ends without a page."""
        listing = self._backlog.listing_of(job)
        self._denials[listing] += 1
        if self._denials[listing] == _ATTEMPTS_IF_DENIED:
            return
        self._backlog.finish(job.seq)
        self.jobs_arrived(listing.lane, self._backlog.add([listing]))

    def _problem(self, listing: StoredListing, page: Page) -> tuple[str, str] | None:
        """The code and the text of what is wrong with the next marker; ``None``: nothing is."""
        key = self._key(listing)
        if page.next_marker is None:
            self._followed.pop(key, None)
            return None
        followed = self._followed.get(key)
        if followed is None:
            followed = self._followed[key] = _FollowedMarkers({hash(listing.marker)})
        return followed.problem(page.items, page.next_marker)

    def _key(self, listing: StoredListing) -> tuple[Lane, Operation, str]:
        return listing.lane, listing.operation, listing.function

    def _accept(self, job: Job, listing: StoredListing, answer: Success) -> None:
        assert answer.page is not None  # noqa: S101 - checked before
        page = self._page(listing, answer.page)
        self._backlog.finish(job.seq)
        self._on_page(page)
        following = list(page.following)
        if page.next_marker is not None:
            following.append(msgspec.structs.replace(listing, marker=page.next_marker))
        if following:
            self.jobs_arrived(listing.lane, self._backlog.add(following))

    def _page(self, listing: StoredListing, answered: Page) -> ReadPage:
        lane, criteria = listing.lane, self._criteria
        tags: dict[str, dict[str, str]] | None = None
        if criteria.needs_tags and listing.operation is Operation.LIST_FUNCTIONS:
            names = list({item["FunctionName"]: None for item in answered.items})
            tags = self._file.tags(lane, names)

        def may_match(item: dict[str, Any]) -> bool:
            name = item["FunctionName"]
            own = None if tags is None else tags.get(name, {})
            # A version may match although $LATEST does not.
            facts = {} if criteria.needs_versions else item
            return criteria.may_match(FoundFunction(lane=lane, name=name, facts=facts, tags=own))

        page = read_page(listing, answered, may_match)
        names = [name for name, facts in page.functions.items() if facts is not None]
        return msgspec.structs.replace(page, following=self._following(lane, names))

    def _following(self, lane: Lane, names: Sequence[str]) -> list[StoredListing]:
        return [
            listing
            for name in names
            if not self._backlog.is_followed(lane, name)
            for listing in listings_of_function(lane, name, self._criteria)
        ]
