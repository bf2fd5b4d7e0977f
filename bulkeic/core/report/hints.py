"""What to do about an error, by its code."""

import re

from bulkeic.core.change.confirmation import OUTCOME_UNKNOWN
from bulkeic.core.change.reconcile import MISSING, NO_FUNCTION
from bulkeic.core.model import Outcome
from bulkeic.core.rollout.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED

_MISSING_FUNCTION = frozenset({NO_FUNCTION, "The function doesn't exist."})
_DENIED_ACTION = re.compile(r"is not authorized to perform: ([a-z0-9-]{1,32}:[A-Za-z]{1,64})\b")
_NO_FUNCTION_HINT = "the function or its qualifier does not exist; correct the name, or remove it"
_PERMISSIONS = "docs/reference/permissions.md lists the permissions of each command"
_HINTS = {
    MISSING: (
        "the function, its qualifier and its configuration must exist; --create-missing creates "
        "the configuration"
    ),
    PLAN_OUTDATED: (
        "someone changed it after the plan, so it was not changed; plan again, or use --force"
    ),
    CHANGED_SINCE: (
        "someone changed it after the run that is rolled back, so it was not changed; --force "
        "overwrites it"
    ),
    OUTCOME_UNKNOWN: (
        "a change may have been made, and could not be checked; verify shows what the target has"
    ),
    "AccessDeniedException": f"the credentials lack a permission; {_PERMISSIONS}",
    "AccessDenied": (
        "the role must exist, its trust policy must allow the caller and the external id, and the "
        "caller needs sts:AssumeRole"
    ),
}


def hint_for(outcome: Outcome, *, creates_missing: bool) -> str | None:
    """What to do about the error of an outcome; ``None``: nothing is known.

    ==============================  ============================================
    error                           hint
    ==============================  ============================================
    names the denied action         that action
    the function is missing         not ``--create-missing``, which cannot help
    404 with ``--create-missing``   the same
    else                            by code
    ==============================  ============================================

    Args:
        outcome: an example of the error.
        creates_missing: whether the run creates missing configurations.
    """
    code, message = outcome.error_code or "", outcome.error_message or ""
    denied = _DENIED_ACTION.search(message)
    if denied is not None and code.startswith("AccessDenied"):
        return f"the credentials need {denied[1]}; {_PERMISSIONS}"
    if code == MISSING and (creates_missing or message in _MISSING_FUNCTION):
        return _NO_FUNCTION_HINT
    return _HINTS.get(code)
