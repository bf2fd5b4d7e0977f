"""What a run or a plan came to, as lines of text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from bulkeic.core.change.reconcile import Action
from bulkeic.core.model import Lane, Status
from bulkeic.core.report.run_report import ErrorGroup
from bulkeic.core.summary import EarlierFailures, LaneSummary, SessionNumbers, Summary, Traffic
from bulkeic.output.formatting import counted
from bulkeic.output.owner_text import owner_lines
from bulkeic.output.tables import Table, lines
from bulkeic.output.terminal.error_text import error_lines, error_table_lines
from bulkeic.output.terminal.screen import ANY_SCREEN, Screen
from bulkeic.output.terminal.styles import (
    ACTION_STYLES,
    COUNT_STYLES,
    PENDING,
    Style,
    styled,
    styled_count,
    styled_line,
    styled_list,
)
from bulkeic.output.terminal.total_text import MOST_LANES, planned_total_lines, total_lines

_MIN_LANES = 2
_SHOWN_SLOW = 3
_SHOWN_TROUBLED = 5
_SHOWN_REASONS = 3
_SHOWN_STOPPED = 5
_SHOWN_PLANNED = 20
ACTIONS = {
    Action.CHANGE: ("change", "to change"),
    Action.CREATE: ("create", "to create"),
    Action.DELETE: ("delete", "to delete"),
    Action.UNCHANGED: ("unchanged", "unchanged"),
    Action.NOT_MATCHED: ("unmatched", "left out by --where"),
    Action.UNCONFIGURED: ("none", "without a configuration (--create-missing creates one)"),
    Action.MISSING: ("missing", "missing (no such function or qualifier)"),
}
"""Each action's column heading in the table of a plan, and its words in the plan's first line."""
_LESS_IMPORTANT = (Action.NOT_MATCHED, Action.UNCHANGED, Action.UNCONFIGURED)
_CHANGING = (Action.CHANGE, Action.CREATE, Action.DELETE)


def summary_lines(
    summary: Summary, errors: Sequence[ErrorGroup] = (), screen: Screen = ANY_SCREEN
) -> list[str]:
    """What a run came to: its lanes, or its accounts if there are more than 20 lanes.

    Args:
        summary: the numbers.
        errors: the error codes.
        screen: what is left of it.
    """
    counts = [
        styled_count(count, COUNT_STYLES.get(name), name.replace("_", " "))
        for name, count in (*summary.statuses.items(), (PENDING, summary.pending))
        if count or name == Status.UPDATED
    ]
    head = [
        styled_line(f"{counted(summary.targets, 'target')}: ", styled_list(counts)),
        *_left_out_lines(summary),
        *_numbers_lines(summary),
        *owner_lines(summary.managed, can_skip=summary.pending > 0),
    ]
    if len(summary.lanes) <= MOST_LANES:
        return [*head, *error_lines(errors, screen), *lane_lines(summary.lanes, screen)]
    head += error_table_lines(errors, screen.without(head))
    every = lane_lines(summary.lanes, screen) if screen.in_full else []
    return [*head, *total_lines(summary.lanes, screen.without(head)), *every]


def _left_out_lines(summary: Summary) -> list[str]:
    if not summary.left_out:
        return []
    return [f"{counted(summary.left_out, 'target')} left out by the selection"]


def earlier_lines(failures: Iterable[EarlierFailures]) -> list[str]:
    """What was retried, and how it had failed before.

    Args:
        failures: those of one retry after those of another.
    """
    found = []
    for _, group in groupby(failures, key=lambda each: each.retry):
        codes = list(group)
        total = counted(sum(each.count for each in codes), "failed target")
        found.append(f"retry {codes[0].retry} at {codes[0].retried_at}: {total}")
        found += [
            f"  {each.count:>7,} {each.error_code or 'without an error code'}{_times(each)}"
            for each in codes
        ]
    return found


def _times(failures: EarlierFailures) -> str:
    """When jobs that failed had started."""
    first, last = failures.first_at, failures.last_at
    if first is None:
        return ", not sent"
    return f", started at {first}" if first == last else f", started from {first} to {last}"


def plan_lines(
    summary: Summary, errors: Sequence[ErrorGroup] = (), screen: Screen = ANY_SCREEN
) -> list[str]:
    """What a plan found, in total and by lane, or by account if there are more than 20 lanes.

    Args:
        summary: the numbers, with ``needs``.
        errors: the error codes.
        screen: what is left of it.
    """
    lanes: defaultdict[Lane, Counter[Action]] = defaultdict(Counter)
    total: Counter[Action] = Counter()
    for need in summary.needs:
        lanes[need.lane][need.action] += need.count
        total[need.action] += need.count
    found = [
        styled_count(total[action], ACTION_STYLES.get(action), text)
        for action, (_, text) in ACTIONS.items()
        if total[action]
    ]
    head = [
        styled_line("plan: ", styled_list(found or ["nothing was read"])),
        *_left_out_lines(summary),
        *_numbers_lines(summary),
        *owner_lines(summary.managed, can_skip=True),
    ]
    if len(summary.lanes) <= MOST_LANES:
        return [*head, *error_lines(errors, screen), *plan_lane_lines(lanes, screen)]
    head += error_table_lines(errors, screen.without(head))
    columns = {action: name for action, (name, _) in ACTIONS.items()}
    every = plan_lane_lines(lanes, screen) if screen.in_full else []
    left = screen.without(head)
    return [*head, *planned_total_lines(lanes, summary.lanes, columns, left), *every]


def plan_lane_lines(
    lanes: Mapping[Lane, Counter[Action]], screen: Screen = ANY_SCREEN
) -> list[str]:
    """A table of what each lane needs, those with most changes first; one lane needs no table."""
    if len(lanes) < _MIN_LANES:
        return []
    busiest = sorted(lanes, key=lambda lane: (-sum(lanes[lane][each] for each in _CHANGING), lane))
    has_where = any(needs[Action.NOT_MATCHED] for needs in lanes.values())
    actions = [action for action in ACTIONS if has_where or action is not Action.NOT_MATCHED]
    head = ("lane", *(ACTIONS[action][0] for action in actions))
    rows = [
        (
            str(lane),
            *(styled_count(lanes[lane][each], ACTION_STYLES.get(each)) for each in actions),
        )
        for lane in busiest[: None if screen.in_full else _SHOWN_PLANNED]
    ]
    optional = [ACTIONS[action][0] for action in _LESS_IMPORTANT if action in actions]
    table = Table("", head, rows, optional=optional)
    return lines(table, screen.width) + _hidden(len(lanes) - len(rows))


def lane_lines(lanes: Sequence[LaneSummary], screen: Screen = ANY_SCREEN) -> list[str]:
    """A table of the slowest lanes, and of those with failed or pending targets; in full, of all.

    One lane needs no table.
    """
    if len(lanes) < _MIN_LANES:
        return []
    slowest = sorted(lanes, key=lambda lane: -lane.seconds)
    troubled = sorted(
        (lane for lane in lanes if lane.failed or lane.pending),
        key=lambda lane: -(lane.failed + lane.pending),
    )
    if screen.in_full:
        shown, more = troubled + [lane for lane in slowest if not (lane.failed or lane.pending)], 0
    else:
        first = slowest[:_SHOWN_SLOW]
        shown = troubled[:_SHOWN_TROUBLED] + [lane for lane in first if lane not in troubled]
        more = max(0, len(troubled) - _SHOWN_TROUBLED)
    head = ("lane", "targets", "failed", "pending", "throttled", "seconds")
    table = Table("", head, [*map(_lane_row, shown)], optional=("seconds", "throttled"))
    notes = [f"  and {counted(more, 'more lane')} with failed or pending targets"] if more else []
    return lines(table, screen.width) + notes + _hidden(len(lanes) - len(shown) - more)


def _lane_row(lane: LaneSummary) -> tuple[str, ...]:
    return (
        str(lane.lane),
        f"{lane.jobs:,}",
        styled_count(lane.failed, Style.BAD),
        styled_count(lane.pending, Style.WAITING),
        f"{lane.throttles:,}",
        f"{lane.seconds:,.1f}",
    )


def _hidden(number: int) -> list[str]:
    return [f"  {counted(number, 'lane')} not shown"] if number > 0 else []


def stopped_lane_lines(stopped: Mapping[Lane, str]) -> list[str]:
    """The lanes that stopped: a few one by one, many grouped by the reason.

    Args:
        stopped: account and Region → why it stopped.
    """
    groups: defaultdict[str, list[Lane]] = defaultdict(list)
    for lane, reason in stopped.items():
        cause = reason.replace(lane.account_id, "{account}").replace(lane.region, "{region}")
        groups[cause if len(stopped) > _SHOWN_STOPPED else str(lane)].append(lane)
    largest = sorted(groups.values(), key=lambda lanes: -len(lanes))
    found = []
    shown = _SHOWN_STOPPED if len(stopped) <= _SHOWN_STOPPED else _SHOWN_REASONS
    for lanes in largest[:shown]:
        first = f"lane {lanes[0]}" if len(lanes) == 1 else f"{len(lanes):,} lanes"
        example = "" if len(lanes) == 1 else f" (for example {lanes[0]})"
        whose = "its" if len(lanes) == 1 else "their"
        found.append(
            styled_line(
                styled(f"{first} stopped", Style.BAD),
                f": {stopped[lanes[0]]}{example}; {whose} jobs are pending",
            )
        )
    hidden = sum(map(len, largest[shown:]))
    return found + ([f"{counted(hidden, 'lane')} stopped for other reasons"] if hidden else [])


def _numbers_lines(summary: Summary) -> list[str]:
    """What the session did; and the whole run, if there were other sessions."""
    lanes = counted(len(summary.lanes), "lane")
    session, total = summary.session, summary.total
    if session is None or session.traffic == total.traffic:
        return [_numbers(total, lanes)]
    targets = counted(session.targets, "target")
    return [
        f"this session: {targets}, {_numbers(session, lanes)}",
        f"whole run: {_numbers(total, lanes)}",
    ]


def _numbers(numbers: SessionNumbers, lanes: str) -> str:
    """How many calls were sent, and how fast."""
    sent = traffic_text(numbers.traffic, f" in {lanes}")
    elapsed_s, pace = numbers.traffic.elapsed_s, numbers.targets_per_s
    return f"{sent}; {elapsed_s:,.1f} s, {pace:,.1f} targets/s"


def traffic_text(traffic: Traffic, where: str = "") -> str:
    """How many calls were sent, and what became of them."""
    return (
        f"{counted(traffic.calls, 'call')}{where}, {traffic.throttles:,} throttled, "
        f"{traffic.conflicts:,} conflicting, {traffic.retries:,} retried"
    )
