"""The outcomes of a run as a grid: a row for each account, a column for each Region."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane
from bulkeic.core.report.place_counts import PlaceCounts
from bulkeic.core.report.run_report import RunReport
from bulkeic.output.formatting import counted, short

MOST_ACCOUNTS, MOST_REGIONS = 400, 50
_CHANGING = (Action.CHANGE, Action.CREATE, Action.DELETE)


class CellState(StrEnum):
    """What matters most about the targets of a cell; the names are classes of the style."""

    GOOD = "good"
    BAD = "bad"
    MILD = "mild"
    TODO = "todo"


class GridCell(NamedTuple):
    """The targets of one place.

    Attributes:
        state: its color.
        text: the number that matters most, with a sign unless all is done.
        description: all numbers in words.
    """

    state: CellState
    text: str
    description: str


class GridRow(NamedTuple):
    """An account.

    Attributes:
        account_id: of it.
        cells: one for each Region; ``None``: the run has no such lane.
        total: of the account.
    """

    account_id: str
    cells: Sequence[GridCell | None]
    total: GridCell


class LaneGrid(NamedTuple):
    """The whole grid.

    Attributes:
        regions: the columns.
        rows: accounts, those with most failures first.
        totals: of each Region.
        total: of the run.
        note: what is not shown; empty: nothing.
        is_plan: whether cells may show what a plan will change.
    """

    regions: Sequence[str]
    rows: Sequence[GridRow]
    totals: Sequence[GridCell]
    total: GridCell
    note: str
    is_plan: bool


def lane_grid(report: RunReport, *, by_name: bool = False) -> LaneGrid:
    """The grid of a run: the accounts and Regions with most trouble, if there are very many.

    Args:
        report: of the run.
        by_name: whether the accounts are in the order of their names, instead of by trouble.
    """
    is_plan = report.is_plan
    accounts = _by_trouble(report.accounts, MOST_ACCOUNTS)
    if by_name:
        accounts.sort()
    regions = sorted(_by_trouble(report.regions, MOST_REGIONS))
    rows = [
        GridRow(
            account,
            [_cell_of(report.lanes.get(Lane(account, region)), is_plan) for region in regions],
            grid_cell(report.accounts[account], is_plan=is_plan),
        )
        for account in accounts
    ]
    hidden = (
        counted(number, word)
        for number, word in (
            (len(report.accounts) - len(accounts), "account"),
            (len(report.regions) - len(regions), "Region"),
        )
        if number
    )
    names = " and ".join(hidden)
    return LaneGrid(
        regions,
        rows,
        [grid_cell(report.regions[region], is_plan=is_plan) for region in regions],
        grid_cell(_sum_of(report.accounts.values()), is_plan=is_plan),
        f"{names} with less trouble not shown" if names else "",
        is_plan,
    )


def grid_cell(counts: PlaceCounts, *, is_plan: bool) -> GridCell:
    """What a cell shows.

    ===============================  =====  ==========
    there are                        state  text
    ===============================  =====  ==========
    failed or unknown targets        bad    ``✗ 3``
    a plan's targets to change       todo   ``~ 3``
    pending targets                  mild   ``… 3``
    else                             good   ``3``
    ===============================  =====  ==========

    Args:
        counts: of its targets.
        is_plan: whether the plan will change pending targets that were read.
    """
    to_change = sum(counts.needs.get(each.value, 0) for each in _CHANGING) if is_plan else 0
    left = max(0, counts.pending - to_change)
    parts = (
        (counts.not_done, "failed", CellState.BAD, "✗ "),
        (to_change, "to change", CellState.TODO, "~ "),
        (left, "not read" if is_plan else "pending", CellState.MILD, "… "),
        (counts.done - counts.not_done, "done", CellState.GOOD, ""),
    )
    found = [part for part in parts if part[0]] or [parts[-1]]
    number, _, state, sign = found[0]
    words = ", ".join(f"{count:,} {word}" for count, word, _, _ in found)
    return GridCell(
        state, f"{sign}{short(number)}", f"{words} of {counted(counts.targets, 'target')}"
    )


def _cell_of(counts: PlaceCounts | None, is_plan: bool) -> GridCell | None:  # noqa: FBT001
    return None if counts is None else grid_cell(counts, is_plan=is_plan)


def _by_trouble(places: Mapping[str, PlaceCounts], limit: int) -> list[str]:
    """The places with most failures, then with most pending targets, then by name."""
    ordered = sorted(places, key=lambda name: (-places[name].not_done, -places[name].pending, name))
    return ordered[:limit]


def _sum_of(places: Iterable[PlaceCounts]) -> PlaceCounts:
    total = PlaceCounts()
    for place in places:
        total.lanes += place.lanes
        total.targets += place.targets
        for status, count in place.statuses.items():
            total.statuses[status] += count
        for action, count in place.needs.items():
            total.needs[action] = total.needs.get(action, 0) + count
    return total
