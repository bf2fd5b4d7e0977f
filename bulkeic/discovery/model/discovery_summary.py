"""A discovery in numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.summary import Traffic
from bulkeic.discovery.model.place_tally import LaneFindings, UnreadPlace


class DiscoverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A discovery in numbers; ``--output json`` prints it.

    Attributes:
        out: the targets file; ``None``: stdout, or not written.
        run: the discovery file; ``None``: it was deleted, because everything was read.
        lanes: what was found in each lane that was read, sorted.
        unread: the places that could not be read.
        pending: number of lanes that were not read to the end, because the discovery stopped.
        traffic: of this session.
        exit_code: of the command.
        next: the next steps, each with its command.
    """

    out: str | None
    run: str | None
    lanes: Sequence[LaneFindings]
    unread: Sequence[UnreadPlace] = ()
    pending: int = 0
    traffic: Traffic = msgspec.field(default_factory=Traffic)
    exit_code: int = ExitCode.OK
    next: Mapping[str, str] = {}

    @property
    def functions(self) -> int:
        """Functions in all lanes."""
        return sum(each.functions for each in self.lanes)

    @property
    def targets(self) -> int | None:
        """Targets in all lanes; ``None``: they were not counted, because it had to end at once."""
        if self.exit_code == ExitCode.INTERRUPTED:
            return None
        return sum(each.targets for each in self.lanes)

    @property
    def accounts(self) -> int:
        """Accounts that were read."""
        return len({each.lane.account_id for each in self.lanes})

    def to_json(self) -> dict[str, object]:
        """The fields of ``--output json``."""
        traffic, targets = self.traffic, self.targets
        errors = Counter(place.code for place in self.unread)
        return {
            "out": self.out,
            "run": self.run,
            "accounts": self.accounts,
            "lanes": len(self.lanes),
            "functions": self.functions,
            "targets": targets,
            "pending": self.pending,
            "calls": traffic.calls,
            "throttles": traffic.throttles,
            "retries": traffic.retries,
            "elapsed_s": round(traffic.elapsed_s, 3),
            "errors": dict(errors.most_common()),
            "found": [
                {
                    "account_id": each.lane.account_id,
                    "region": each.lane.region,
                    "functions": each.functions,
                    "targets": None if targets is None else each.targets,
                }
                for each in self.lanes
            ],
            "unread": [
                {
                    "account_id": each.account_id,
                    "regions": list(each.regions),
                    "error_code": each.code,
                    "error_message": each.message,
                }
                for each in self.unread
            ],
            "next": dict(self.next),
            "exit_code": int(self.exit_code),
        }


def discovery_exit_code(*, is_stopped: bool, has_unread: bool) -> ExitCode:
    """The exit code of a discovery that was not interrupted twice.

    ===========================  ===
    it stopped before its end    3
    a place could not be read    1
    else                         0
    ===========================  ===
    """
    if is_stopped:
        return ExitCode.STOPPED
    return ExitCode.FAILED if has_unread else ExitCode.OK
