"""The lines below the progress bar: never too many, never too wide."""

from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.lane_progress import LaneProgress
from bulkeic.core.model import Lane
from bulkeic.output.terminal.progress_text import bar_text, group_lines


@given(st.integers(1, 30), st.integers(1, 16), st.integers(10, 200), st.integers(1, 100))
def test_the_lines_fit_the_terminal(accounts: int, regions: int, width: int, height: int) -> None:
    lanes = {
        Lane(f"{account:012}", f"xx-test-{region}"): 1000
        for account in range(accounts)
        for region in range(regions)
    }
    progress = LaneProgress(lanes)
    for group in progress.groups:
        group.done, group.failed, group.throttles = 12345, 6789, 1234

    lines = group_lines(progress, width, height)

    assert len(lines) + 1 <= max(1, height // 4)
    assert (height, len(lines) + 1) != (24, 7)
    assert all(len(line) <= max(width, 40) for line in lines)


def test_groups_of_lanes() -> None:
    lanes = {Lane("1" * 12, region): 50 for region in ("eu-west-1", "us-east-1")}
    progress = LaneProgress(lanes)
    first, second = progress.groups
    first.done, first.failed = 25, 3
    second.done, second.throttles = 5, 7
    for lane in progress.lanes.values():
        lane.done, lane.failed = 50, 1
    assert group_lines(progress, 80, 24) == [
        "  2 of 2 lanes done, 2 with failures",
        "  eu-west-1  25/50   50 %  3 failed",
        "  us-east-1   5/50   10 %  7 throttled",
    ]
    assert group_lines(progress, 30, 24)[1] == "  eu-west-1  25/50   50 %"
    assert group_lines(progress, 80, 7) == []


def test_one_lane_has_no_groups() -> None:
    assert group_lines(LaneProgress({Lane("1" * 12, "us-east-1"): 9}), 80, 24) == []


@given(st.lists(st.text("ab", max_size=9)), st.integers(-5, 40))
def test_pieces_that_do_not_fit_are_left_out(pieces: list[str], width: int) -> None:
    text = bar_text(pieces, width)
    assert len(text) <= max(0, width)
