"""Whether workers of an earlier session may still call the lanes of a run.

Workers of this machine end with their command, because their pipes end. Workers on other machines
may not know yet that the command was killed; then their leases must end first.
"""

from collections.abc import Sequence
from itertools import pairwise

from bulkeic.core.report.run_end import SessionRecord

_WORKERS = "--workers"
_ADDRESS = "://"


def may_have_leases(sessions: Sequence[SessionRecord]) -> bool:
    """Whether the last session was killed and had workers at an address.

    Args:
        sessions: of the run, in order, without the one that starts.
    """
    if not sessions or sessions[-1].ended is not None:
        return False
    words = sessions[-1].words
    values = [value for flag, value in pairwise(words) if flag == _WORKERS]
    return any(_ADDRESS in value for value in values)
