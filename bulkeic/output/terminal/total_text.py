"""Totals by account, where a run has too many lanes to list them, as lines of text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane
from bulkeic.core.report.place_totals import PlaceTotal, place_of, place_totals
from bulkeic.core.summary import LaneSummary
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines
from bulkeic.output.terminal.screen import Screen
from bulkeic.output.terminal.styles import ACTION_STYLES, Style, styled_count

MOST_LANES = 20
"""With more lanes, a run is shown by account and not by lane."""
_SHOWN_PLACES = 8
_LEAST_PLACES, _MOST_PLACES = 1, 20
_CALM_PLACES = 3  # without failed or pending targets
_MISSED = (Action.MISSING, Action.UNCONFIGURED)
_LESS_IMPORTANT = (Action.NOT_MATCHED, Action.UNCHANGED, Action.UNCONFIGURED)
_CHANGING = (Action.CHANGE, Action.CREATE, Action.DELETE)


def total_lines(lanes: Iterable[LaneSummary], screen: Screen) -> list[str]:
    """A table by account, those with trouble first; the others are counted.

    Args:
        lanes: of the run.
        screen: what is left of it.
    """
    word, places = place_totals(lanes)
    shown = places if screen.in_full else _worth_showing(places)[: _most_places(screen)]
    head = (word, "lanes", "targets", "failed", "pending", "throttled")
    rows = [
        (
            each.name,
            f"{each.lanes:,}",
            f"{each.targets:,}",
            styled_count(each.failed, Style.BAD),
            styled_count(each.pending, Style.WAITING),
            f"{each.throttles:,}",
        )
        for each in shown
    ]
    table = Table("", head, rows, optional=("throttled", "lanes"))
    return lines(table, screen.width) + _rest(places[len(shown) :], word)


def _worth_showing(places: Sequence[PlaceTotal]) -> Sequence[PlaceTotal]:
    """The places with trouble, which are the first ones, and a few others."""
    return places[: sum(place.is_troubled for place in places) + _CALM_PLACES]


def _rest(places: Sequence[PlaceTotal], word: str) -> list[str]:
    if not places:
        return []
    failed = sum(each.failed for each in places)
    pending = sum(each.pending for each in places)
    counts = ((failed, "failed"), (pending, "pending"))
    told = [f"{count:,} {what}" for count, what in counts if count]
    text = ", ".join(told) or "nothing failed, nothing pending"
    return [f"  {counted(len(places), f'more {word}')}: {text}"]


def planned_total_lines(
    needs: Mapping[Lane, Counter[Action]],
    lanes: Iterable[LaneSummary],
    columns: Mapping[Action, str],
    screen: Screen,
) -> list[str]:
    """A table of a plan by account: first those with failed or missing targets, then by changes.

    Args:
        needs: account and Region → what the targets need.
        lanes: of the plan.
        columns: the heading of each action; those that no target needs are left out.
        screen: what is left of it.
    """
    word, places = place_totals(lanes)
    _, key = place_of(each.lane for each in lanes)
    found: defaultdict[str, Counter[Action]] = defaultdict(Counter)
    for lane, counts in needs.items():
        found[key(lane)].update(counts)
    failed = {each.name: each.failed for each in places}
    order = sorted(failed, key=lambda name: _plan_order(name, failed[name], found[name]))
    used = {action for counts in found.values() for action in counts if counts[action]}
    columns = {action: name for action, name in columns.items() if action in used}
    shown = order[: _most_places(screen)]
    head = (word, "failed", *columns.values())
    rows = [
        (
            name,
            styled_count(failed[name], Style.BAD),
            *(styled_count(found[name][each], ACTION_STYLES.get(each)) for each in columns),
        )
        for name in shown
    ]
    optional = [columns[each] for each in _LESS_IMPORTANT if each in columns]
    table = lines(Table("", head, rows, optional=optional), screen.width)
    hidden = order[len(shown) :]
    changes = sum(found[name][action] for name in hidden for action in _CHANGING)
    more = f"  {counted(len(hidden), f'more {word}')}: {changes:,} to create, change or delete"
    return [*table, more] if hidden else table


def _plan_order(name: str, failed: int, needs: Counter[Action]) -> tuple[int, int, str]:
    missed = failed + sum(needs[action] for action in _MISSED)
    return -missed, -sum(needs[action] for action in _CHANGING), name


def _most_places(screen: Screen) -> int | None:
    """How many rows fit, with the head and the line that counts the others."""
    if screen.in_full:
        return None
    if screen.rows is None:
        return _SHOWN_PLACES
    return min(max(screen.rows - 2, _LEAST_PLACES), _MOST_PLACES)
