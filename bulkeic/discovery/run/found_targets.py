"""The rows of the targets file of a discovery, and what they come to."""

from collections.abc import Callable, Iterator
from typing import Any

from bulkeic.core.targets.target_rows import TargetValues
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.model.found_rows import found_row
from bulkeic.discovery.model.place_tally import PlaceTally
from bulkeic.store.discovery.discovery_file import DiscoveryFile


class FoundTargets:
    """The targets in a discovery file.

    Args:
        file: the discovery file.
        criteria: which are looked for.

    Attributes:
        tally: what was found, complete once all rows were read.
    """

    def __init__(self, file: DiscoveryFile, criteria: Criteria) -> None:
        self._file = file
        self._criteria = criteria
        self.forget_targets()

    def forget_targets(self) -> None:
        """Begins the tally again, before rows are read another time."""
        file, self.tally = self._file, PlaceTally()
        unread = file.unread_lanes()
        for lane, functions in file.functions_by_lane().items():
            if functions or lane not in unread:
                self.tally.add_lane(lane, functions)
        for failure in file.failures():
            self.tally.add_failure(
                failure.account_id, failure.region, failure.code, failure.message
            )

    def rows(self) -> Iterator[TargetValues]:
        """The rows in the order of account, Region, name and qualifier. A stream."""
        criteria, where = self._criteria, _where(self._criteria)
        roles = {account: each.role_arn for account, each in self._file.accounts().items()}
        for function in self._file.functions(
            has_tags=criteria.needs_tags, has_configs=criteria.needs_configs
        ):
            targets = list(criteria.targets(function, where))
            if targets:
                self.tally.add_lane(function.lane, 0, len(targets))
            for target in targets:
                yield found_row(target, roles.get(function.lane.account_id))


def _where(criteria: Criteria) -> Callable[[dict[str, Any]], bool]:
    if criteria.where is None:
        return lambda _: True
    from bulkeic.app.where.where_expression import parse_target_where  # noqa: PLC0415 - few use it

    return parse_target_where(criteria.where).matches
