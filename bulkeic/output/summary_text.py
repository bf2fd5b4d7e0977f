"""What a run or a plan came to, as lines of text."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby

from bulkeic.core.model import Lane, Outcome, Status
from bulkeic.core.reconcile import Action
from bulkeic.core.report.hints import hint_for
from bulkeic.core.summary import EarlierFailures, LaneSummary, SessionNumbers, Summary
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines

_MESSAGE_CHARACTERS = 160
_MIN_LANES = 2
_SHOWN_SLOW = 3
_SHOWN_TROUBLED = 5
_SHOWN_CODES = 5
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
_CHANGING = (Action.CHANGE, Action.CREATE, Action.DELETE)


def summary_lines(
    summary: Summary, examples: dict[str, Outcome], *, creates_missing: bool = False
) -> list[str]:
    """What a run came to.

    Args:
        summary: the numbers.
        examples: one outcome for each of the most frequent error codes.
        creates_missing: whether the run creates missing configurations.
    """
    statuses = [
        f"{count:,} {name.replace('_', ' ')}"
        for name, count in (*summary.statuses.items(), ("pending", summary.pending))
        if count or name == Status.UPDATED
    ]
    return [
        f"{counted(summary.targets, 'target')}: {', '.join(statuses)}",
        *_left_out_lines(summary),
        *_numbers_lines(summary),
        *_error_lines(summary, examples, creates_missing=creates_missing),
        *lane_lines(summary.lanes),
    ]


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
    summary: Summary, examples: dict[str, Outcome], *, creates_missing: bool = False
) -> list[str]:
    """What a plan found, in total and by lane; the lanes with most changes first.

    Args:
        summary: the numbers, with ``needs``.
        examples: one outcome for each of the most frequent error codes.
        creates_missing: whether the run creates missing configurations.
    """
    lanes: defaultdict[Lane, Counter[Action]] = defaultdict(Counter)
    total: Counter[Action] = Counter()
    for need in summary.needs:
        lanes[need.lane][need.action] += need.count
        total[need.action] += need.count
    found = [f"{total[action]:,} {text}" for action, (_, text) in ACTIONS.items() if total[action]]
    return [
        f"plan: {', '.join(found) or 'nothing was read'}",
        *_left_out_lines(summary),
        *_numbers_lines(summary),
        *_error_lines(summary, examples, creates_missing=creates_missing),
        *plan_lane_lines(lanes),
    ]


def plan_lane_lines(lanes: Mapping[Lane, Counter[Action]]) -> list[str]:
    """A table of what each lane needs; one lane needs no table."""
    if len(lanes) < _MIN_LANES:
        return []
    busiest = sorted(lanes, key=lambda lane: (-sum(lanes[lane][each] for each in _CHANGING), lane))
    has_where = any(needs[Action.NOT_MATCHED] for needs in lanes.values())
    actions = [action for action in ACTIONS if has_where or action is not Action.NOT_MATCHED]
    head = ("lane", *(ACTIONS[action][0] for action in actions))
    rows = [
        (str(lane), *(f"{lanes[lane][action]:,}" for action in actions))
        for lane in busiest[:_SHOWN_PLANNED]
    ]
    return lines(Table("", head, rows)) + _hidden(len(lanes) - len(rows))


def lane_lines(lanes: list[LaneSummary]) -> list[str]:
    """A table of the slowest lanes, and of those with failed or pending targets."""
    if len(lanes) < _MIN_LANES:
        return []
    slowest = sorted(lanes, key=lambda lane: -lane.seconds)[:_SHOWN_SLOW]
    troubled = sorted(
        (lane for lane in lanes if lane.failed or lane.pending),
        key=lambda lane: -(lane.failed + lane.pending),
    )
    shown = troubled[:_SHOWN_TROUBLED] + [lane for lane in slowest if lane not in troubled]
    head = ("lane", "targets", "failed", "pending", "throttled", "seconds")
    rows = [
        (
            str(lane.lane),
            f"{lane.jobs:,}",
            f"{lane.failed:,}",
            f"{lane.pending:,}",
            f"{lane.throttles:,}",
            f"{lane.seconds:,.1f}",
        )
        for lane in shown
    ]
    more = max(0, len(troubled) - _SHOWN_TROUBLED)
    notes = [f"  and {counted(more, 'more lane')} with failed or pending targets"] if more else []
    return lines(Table("", head, rows)) + notes + _hidden(len(lanes) - len(shown) - more)


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
        found.append(f"{first} stopped: {stopped[lanes[0]]}{example}; {whose} jobs are pending")
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
    traffic = numbers.traffic
    return (
        f"{counted(traffic.calls, 'call')} in {lanes}, "
        f"{traffic.throttles:,} throttled, {traffic.conflicts:,} conflicting, "
        f"{traffic.retries:,} retried; {traffic.elapsed_s:,.1f} s, "
        f"{numbers.targets_per_s:,.1f} targets/s"
    )


def _error_lines(
    summary: Summary, examples: dict[str, Outcome], *, creates_missing: bool
) -> list[str]:
    """How often each error code came, in how many accounts, with an example and a hint."""
    found = []
    shown = [code for code in summary.errors if code in examples][:_SHOWN_CODES]
    for code in shown:
        accounts = summary.error_accounts.get(code, 1)
        where = f" in {accounts:,} accounts" if accounts > 1 else ""
        example = examples[code]
        found.append(f"  {summary.errors[code]:>7,} {code}{where}, for example {_example(example)}")
        hint = hint_for(example, creates_missing=creates_missing)
        found += [f"          {hint}"] if hint else []
    unshown = len(summary.errors) - len(shown)
    return found + ([f"  and {counted(unshown, 'more error code')}"] if unshown > 0 else [])


def _example(outcome: Outcome) -> str:
    message = outcome.error_message or ""
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    return f"{outcome.source} {outcome.function_name}: {message}"
