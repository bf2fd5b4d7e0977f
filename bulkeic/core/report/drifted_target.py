"""The targets that a verification found to differ, as many as a report shows."""

import heapq

import msgspec

from bulkeic.core.change.policy import Policy
from bulkeic.core.change.snapshot import drift_of
from bulkeic.core.model import Outcome, Settings, Target

_Key = tuple[str, str, str, str]


class DriftedTarget(msgspec.Struct, frozen=True):
    """A target that differs from what it must have.

    Attributes:
        source: its row, or its file of code and the address in it.
        live: the snapshot of what it has; ``ABSENT``: no configuration.
        wanted: the snapshot of what it must have; ``ABSENT``: no configuration.
    """

    target: Target
    source: str
    live: Settings
    wanted: Settings

    @property
    def key(self) -> _Key:
        """Orders targets by account, Region and name."""
        target = self.target
        return (target.lane.account_id, target.lane.region, target.function, target.qualifier)


class DriftSample:
    """Keeps the first drifted targets by account, Region and name, in any order of arrival.

    Args:
        most: how many to keep.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: list[DriftedTarget] = []

    def add(self, outcome: Outcome, policy: Policy) -> None:
        """Adds a drifted target.

        Args:
            outcome: of the verification.
            policy: of the verification.
        """
        assert outcome.target is not None  # noqa: S101 - it was read
        live, wanted = drift_of(outcome, policy)
        self._kept.append(DriftedTarget(outcome.target, str(outcome.source), live, wanted))
        if len(self._kept) >= 2 * self._most:
            self._kept = self.targets()

    def targets(self) -> list[DriftedTarget]:
        """The targets that are kept, in order."""
        return heapq.nsmallest(self._most, self._kept, key=lambda each: each.key)
