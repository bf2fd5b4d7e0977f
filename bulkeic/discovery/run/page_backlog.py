"""The pages that remain to be read, as the engine's feed."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from bulkeic.core.listing import ListingJob
from bulkeic.core.model import (
    Call,
    Job,
    Lane,
    Operation,
    PageRequest,
    Settings,
    SourceLine,
    Target,
)
from bulkeic.core.targets.names import partition_of
from bulkeic.store.discovery.discovered_pages import StoredListing

# The next page of functions waits while this many functions of the lane wait for their own pages:
# so a lane always has work, and few functions are in memory.
_ENOUGH_FUNCTIONS = 200
_BATCH = 16
_NO_SETTINGS = Settings()


class _LanePages:
    """The pages of one lane.

    Attributes:
        functions: the next page of its functions; ``None``: it is being read, or there is none.
        others: pages of single functions: operation, function and marker.
        followed: hashes of the functions that have got pages.
    """

    __slots__ = ("followed", "functions", "others")

    def __init__(self) -> None:
        self.functions: StoredListing | None = None
        self.others: deque[tuple[Operation, str, str]] = deque()
        self.followed: set[int] = set()

    def __len__(self) -> int:
        return len(self.others) + (self.functions is not None)


class PageBacklog:
    """Gives out pages to read, as jobs. It implements ``TeamFeed``.

    Args:
        listings: of which a page must be read.
        all_versions: whether ListFunctions also lists published versions.

    Attributes:
        batch: how many pages of a lane are taken at once, about.
    """

    def __init__(self, listings: Iterable[StoredListing], *, all_versions: bool) -> None:
        self.batch = _BATCH
        self._all_versions = all_versions
        self._lanes: dict[Lane, _LanePages] = {}
        self._reading: dict[int, StoredListing] = {}
        self._jobs = 0
        for listing in listings:
            self.add([listing])

    def lanes(self) -> Mapping[Lane, int]:
        """The lanes that have pages to read, each with their number."""
        return {lane: len(backlog) for lane, backlog in self._lanes.items() if backlog}

    def add(self, listings: Collection[StoredListing]) -> int:
        """Adds pages to read. Returns their number."""
        for listing in listings:
            backlog = self._lanes.setdefault(listing.lane, _LanePages())
            if listing.function:
                key = (listing.operation, listing.function, listing.marker)
                backlog.others.append(key)
                backlog.followed.add(hash(listing.function))
            else:
                backlog.functions = listing
        return len(listings)

    def is_followed(self, lane: Lane, function: str) -> bool:
        """Whether pages of a function were added before."""
        return hash(function) in self._lanes[lane].followed

    def take(self, lane: Lane) -> Sequence[Job]:
        """The next pages of a lane, as jobs; empty: it has none now."""
        backlog = self._lanes[lane]
        taken = []
        if backlog.functions is not None and len(backlog.others) < _ENOUGH_FUNCTIONS:
            taken.append(backlog.functions)
            backlog.functions = None
        number = min(self.batch, len(backlog.others))
        taken.extend(StoredListing(lane, *backlog.others.popleft()) for _ in range(number))
        return [self._new_job(listing) for listing in taken]

    def take_again(self, lane: Lane, seqs: AbstractSet[int]) -> list[Job]:
        """Pages of a lane that were taken and not read, as the same jobs."""
        del lane
        return [self._job(seq, self._reading[seq]) for seq in sorted(seqs)]

    def listing_of(self, seq: int) -> StoredListing | None:
        """The page that a job reads; ``None``: the job has ended."""
        return self._reading.get(seq)

    def finish(self, seq: int) -> StoredListing | None:
        """Forgets a job that has ended; ``None``: it was forgotten before."""
        return self._reading.pop(seq, None)

    def unread_lanes(self) -> set[Lane]:
        """The lanes of which pages are known and not read."""
        return {listing.lane for listing in self._reading.values()} | self.lanes().keys()

    def unread_pages(self) -> int:
        """Number of pages that are known and not read."""
        return len(self._reading) + sum(self.lanes().values())

    def _new_job(self, listing: StoredListing) -> ListingJob:
        seq = self._jobs
        self._jobs += 1
        self._reading[seq] = listing
        return self._job(seq, listing)

    def _job(self, seq: int, listing: StoredListing) -> ListingJob:
        is_all = self._all_versions and listing.operation is Operation.LIST_FUNCTIONS
        target = Target(listing.lane, listing.function, partition=partition_of(listing.lane.region))
        return ListingJob(
            seq=seq,
            source=SourceLine(""),
            function_name=listing.function,
            target=target,
            settings=_NO_SETTINGS,
            call=Call(
                listing.operation, page=PageRequest(marker=listing.marker, all_versions=is_all)
            ),
        )
