"""Names that CloudFormation accepts, made of the names of functions."""

import re

from bulkeic.core.model import LATEST, Target

_parts = re.compile(r"[a-zA-Z0-9]+").findall
_NAMELESS = "Function"


class LogicalIds:
    """Gives each target of a template a logical id: letters and digits, such as ``OrdersLive``.

    Names of functions that differ only in other characters get numbers.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def id_of(self, target: Target) -> str:
        """A new logical id for a target."""
        parts = _parts(target.function)
        if target.qualifier != LATEST:
            parts += _parts(target.qualifier)
        wanted = "".join(part[0].upper() + part[1:] for part in parts) or _NAMELESS
        found, number = wanted, 2
        while found in self._taken:
            found, number = f"{wanted}Number{number}", number + 1
        self._taken.add(found)
        return found
