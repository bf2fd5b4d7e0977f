"""Counts of calls for each target: they show which targets were called again."""

from typing import Any

# Callers can invent any number of targets: calls of further ones are only summed up.
TARGETS_LIMIT = 20_000

Target = tuple[str, str, str, str]
"""(account, Region, function, qualifier)."""


class TargetCalls:
    """Counts for each target and operation: calls, changes, changes with a complete reply."""

    __slots__ = ("_counts", "_others")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Set all counts to zero."""
        self._counts: dict[Target, dict[str, list[int]]] = {}
        self._others = 0

    def record(self, target: Target, operation: str, *, changed: bool, acknowledged: bool) -> None:
        """Count one call of a target.

        Args:
            target: the target.
            operation: the operation's name.
            changed: whether the call made a change.
            acknowledged: whether it made one, and its reply says so.
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
        counts[2] += acknowledged

    def to_json(self) -> dict[str, Any]:
        """Return all counts for JSON; `others` counts the calls of targets beyond the limit."""
        lanes: dict[str, Any] = {}
        for (account, region, function, qualifier), operations in sorted(self._counts.items()):
            lanes.setdefault(f"{account}/{region}", {}).setdefault(function, {})[qualifier] = {
                operation: dict(zip(("calls", "changed", "acknowledged"), counts, strict=True))
                for operation, counts in operations.items()
            }
        return {"targets": lanes, "others": self._others}
