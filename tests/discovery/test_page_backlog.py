"""The pages that remain to be read: each is given out once, and few are in memory."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.listing import ListingJob
from bulkeic.core.model import Lane, Operation
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.store.discovery.discovered_pages import StoredListing

LANE = Lane("123456789012", "us-east-1")
PAGE = 50
FUNCTIONS = StoredListing(LANE, Operation.LIST_FUNCTIONS)


def aliases(numbers: Iterable[int]) -> list[StoredListing]:
    return [StoredListing(LANE, Operation.LIST_ALIASES, f"fn-{number}") for number in numbers]


@given(st.lists(st.integers(0, 400), max_size=30))
def test_every_page_is_given_out_once(sizes: list[int]) -> None:
    backlog = PageBacklog([FUNCTIONS], all_versions=False)
    given_out: list[str] = []
    first = 0
    while jobs := backlog.take(LANE):
        for job in jobs:
            assert isinstance(job, ListingJob)
            listing = backlog.finish(job.seq)
            assert listing is not None
            given_out.append(listing.function or f"page {listing.marker}")
            if not listing.function and sizes:
                size = sizes.pop()
                backlog.add(aliases(range(first, first + size)))
                first += size
                backlog.add([StoredListing(LANE, Operation.LIST_FUNCTIONS, marker=str(first))])

    assert len(given_out) == len([name for name in given_out if name.startswith("page")]) + first
    assert {name for name in given_out if name.startswith("fn")} == {
        f"fn-{number}" for number in range(first)
    }
    assert (backlog.unread_pages(), backlog.unread_lanes()) == (0, set())


def test_the_next_page_waits_while_there_is_enough_to_do() -> None:
    backlog = PageBacklog([FUNCTIONS], all_versions=False)
    most, pages = 0, 0
    while jobs := backlog.take(LANE):
        for job in jobs:
            listing = backlog.finish(job.seq)
            assert listing is not None
            if not listing.function and pages < 100:
                pages += 1
                backlog.add(aliases(range(pages * PAGE, (pages + 1) * PAGE)))
                backlog.add([StoredListing(LANE, Operation.LIST_FUNCTIONS, marker=str(pages))])
        most = max(most, backlog.unread_pages())

    assert pages == 100
    assert most <= 200 + PAGE + 1


def test_a_function_is_followed_once_it_was_added() -> None:
    backlog = PageBacklog([FUNCTIONS], all_versions=True)
    (job,) = backlog.take(LANE)

    assert isinstance(job, ListingJob)
    assert job.call.page is not None
    assert job.call.page.all_versions
    assert not backlog.is_followed(LANE, "fn-1")
    backlog.add(aliases([1]))
    assert backlog.is_followed(LANE, "fn-1")
