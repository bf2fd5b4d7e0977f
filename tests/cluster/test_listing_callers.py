"""What a worker reports of pages: each once, and a denial only if it is the last one."""

import anyio
import anyio.lowlevel
import pytest

from bulkeic.cluster.messages import ListedPage
from bulkeic.cluster.worker.granted_feed import GrantedFeed
from bulkeic.cluster.worker.listing_caller import ListingCaller
from bulkeic.cluster.worker.report_sink import ReportSink
from bulkeic.core.change.policy import Discover
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import (
    Answer,
    Call,
    Failure,
    Fault,
    Job,
    Lane,
    Operation,
    Page,
    PageRequest,
    Settings,
    SourceLine,
    Success,
    Target,
)
from bulkeic.engine.engine import Engine
from bulkeic.engine.limits import EngineLimits

LANE = Lane("123456789012", "us-east-1")
DENIED = Failure(Fault.DENIED, "AccessDeniedException", "denied", http_status=403)
PAGE = Page([{"CodeSize": 10**30}], "more")
READ = Success(200, None, page=PAGE)


class ScriptedCaller:
    """Gives each function the next of its answers."""

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        self._answers = answers

    async def call(self, job: Job, call: Call) -> Answer:
        assert isinstance(job, ListingJob)
        assert job.call == call
        return self._answers[job.target.function].pop(0)


def job_of(seq: int, function: str) -> ListingJob:
    call = Call(Operation.LIST_ALIASES, page=PageRequest())
    return ListingJob(
        seq=seq, source=SourceLine(""), function_name=function, target=Target(LANE, function),
        settings=Settings(), call=call,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "denied", "pages"),
    [
        ([READ], [], [0]),
        ([DENIED, READ], [], [0]),
        ([DENIED, DENIED, READ], [], [0]),
        ([DENIED, DENIED, DENIED], [0], []),
    ],
)
def test_a_page_is_read_three_times_before_it_is_denied(
    answers: list[Answer], denied: list[int], pages: list[int]
) -> None:
    feed, sink = GrantedFeed(), ReportSink()
    caller = ListingCaller(ScriptedCaller({"a": [*answers], "b": [READ]}), feed, sink)
    limits = EngineLimits(rate=float("inf"), concurrency=1)
    engine = Engine(feed, caller, sink, limits, Discover(), growing=True)
    caller.jobs_arrived = engine.jobs_arrived

    async def work() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(engine.run)
            await anyio.lowlevel.checkpoint()
            feed.add(LANE, [job_of(0, "a"), job_of(1, "b")])
            engine.jobs_arrived(LANE, 2)
            engine.close_feed()

    anyio.run(work)
    outcomes, _, listed = sink.take()
    assert [each.seq for each in outcomes] == denied
    assert sorted(each.seq for each in listed) == sorted([*pages, 1])
    assert all(each.page == PAGE for each in listed)


def test_pages_that_are_too_many_for_an_answer_wait_for_the_next_one() -> None:
    sink, large = ReportSink(), Page([{"FunctionName": "x" * 3_000_000}])
    for seq in range(7):
        sink.put_page(ListedPage.of(LANE, seq, large))
    found = []
    while sink.has_pages:
        assert sink.news.is_set()
        found.append([each.seq for each in sink.take()[2]])
    assert found == [[0, 1, 2], [3, 4, 5], [6]]
    assert not sink.news.is_set()
