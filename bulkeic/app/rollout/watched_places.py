"""Where the alarms and the calendar of a run are."""

from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.options.rollout_options import MonitoringOptions
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import expand_alarms
from bulkeic.core.rollout.change_calendar import ChangeCalendar
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile


class WatchedPlaces(msgspec.Struct, frozen=True):
    """Where alarms and a calendar are read.

    Attributes:
        alarms: names of the alarms by account and Region.
        calendar: the account that asks for the calendar, and the calendar's Region; ``None``: there
            is no calendar.
    """

    alarms: Mapping[Lane, Sequence[str]]
    calendar: Lane | None = None


def find_places(
    run: RunFile, options: MonitoringOptions, resolver: AccountResolver
) -> WatchedPlaces:
    """Finds where the alarms and the calendar of a run are read.

    Args:
        run: the run file.
        options: what to watch.
        resolver: knows which accounts can be reached.

    Raises:
        AccessError: STS cannot be called.
        UsageError: an account of them cannot be reached.
    """
    alarms: Mapping[Lane, Sequence[str]] = {}
    if options.alarms:
        try:
            alarms = expand_alarms(options.alarms, run.jobs.lanes(JobFilter.EVERY))
        except InputError as problem:
            raise UsageError(f"--alarm: {problem.rule}") from None
        refused = resolver.refusals(alarms)
        for lane, refusal in refused.items():
            where = f"alarms of {len(refused):,} lanes" if len(refused) > 1 else "alarms"
            raise UsageError(f"--alarm: {where} cannot be read, such as {lane}: {refusal.rule}")
    calendar = options.calendar
    return WatchedPlaces(alarms, None if calendar is None else _asking(calendar, resolver))


def _asking(calendar: ChangeCalendar, resolver: AccountResolver) -> Lane:
    """The account that asks: the calendar's own, or the caller's, with which it is shared."""
    lane = calendar.lane
    if lane in resolver.refusals([lane]):
        lane = Lane(resolver.own_account(lane), lane.region)
        for problem in resolver.refusals([lane]).values():
            raise UsageError(f"--change-calendar: {problem.rule}")
    return lane
