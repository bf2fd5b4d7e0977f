"""Outcomes that are counted and not stored."""

from collections import Counter
from collections.abc import Sequence

from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.model import Job, Lane, Outcome, Status
from bulkeic.core.summary import Tally, Traffic

_Kind = tuple[Lane | None, Status, str | None]


class OutcomeTally:
    """Counts outcomes in memory, as an ``OutcomeLedger``.

    Args:
        more_examples: how many outcomes of each error code to keep beside the first.

    Attributes:
        traffic: what was sent.
        examples: the first outcome of each error code.
        more_examples: those that followed it, by error code.
    """

    def __init__(self, more_examples: int = 0) -> None:
        self.traffic = Traffic()
        self.more_examples: dict[str, list[Outcome]] = {}
        self._most = more_examples
        self.examples: dict[str, Outcome] = {}
        self._counts: Counter[_Kind] = Counter()

    def rows(
        self, outcomes: Sequence[Outcome], before_images: Sequence[tuple[Job, BeforeImage]]
    ) -> Sequence[Outcome]:
        """The outcomes; what was read of targets is not kept."""
        del before_images
        return outcomes

    def record(self, rows: Sequence[Outcome], traffic: Traffic) -> None:
        """Counts outcomes."""
        self.traffic = traffic
        for outcome in rows:
            lane = None if outcome.target is None else outcome.target.lane
            self._counts[lane, outcome.status, outcome.error_code] += 1
            if outcome.error_code is not None:
                self._keep(outcome.error_code, outcome)

    def _keep(self, code: str, outcome: Outcome) -> None:
        if self.examples.setdefault(code, outcome) is outcome or not self._most:
            return
        more = self.more_examples.setdefault(code, [])
        if len(more) < self._most:
            more.append(outcome)

    def count(self, status: Status, code: str | None = None) -> int:
        """The number of outcomes with a status, and with an error code if one is given."""
        return sum(
            number
            for (_, counted, error), number in self._counts.items()
            if counted is status and code in {None, error}
        )

    def tallies(self) -> list[Tally]:
        """The counts by lane, status and error code."""
        return [Tally(*kind, count) for kind, count in self._counts.items()]
