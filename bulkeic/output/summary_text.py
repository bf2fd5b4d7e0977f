"""What a run or a plan came to, as lines of text."""

from collections import Counter, defaultdict
from collections.abc import Mapping

from bulkeic.core.model import Lane, Outcome, Status
from bulkeic.core.reconcile import MISSING, Action
from bulkeic.core.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED
from bulkeic.core.summary import LaneSummary, Summary
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines

_MESSAGE_CHARACTERS = 160
_MIN_LANES = 2
_SHOWN_SLOW = 5
_SHOWN_TROUBLED = 10
_SHOWN_PLANNED = 20
_HINTS = {
    MISSING: (
        "the function, its qualifier and its configuration must exist; --create-missing creates "
        "the configuration"
    ),
    PLAN_OUTDATED: (
        "someone changed it after the plan, so it was not changed; plan again, or use --force"
    ),
    CHANGED_SINCE: (
        "someone changed it after the run that is rolled back, so it was not changed; --force "
        "overwrites it"
    ),
    "AccessDeniedException": (
        "the credentials need lambda:UpdateFunctionEventInvokeConfig, and the permissions that "
        "docs/reference/permissions.md lists for each command"
    ),
    "AccessDenied": (
        "the role must exist, its trust policy must allow the caller and the external id, and the "
        "caller needs sts:AssumeRole"
    ),
}
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


def summary_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """What a run came to.

    Args:
        summary: the numbers.
        examples: one outcome for each of the most frequent error codes.
    """
    statuses = [
        f"{count:,} {name}"
        for name, count in (*summary.statuses.items(), ("pending", summary.pending))
        if count or name == Status.UPDATED
    ]
    return [
        f"{counted(summary.targets, 'target')}: {', '.join(statuses)}",
        _traffic_line(summary, summary.targets_per_s),
        *_error_lines(summary, examples),
        *lane_lines(summary.lanes),
    ]


def plan_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """What a plan found, in total and by lane; the lanes with most changes first.

    Args:
        summary: the numbers, with ``needs``.
        examples: one outcome for each of the most frequent error codes.
    """
    lanes: defaultdict[Lane, Counter[Action]] = defaultdict(Counter)
    total: Counter[Action] = Counter()
    for need in summary.needs:
        lanes[need.lane][need.action] += need.count
        total[need.action] += need.count
    found = [f"{total[action]:,} {text}" for action, (_, text) in ACTIONS.items() if total[action]]
    elapsed_s = summary.traffic.elapsed_s
    return [
        f"plan: {', '.join(found) or 'nothing was read'}",
        _traffic_line(summary, total.total() / elapsed_s if elapsed_s > 0 else 0.0),
        *_error_lines(summary, examples),
        *plan_lane_lines(lanes),
    ]


def plan_lane_lines(lanes: Mapping[Lane, Counter[Action]]) -> list[str]:
    """A table of what each lane needs; one lane needs no table."""
    if len(lanes) < _MIN_LANES:
        return []
    busiest = sorted(lanes, key=lambda lane: (-sum(lanes[lane][each] for each in _CHANGING), lane))
    head = ("lane", *(heading for heading, _ in ACTIONS.values()))
    rows = [
        (str(lane), *(f"{lanes[lane][action]:,}" for action in ACTIONS))
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


def _traffic_line(summary: Summary, targets_per_s: float) -> str:
    """How many calls were sent, and how fast."""
    traffic = summary.traffic
    return (
        f"{counted(traffic.calls, 'call')} in {counted(len(summary.lanes), 'lane')}, "
        f"{traffic.throttles:,} throttled, {traffic.conflicts:,} conflicting, "
        f"{traffic.retries:,} retried; {traffic.elapsed_s:,.1f} s, {targets_per_s:,.1f} targets/s"
    )


def _error_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """How often each error code came, with an example and a hint."""
    found = []
    for code, count in summary.errors.items():
        if code in examples:
            found.append(f"  {count:>7,} {code}, for example {_example(examples[code])}")
            found += [f"          {_HINTS[code]}"] if code in _HINTS else []
    unshown = len(summary.errors) - len(examples)
    return found + ([f"  and {counted(unshown, 'more error code')}"] if unshown > 0 else [])


def _example(outcome: Outcome) -> str:
    message = outcome.error_message or ""
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    return f"{outcome.source} {outcome.function_name}: {message}"
