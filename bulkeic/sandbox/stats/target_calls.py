"""What was called of each target: so that it can be told which ones were called again."""

from typing import Any

# Any caller can invent targets: calls of those beyond this many are only summed up.
TARGETS_LIMIT = 20_000

Target = tuple[str, str, str, str]
"""(account, Region, function, qualifier)."""


class TargetCalls:
    """Counts for each target, by operation: calls, changes, changes whose answer was whole."""

    __slots__ = ("_counts", "_others")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self._counts: dict[Target, dict[str, list[int]]] = {}
        self._others = 0

    def called(self, target: Target, operation: str, *, changed: bool, told: bool) -> None:
        """Count one call of a target.

        Args:
            target: which one.
            operation: its name.
            changed: whether it made a change.
            told: whether a client that waits for the answer learns so.
        """
        operations = self._counts.get(target)
        if operations is None:
            if len(self._counts) >= TARGETS_LIMIT:
                self._others += 1
                return
            operations = self._counts[target] = {}
        counts = operations.setdefault(operation, [0, 0, 0])
        counts[0] += 1
        counts[1] += changed
        counts[2] += told

    def to_json(self) -> dict[str, Any]:
        """All counts as an object for JSON; `others` are the calls of targets beyond the limit."""
        told: dict[str, Any] = {}
        for (account, region, function, qualifier), operations in sorted(self._counts.items()):
            told.setdefault(f"{account}/{region}", {}).setdefault(function, {})[qualifier] = {
                operation: dict(zip(("calls", "changed", "told"), counts, strict=True))
                for operation, counts in operations.items()
            }
        return {"targets": told, "others": self._others}
