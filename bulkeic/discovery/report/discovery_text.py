"""The summary of a discovery as lines of text."""

import textwrap
from collections import defaultdict
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
from bulkeic.output.terminal.screen import ANY_SCREEN, Screen
from bulkeic.output.terminal.styles import Style, styled, styled_line

_MIN_LANES = 2
_SHOWN_LANES = 20
_SHOWN_ACCOUNTS = 100
_SHOWN_PLACES = 20
_HEAD_AND_NOTE = 2
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


def discovery_lines(summary: DiscoverySummary, screen: Screen = ANY_SCREEN) -> list[str]:
    """The summary of a discovery, and the next steps; the most likely one is the last line.

    Args:
        summary: the discovery in numbers.
        screen: where it is shown; what does not fit is counted.
    """
    traffic, commands = summary.traffic, summary.next
    calls = f"{counted(traffic.calls, 'call')}, {traffic.throttles:,} throttled"
    sent = f"{calls}, {traffic.retries:,} retried; {traffic.elapsed_s:,.1f} s"
    last = []
    if summary.pending:
        pending = styled(counted(summary.pending, "lane"), Style.WAITING)
        last.append(styled_line(pending, " not read to the end"))
    if summary.out is not None:
        last.append(f"targets file: {printable(summary.out)}")
    if summary.run is not None:
        last.append(f"discovery file: {printable(summary.run)}")
    last += [f"{text}: {commands[step]}" for step, text in _STEPS.items() if step in commands]
    headline = _headline(summary)
    left = screen.without([headline, sent, *last])
    unread_places = _fitting_unread_lines(summary, left)
    table = _place_lines(summary, left.without(unread_places))
    return [headline, *table, sent, *unread_places, *last]


def _fitting_unread_lines(summary: DiscoverySummary, screen: Screen) -> list[str]:
    """The places that could not be read; those that need too many rows are counted by reason."""
    has_others = _has_several_accounts(summary)
    found = unread_lines(summary.unread, has_others=has_others)
    if screen.rows is None or screen.height_of(found) <= screen.rows // 2:
        return found
    by_code: defaultdict[str, list[UnreadPlace]] = defaultdict(list)
    for place in summary.unread:
        by_code[place.code].append(place)
    found = []
    for code, places in by_code.items():
        accounts = counted(len({place.account_id for place in places}), "account")
        regions = sum(len(place.regions) for place in places)
        where = f"{accounts} in {counted(regions, 'Region')}" if regions else accounts
        example = f", for example {places[0].account_id}"
        found.append(styled_line(styled(f"not read: {where}: {code}", Style.BAD), example))
        hint = place_hint(places[0], has_others=has_others)
        found += textwrap.wrap(hint, screen.width, initial_indent="  ") if hint else []
    return found


def unread_lines(places: Sequence[UnreadPlace], *, has_others: bool) -> list[str]:
    """The places that could not be read, each with its reason and what to do about it.

    Many places are grouped by the reason, and every account is still named.

    Args:
        places: that could not be read.
        has_others: see ``place_hint``.
    """
    if len(places) <= _SHOWN_PLACES:
        return [
            styled_line(_not_read(_place(place)), f": {_reason(place, has_others=has_others)}")
            for place in places
        ]
    found = []
    for code in dict.fromkeys(place.code for place in places):
        here = [place for place in places if place.code == code]
        accounts = len({place.account_id for place in here})
        reason = _reason(here[0], has_others=has_others)
        which = _not_read(counted(accounts, "account"))
        found.append(styled_line(which, f", for example: {reason}"))
        whole = [place.account_id for place in here if not place.regions]
        found += [
            f"  {' '.join(whole[at : at + _IDS_IN_LINE])}"
            for at in range(0, len(whole), _IDS_IN_LINE)
        ]
        found += [f"  {_place(place)}" for place in here if place.regions]
    return found


def _not_read(where: str) -> str:
    return styled(f"not read: {where}", Style.BAD)


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


def _place_lines(summary: DiscoverySummary, screen: Screen) -> list[str]:
    """A table by account and Region, or by account where many lanes have functions."""
    lanes = summary.lanes
    filled = [each for each in lanes if each.functions or each.targets]
    if len(filled) < _MIN_LANES:
        return []
    if len(filled) > _SHOWN_LANES and not screen.in_full:
        return _account_lines(summary, screen)
    empty = len(lanes) - len(filled)
    note = f"nothing found in {counted(empty, 'more lane')}" if empty else ""
    rows = [(each.lane.account_id, each.lane.region, *_counts(summary, each)) for each in filled]
    head = ("account", "Region", *_count_columns(summary))
    return lines(Table("", head, rows, keys=2, note=note), screen.width)


def _account_lines(summary: DiscoverySummary, screen: Screen) -> list[str]:
    """A table of the accounts with most targets, in the order of their ids."""
    accounts = by_account(summary.lanes)
    most = sorted(accounts, key=lambda each: (-each.targets, -each.functions, each.account_id))
    room = _SHOWN_ACCOUNTS if screen.rows is None else max(1, screen.rows - _HEAD_AND_NOTE)
    shown = sorted(most[: min(room, _SHOWN_ACCOUNTS)], key=lambda each: each.account_id)
    totals = [(each.account_id, f"{each.regions:,}", *_counts(summary, each)) for each in shown]
    hidden = len(accounts) - len(shown)
    note = f"{counted(hidden, 'more account')} not shown" if hidden else ""
    head = ("account", "Regions", *_count_columns(summary))
    return lines(Table("", head, totals, note=note), screen.width)


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
