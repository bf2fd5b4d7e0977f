"""What waits to be taken by a program is merged, and bounded."""

from bulkeic.app.library.work_progress import MOST_UNTAKEN, UNTAKEN, ProgressFeed, WorkProgress
from bulkeic.core.model import Outcome, SourceLine, Status

OUTCOME = Outcome(0, SourceLine("targets.csv"), "f", None, Status.FAILED)


def progress(doing: str, done: int) -> WorkProgress:
    return WorkProgress(doing, None, targets=10, done=done, outcomes=(OUTCOME,))


def test_progress_of_one_pass_is_merged() -> None:
    feed = ProgressFeed(lambda: None)
    feed.readers = 1
    for each in (progress("updating", 1), progress("updating", 2), progress("verifying", 1)):
        feed.add(each)

    first, second, third = feed.take(), feed.take(), feed.take()
    assert first is not None
    assert second is not None
    assert (first.doing, first.done, len(first.outcomes)) == ("updating", 2, 2)
    assert (second.doing, third) == ("verifying", None)


def test_outcomes_that_nobody_takes_stop_the_work() -> None:
    reasons: list[str] = []
    feed = ProgressFeed(lambda: None)
    feed.connect(reasons.append)
    many = WorkProgress("updating", None, targets=10, outcomes=(OUTCOME,) * MOST_UNTAKEN)

    feed.add(many)
    feed.add(many)
    assert feed.take() is None  # it is not read, so nothing is kept
    feed.readers = 1
    feed.add(many)
    assert reasons == []
    feed.add(progress("updating", 1))
    assert reasons == [UNTAKEN]


def test_a_stop_before_the_session_holds_for_it() -> None:
    reasons: list[str] = []
    feed = ProgressFeed(lambda: None)
    feed.stop("first")
    feed.stop("second")
    feed.connect(reasons.append)

    assert reasons == ["first"]
