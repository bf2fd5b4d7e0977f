"""How many failures stop a run."""

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.rollout.waves import Size, parse_size


class FailureBudget(msgspec.Struct, frozen=True):
    """A number of failures, or a percentage of all targets."""

    size: Size

    def __str__(self) -> str:
        return str(self.size)

    def of(self, total: int) -> int | None:
        """The number of failures at which a run of ``total`` targets stops, at least 1.

        ``None``: 100%, which stops no run, since nothing would be left to stop.
        """
        return None if self.size.is_all else max(1, self.size.of(total))


def parse_failure_budget(text: str) -> FailureBudget:
    """Parses a failure budget like ``10`` or ``2.5%``.

    Raises:
        InputError: it is neither a number from 1 nor a percentage above 0% and up to 100%.
    """
    size = parse_size(text)
    if size is None:
        raise InputError(
            f"{quoted(text)} is not a number of failures; "
            "expected a number from 1, or a percentage above 0% and up to 100%"
        )
    return FailureBudget(size)
