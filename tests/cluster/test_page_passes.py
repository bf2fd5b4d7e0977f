"""A pass over pages that add more pages, made by workers that are lost and answer late."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.cluster.command.page_pass import PagePass
from bulkeic.cluster.command.team_run import TeamRun
from bulkeic.cluster.messages import Ask, ListedPage, Tell, decode_ask, encode
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import Job, Lane, Operation, Page
from bulkeic.core.summary import Traffic
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.engine.limits import EngineLimits
from bulkeic.store.discovery.discovered_pages import StoredListing
from tests.cluster.simulated_team import CountingEngine, SimulatedTeam, events, replay
from tests.store.run_files import CHINA, EAST, WEST

LANES = (EAST, WEST, CHINA)
PAGES, FUNCTIONS = 4, 5
"""Pages of functions in a lane, and functions on each of them, which have a page of aliases."""
EVERY_PAGE = {
    (lane, *page)
    for lane in LANES
    for number in range(PAGES)
    for page in [("", str(number)), *((f"fn-{number}-{n}", "") for n in range(FUNCTIONS))]
}


class Listings:
    """A sink that adds the pages that follow on a page."""

    def __init__(self) -> None:
        first = [StoredListing(lane, Operation.LIST_FUNCTIONS, marker="0") for lane in LANES]
        self.backlog = PageBacklog(first, all_versions=False)
        self.read: list[tuple[Lane, str, str]] = []

        async def never(_: TeamRun) -> None:
            raise AssertionError

        self.pass_ = PagePass(
            self.backlog, self, work_through=never, limits=EngineLimits(), traffic=Traffic()
        )

    def put_page(self, seq: int, page: Page) -> None:
        listing = self.backlog.finish(seq)
        assert listing is not None
        assert page == Page([{"seq": seq}], "more")
        self.read.append((listing.lane, listing.function, listing.marker))
        if listing.function:
            return
        number, lane = int(listing.marker), listing.lane
        following = [
            StoredListing(lane, Operation.LIST_ALIASES, f"fn-{number}-{each}")
            for each in range(FUNCTIONS)
        ]
        if number + 1 < PAGES:
            following.append(StoredListing(lane, Operation.LIST_FUNCTIONS, marker=str(number + 1)))
        self.pass_.jobs_arrived(lane, self.backlog.add(following))

    def put(self, *_: Any) -> None:
        raise AssertionError

    def store_before_image(self, *_: Any) -> None:
        raise AssertionError

    def drop(self, jobs: int) -> None:
        pass


class ReadingEngine(CountingEngine):
    """An engine that reads pages."""

    def answer(self, done: list[Job], *, is_done: bool) -> Tell:
        pages = [
            ListedPage.of(job.target.lane, job.seq, Page([{"seq": job.seq}], "more"))
            for job in done
        ]
        return Tell(number=1, pages=pages, is_done=is_done)


@settings(deadline=None, max_examples=100)
@given(events, st.sampled_from([1, 4, 100]), st.none() | st.integers(0, 39))
def test_each_page_is_taken_once_and_the_pass_ends(
    events: list[tuple[str, int]], batch: int, stopped_at: int | None
) -> None:
    listings = Listings()
    team = SimulatedTeam(listings.pass_, 3, batch, ReadingEngine)
    replay(team, events, stopped_at)

    assert listings.pass_.ended.is_set()
    assert len(listings.read) == len(set(listings.read))
    assert listings.pass_.stopped is not None or set(listings.read) == EVERY_PAGE
    left = sum(lane.left for lane in listings.pass_.lanes.values())
    assert left == listings.backlog.unread_pages()


def test_a_page_of_a_lane_that_has_stopped_is_taken_and_ends_nothing() -> None:
    listings = Listings()
    work = listings.pass_
    work.join(0, LANES)
    (grant,) = (each for each in work.next_parts(0).grants if each.lane == EAST)
    seq = grant.listings[0].seq
    page = ListedPage.of(EAST, seq, Page([{"seq": seq}], "more"))
    work.take(0, Tell(number=1, stopped_lanes=[(EAST, "denied")]))
    work.take(0, Tell(number=2, pages=[page]))

    assert work.lanes[EAST].left == FUNCTIONS + 1
    assert [grant.lane for grant in work.next_parts(0).grants] == []
    assert not work.next_parts(0).ends
    for number, lane in enumerate((WEST, CHINA)):
        work.take(0, Tell(number=3 + number, stopped_lanes=[(lane, "denied")]))
    assert work.next_parts(0).ends
    assert work.stopped is None


def test_a_worker_without_answers_stops_its_lanes_and_those_that_move_to_it() -> None:
    work = Listings().pass_
    work.join(0, [EAST])
    work.join(1, [WEST, CHINA])
    for worker in (0, 1):
        work.next_parts(worker)
    work.take(0, Tell(number=1, stopped="no answer for 120 s", is_done=True))
    assert (work.stopped_lanes(), work.stopped) == ({EAST: "no answer for 120 s"}, None)

    work.lost(1)
    for lane in (WEST, CHINA):
        work.move(lane, 0)
    assert (set(work.stopped_lanes()), work.stopped) == (set(LANES), "no answer for 120 s")
    assert work.next_parts(0).ends


def test_what_a_job_lists_travels() -> None:
    work = Listings().pass_
    work.join(0, [EAST])
    parts = work.next_parts(0)
    ask = Ask(number=1, acknowledged=0, wait_s=0, start=parts.start, grants=parts.grants)
    (grant,) = decode_ask(encode(ask)).grants
    (job,) = grant.listings
    assert isinstance(job, ListingJob)
    assert job == parts.grants[0].listings[0]
