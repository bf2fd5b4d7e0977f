"""What a discovery came to, as lines of text."""

from collections.abc import Sequence

from bulkeic.core.errors import printable
from bulkeic.discovery.model.discovery_summary import DiscoverySummary
from bulkeic.discovery.model.place_tally import LaneFindings, UnreadPlace, by_account
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines

_MIN_LANES = 2
_SHOWN_LANES = 20
_SHOWN_ACCOUNTS = 100
_SHOWN_PLACES = 20
_MESSAGE_CHARACTERS = 400
_IDS_IN_LINE = 6
_STEPS = {"plan": "preview a change, for example with", "resume": "resume with"}


def discovery_lines(summary: DiscoverySummary) -> list[str]:
    """What a discovery came to, and the next steps; the most likely one is the last line."""
    found = f"{counted(summary.targets, 'target')} of {counted(summary.functions, 'function')}"
    where = f"{counted(summary.accounts, 'account')}, {counted(len(summary.lanes), 'lane')}"
    traffic = summary.traffic
    calls = f"{counted(traffic.calls, 'call')}, {traffic.throttles:,} throttled"
    told = [
        f"{found} in {where}",
        *_place_lines(summary.lanes),
        f"{calls}, {traffic.retries:,} retried; {traffic.elapsed_s:,.1f} s",
        *unread_lines(summary.unread),
    ]
    if summary.pending:
        told.append(f"{counted(summary.pending, 'lane')} not read to the end")
    if summary.out is not None:
        told.append(f"targets file: {printable(summary.out)}")
    if summary.run is not None:
        told.append(f"discovery file: {printable(summary.run)}")
    commands = summary.next
    return told + [f"{text}: {commands[step]}" for step, text in _STEPS.items() if step in commands]


def unread_lines(places: Sequence[UnreadPlace]) -> list[str]:
    """The places that could not be read, each with its reason.

    Many places are grouped by the reason, and every account is still named.
    """
    if len(places) <= _SHOWN_PLACES:
        return [f"not read: {_place(place)}: {_reason(place)}" for place in places]
    found = []
    for code in dict.fromkeys(place.code for place in places):
        here = [place for place in places if place.code == code]
        found.append(f"not read: {counted(len(here), 'account')}, for example: {_reason(here[0])}")
        whole = [place.account_id for place in here if not place.regions]
        found += [
            f"  {' '.join(whole[at : at + _IDS_IN_LINE])}"
            for at in range(0, len(whole), _IDS_IN_LINE)
        ]
        found += [f"  {_place(place)}" for place in here if place.regions]
    return found


def _place_lines(lanes: Sequence[LaneFindings]) -> list[str]:
    """A table by account and Region, or by account where many lanes have functions."""
    filled = [each for each in lanes if each.functions or each.targets]
    if len(filled) < _MIN_LANES:
        return []
    empty = len(lanes) - len(filled)
    note = f"{counted(empty, 'lane')} without functions not shown" if empty else ""
    if len(filled) <= _SHOWN_LANES:
        rows = [
            (each.lane.account_id, each.lane.region, f"{each.functions:,}", f"{each.targets:,}")
            for each in filled
        ]
        head = ("account", "Region", "functions", "targets")
        return lines(Table("", head, rows, keys=2, note=note))
    return _account_lines(lanes)


def _account_lines(lanes: Sequence[LaneFindings]) -> list[str]:
    """A table of the accounts with most targets, in the order of their ids."""
    accounts = by_account(lanes)
    most = sorted(accounts, key=lambda each: (-each.targets, each.account_id))[:_SHOWN_ACCOUNTS]
    shown = sorted(most, key=lambda each: each.account_id)
    totals = [
        (each.account_id, f"{each.regions:,}", f"{each.functions:,}", f"{each.targets:,}")
        for each in shown
    ]
    hidden = len(accounts) - len(shown)
    note = f"{counted(hidden, 'account')} with fewer targets not shown" if hidden else ""
    return lines(Table("", ("account", "Regions", "functions", "targets"), totals, note=note))


def _place(place: UnreadPlace) -> str:
    regions = ", ".join(place.regions)
    return f"account {place.account_id}{f' in {regions}' if regions else ''}"


def _reason(place: UnreadPlace) -> str:
    message = place.message
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    if place.code in message:
        return printable(message)
    return printable(f"{place.code}: {message}" if message else place.code)
