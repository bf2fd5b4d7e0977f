"""How far a run is, as lines of text: the pieces beside the bar, and the groups of lanes."""

from collections.abc import Sequence

from bulkeic.core.lane_progress import GroupProgress, LaneProgress, shown_groups
from bulkeic.output.formatting import share
from bulkeic.output.terminal.styles import Style, styled_count, styled_line, styled_list

_PART_OF_HEIGHT = 4
_MOST_LINES = 12
_BAR_AND_LANES = 2


def bar_text(pieces: Sequence[str], width: int) -> str:
    """The pieces beside a bar that fit, in order; one that does not fit is left out.

    Args:
        pieces: the most important ones first; empty ones are left out.
        width: columns that there are.
    """
    kept: list[str] = []
    for piece in pieces:
        if piece and len(", ".join([*kept, piece])) <= width:
            kept.append(piece)
    return styled_list(kept)


def group_lines(progress: LaneProgress, width: int, height: int) -> list[str]:
    """A line for the state of the lanes, and one for each group of lanes.

    With the bar, they take at most a quarter of the height of the terminal.

    Args:
        progress: of the pass.
        width: columns of the terminal.
        height: rows of the terminal.
    """
    most = min(height // _PART_OF_HEIGHT, _MOST_LINES) - _BAR_AND_LANES
    if not progress.groups or most < 0:
        return []
    groups = shown_groups(progress.groups, most)
    names = max((len(group.name) for group in groups), default=0)
    counts = max((len(_done(group)) for group in groups), default=0)
    lines = [_lane_states(list(progress.lanes.values()))]
    for group in groups:
        done = f"{_done(group):>{counts}} {share(group.done, group.jobs):>6}"
        pieces = trouble_counts(group.failed, group.throttles)
        lines.append(_cut(f"  {group.name:<{names}}  {done}", pieces, width))
    return lines


def _done(group: GroupProgress) -> str:
    return f"{group.done:,}/{group.jobs:,}"


def _lane_states(lanes: Sequence[GroupProgress]) -> str:
    done = sum(lane.is_done for lane in lanes)
    failed = sum(lane.failed > 0 for lane in lanes)
    throttled = sum(lane.throttles > 0 for lane in lanes)
    pieces = [f"{done:,} of {len(lanes):,} lanes done"]
    if failed:
        pieces.append(styled_count(failed, Style.BAD, "with failures"))
    if throttled:
        pieces.append(styled_count(throttled, Style.WAITING, "throttled"))
    return styled_line("  ", styled_list(pieces))


def trouble_counts(failed: int, throttles: int) -> list[str]:
    """How many jobs failed and how many calls were throttled; none: nothing."""
    counts = ((failed, Style.BAD, "failed"), (throttles, Style.WAITING, "throttled"))
    return [styled_count(count, style, word) for count, style, word in counts if count]


def _cut(text: str, pieces: Sequence[str], width: int) -> str:
    """A line that fits: pieces are left out from the end."""
    kept = bar_text(pieces, width - len(text) - 2)
    return styled_line(text, "  ", kept) if kept else text[:width]
