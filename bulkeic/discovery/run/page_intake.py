"""Takes the pages that were answered, and adds those that follow."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import Lane, Operation, Page
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.discovery.run.page_content import read_page
from bulkeic.store.discovery.discovered_pages import ReadPage, StoredListing
from bulkeic.store.discovery.discovery_file import DiscoveryFile

REPEATED_MARKER = "RepeatedMarker"
"""The code of a page that leads back to an earlier one."""
ENDLESS_PAGES = "EndlessPages"
"""The code of a page after many that brought nothing new."""
_MOST_WITHOUT_NEWS = 100
_encode = msgspec.json.encode
_REFUSED_MARKER = "InvalidParameterValueException"


def listings_of_function(lane: Lane, name: str, criteria: Criteria) -> list[StoredListing]:
    """The further listings that are needed of a function that may match."""
    operations = []
    if criteria.needs_aliases:
        operations.append(Operation.LIST_ALIASES)
    if criteria.needs_configs:
        operations.append(Operation.LIST_CONFIGS)
    return [StoredListing(lane, operation, name) for operation in operations]


class PageProblem(msgspec.Struct, frozen=True):
    """Why a page that was answered is not taken."""

    code: str
    message: str


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


class PageIntake:
    """Takes pages that this process or a worker has read.

    A page is handed on at once, together with the next pages, so that a lane never waits for a
    commit.

    Args:
        criteria: which functions are looked for.
        backlog: gets the pages that follow.
        file: has the tags of functions.
        on_page: gets each page.

    Attributes:
        jobs_arrived: announces pages that were added: their lane and their number.
    """

    def __init__(
        self,
        criteria: Criteria,
        backlog: PageBacklog,
        file: DiscoveryFile,
        on_page: Callable[[ReadPage], None],
    ) -> None:
        self.jobs_arrived: Callable[[Lane, int], None] = lambda _lane, _jobs: None
        self._criteria = criteria
        self._backlog = backlog
        self._file = file
        self._on_page = on_page
        self._followed: dict[tuple[Lane, Operation, str], _FollowedMarkers] = {}

    def is_expired(self, seq: int, code: str) -> bool:
        """Whether a page was refused because its marker is of an earlier session.

        Such a marker may have expired, and would be refused for ever: the first page is read
        instead.

        Args:
            seq: of the job that reads the page.
            code: of the failure.
        """
        listing = self._backlog.listing_of(seq)
        return (
            code == _REFUSED_MARKER
            and listing is not None
            and bool(listing.marker)
            and self._key(listing) not in self._followed
        )

    def restart(self, seq: int) -> None:
        """Reads the first page instead of the one that a job reads."""
        self.take(seq, Page([], ""))

    def take(self, seq: int, page: Page) -> PageProblem | None:
        """Takes the page that a job has read: what is wrong with it; ``None``: nothing is."""
        listing = self._backlog.listing_of(seq)
        if listing is None:
            return None
        problem = self._problem(listing, page)
        if problem is not None:
            code, text = problem
            return PageProblem(code, f"{listing.operation}: {text}")
        taken = self._read(listing, page)
        self._backlog.finish(seq)
        self._on_page(taken)
        following = list(taken.following)
        if taken.next_marker is not None:
            following.append(msgspec.structs.replace(listing, marker=taken.next_marker))
        self.add(listing.lane, following)
        return None

    def add(self, lane: Lane, listings: Sequence[StoredListing]) -> None:
        """Adds pages of a lane that remain to be read."""
        if listings:
            self.jobs_arrived(lane, self._backlog.add(listings))

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

    def _read(self, listing: StoredListing, answered: Page) -> ReadPage:
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
