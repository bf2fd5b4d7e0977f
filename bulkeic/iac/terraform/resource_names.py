"""Names that Terraform accepts, made of the names of functions, accounts and Regions."""

import re

from bulkeic.core.model import LATEST, Lane, Target

_replace_others = re.compile(r"[^a-zA-Z0-9_]+").sub
_PREFIX = "function_"


class ResourceNames:
    """Gives each target, or each lane, a name of its own.

    A name of Terraform begins with a letter or an underscore. Names of functions that differ only
    in a character that is replaced get numbers.

    Args:
        taken: names that exist already.
    """

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = set(taken)

    def name_of(self, target: Target) -> str:
        """A new name for a target."""
        parts = [target.function, *([] if target.qualifier == LATEST else [target.qualifier])]
        wanted = _replace_others("_", "_".join(parts))
        if not wanted[0].isalpha():
            wanted = f"{_PREFIX}{wanted.lstrip('_')}"
        return self._new(wanted)

    def name_of_lane(self, lane: Lane) -> str:
        """A new name for a lane: for its map, its resource and its provider."""
        return self._new(f"account_{lane.account_id}_{_replace_others('_', lane.region)}")

    def _new(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self._taken:
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name
