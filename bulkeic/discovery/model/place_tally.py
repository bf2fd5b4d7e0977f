"""What a discovery found in each place, and which places it could not read."""

import re
from collections import defaultdict
from collections.abc import Iterable

import msgspec

from bulkeic.core.model import Lane

NOT_ENABLED = "RegionNotEnabled"
"""The error code of a Region that ``--regions`` names, but that the account has not enabled."""

_find_denied_action = re.compile(r"is not authorized to perform: ([\w:*-]+)", re.ASCII).search


class LaneFindings(msgspec.Struct, frozen=True):
    """What was found in one account in one Region.

    Attributes:
        functions: that are there, as far as they were listed.
        targets: that match.
    """

    lane: Lane
    functions: int
    targets: int


class AccountFindings(msgspec.Struct, frozen=True):
    """What was found in one account.

    Attributes:
        regions: number of Regions that were read.
        functions: see ``LaneFindings``.
        targets: see ``LaneFindings``.
    """

    account_id: str
    regions: int
    functions: int
    targets: int


class UnreadPlace(msgspec.Struct, frozen=True):
    """An account, or Regions of it, that could not be read completely.

    Attributes:
        regions: sorted; empty: the account as a whole.
        code: AWS's error code, or the SDK's name of the transport error.
        message: of the first error.
    """

    account_id: str
    regions: tuple[str, ...]
    code: str
    message: str


class PlaceTally:
    """Counts functions and targets by account and Region, and collects what could not be read."""

    def __init__(self) -> None:
        self._functions: dict[Lane, int] = {}
        self._targets: dict[Lane, int] = defaultdict(int)
        self._messages: dict[tuple[str, str, str], str] = {}
        self._unread: dict[tuple[str, str, str], set[str]] = {}

    def add_lane(self, lane: Lane, functions: int = 0, targets: int = 0) -> None:
        """Adds what was found in a lane, maybe nothing; calls add up."""
        self._functions[lane] = self._functions.get(lane, 0) + functions
        self._targets[lane] += targets

    def add_failure(self, account_id: str, region: str, code: str, message: str) -> None:
        """Notes that a place could not be read.

        Args:
            account_id: of the place.
            region: empty: the account as a whole.
            code: AWS's error code.
            message: why; the first one of an account, code and denied action is kept.
        """
        denied = _find_denied_action(message)
        key = (account_id, code, denied[1] if denied else "")
        self._messages.setdefault(key, message)
        self._unread.setdefault(key, set()).add(region)

    def lanes(self) -> list[LaneFindings]:
        """The lanes that were read, sorted."""
        return [
            LaneFindings(lane, functions, self._targets[lane])
            for lane, functions in sorted(self._functions.items())
        ]

    def unread(self) -> list[UnreadPlace]:
        """Each account, error code and denied action once, sorted."""
        return [
            UnreadPlace(
                key[0], () if "" in regions else tuple(sorted(regions)), key[1], self._messages[key]
            )
            for key, regions in sorted(self._unread.items())
        ]


def by_account(lanes: Iterable[LaneFindings]) -> list[AccountFindings]:
    """The totals of each account, sorted by its id."""
    found: dict[str, list[LaneFindings]] = defaultdict(list)
    for each in lanes:
        found[each.lane.account_id].append(each)
    return [
        AccountFindings(
            account_id,
            len(here),
            sum(each.functions for each in here),
            sum(each.targets for each in here),
        )
        for account_id, here in sorted(found.items())
    ]
