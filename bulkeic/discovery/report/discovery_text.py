"""The summary of a discovery as lines of text."""

from collections.abc import Sequence

from bulkeic.core.errors import printable
from bulkeic.core.exit_codes import ExitCode
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.discovery_summary import DiscoverySummary
from bulkeic.discovery.model.place_tally import (
    AccountFindings,
    LaneFindings,
    UnreadPlace,
    by_account,
)
from bulkeic.discovery.report.place_hints import place_hint
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines

_MIN_LANES = 2
_SHOWN_LANES = 20
_SHOWN_ACCOUNTS = 100
_SHOWN_PLACES = 20
_MESSAGE_CHARACTERS = 400
_IDS_IN_LINE = 6
_STEPS = {"plan": "preview a change, for example with", "resume": "resume with"}


def start_lines(options: DiscoverOptions) -> list[str]:
    """Notes at the start of a discovery: ``--region`` alone does not limit where it looks."""
    region = options.access.region
    is_limited = bool(options.places.regions or options.access.accounts)
    if region is None or is_limited or options.source != "lambda":
        return []
    problem = f"--region {region} does not limit where to look: all enabled Regions are read"
    return [f"{problem}; use --regions {region} for that one alone"]


def discovery_lines(summary: DiscoverySummary) -> list[str]:
    """The summary of a discovery, and the next steps; the most likely one is the last line."""
    traffic = summary.traffic
    calls = f"{counted(traffic.calls, 'call')}, {traffic.throttles:,} throttled"
    told = [
        _headline(summary),
        *_place_lines(summary),
        f"{calls}, {traffic.retries:,} retried; {traffic.elapsed_s:,.1f} s",
        *unread_lines(summary.unread, has_others=_has_several_accounts(summary)),
    ]
    if summary.pending:
        told.append(f"{counted(summary.pending, 'lane')} not read to the end")
    if summary.out is not None:
        told.append(f"targets file: {printable(summary.out)}")
    if summary.run is not None:
        told.append(f"discovery file: {printable(summary.run)}")
    commands = summary.next
    return told + [f"{text}: {commands[step]}" for step, text in _STEPS.items() if step in commands]


def unread_lines(places: Sequence[UnreadPlace], *, has_others: bool) -> list[str]:
    """The places that could not be read, each with its reason and what to do about it.

    Many places are grouped by the reason, and every account is still named.

    Args:
        places: that could not be read.
        has_others: see ``place_hint``.
    """
    if len(places) <= _SHOWN_PLACES:
        return [
            f"not read: {_place(place)}: {_reason(place, has_others=has_others)}"
            for place in places
        ]
    found = []
    for code in dict.fromkeys(place.code for place in places):
        here = [place for place in places if place.code == code]
        accounts = len({place.account_id for place in here})
        reason = _reason(here[0], has_others=has_others)
        found.append(f"not read: {counted(accounts, 'account')}, for example: {reason}")
        whole = [place.account_id for place in here if not place.regions]
        found += [
            f"  {' '.join(whole[at : at + _IDS_IN_LINE])}"
            for at in range(0, len(whole), _IDS_IN_LINE)
        ]
        found += [f"  {_place(place)}" for place in here if place.regions]
    return found


def _headline(summary: DiscoverySummary) -> str:
    is_stopped = summary.exit_code in {ExitCode.STOPPED, ExitCode.INTERRUPTED}
    if not summary.lanes:
        if is_stopped:
            return "nothing was read so far"
        return "no targets: nothing could be read" if summary.unread else "no functions were found"
    found = counted(summary.functions, "function")
    if summary.targets is not None:
        found = f"{counted(summary.targets, 'target')} of {found}"
    where = f"{counted(summary.accounts, 'account')}, {counted(len(summary.lanes), 'lane')}"
    return f"{found} in {where}{' so far' if is_stopped else ''}"


def _has_several_accounts(summary: DiscoverySummary) -> bool:
    read = {each.lane.account_id for each in summary.lanes}
    return len(read | {place.account_id for place in summary.unread}) > 1


def _place_lines(summary: DiscoverySummary) -> list[str]:
    """A table by account and Region, or by account where many lanes have functions."""
    lanes = summary.lanes
    filled = [each for each in lanes if each.functions or each.targets]
    if len(filled) < _MIN_LANES:
        return []
    if len(filled) > _SHOWN_LANES:
        return _account_lines(summary)
    empty = len(lanes) - len(filled)
    note = f"nothing found in {counted(empty, 'more lane')}" if empty else ""
    rows = [(each.lane.account_id, each.lane.region, *_counts(summary, each)) for each in filled]
    head = ("account", "Region", *_count_columns(summary))
    return lines(Table("", head, rows, keys=2, note=note))


def _account_lines(summary: DiscoverySummary) -> list[str]:
    """A table of the accounts with most targets, in the order of their ids."""
    accounts = by_account(summary.lanes)
    most = sorted(accounts, key=lambda each: (-each.targets, -each.functions, each.account_id))
    shown = sorted(most[:_SHOWN_ACCOUNTS], key=lambda each: each.account_id)
    totals = [(each.account_id, f"{each.regions:,}", *_counts(summary, each)) for each in shown]
    hidden = len(accounts) - len(shown)
    note = f"{counted(hidden, 'account')} with fewer targets not shown" if hidden else ""
    head = ("account", "Regions", *_count_columns(summary))
    return lines(Table("", head, totals, note=note))


def _count_columns(summary: DiscoverySummary) -> tuple[str, ...]:
    return ("functions",) if summary.targets is None else ("functions", "targets")


def _counts(summary: DiscoverySummary, found: LaneFindings | AccountFindings) -> tuple[str, ...]:
    functions = f"{found.functions:,}"
    return (functions,) if summary.targets is None else (functions, f"{found.targets:,}")


def _place(place: UnreadPlace) -> str:
    regions = ", ".join(place.regions)
    return f"account {place.account_id}{f' in {regions}' if regions else ''}"


def _reason(place: UnreadPlace, *, has_others: bool) -> str:
    message, hint = place.message, place_hint(place, has_others=has_others)
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    if place.code not in message:
        message = f"{place.code}: {message}" if message else place.code
    return printable(f"{message.removesuffix('.')}; {hint}" if hint else message)
