"""Whether an answer can belong to the call that it is read for.

Proxies and connections in doubt deliver answers of other calls. An answer of Lambda names its
function, and the answer to a change shows what was sent. What a message says is used only to doubt
an answer, never to decide what happened.
"""

import re

from bulkeic.core.errors import InputError
from bulkeic.core.listing import LISTS
from bulkeic.core.model import CLEARED, LATEST, Call, Failure, Fault, Operation, Settings, Target
from bulkeic.core.pacing.retry import ANSWER_MISMATCH
from bulkeic.core.targets.names import check_qualifier, is_bare_name

# Lambda's defaults.
_RETRIES, _AGE_S = 2, 21600
# In Python 3.11, each look-up of an enum's member takes a while.
_GET, _PUT = Operation.GET, Operation.PUT
_OTHER_FUNCTION = "it names another function"
_ARN_PARTS = 7
_find_functions = re.compile(r"arn:[\w-]+:lambda:[\w-]*:\d*:function:[\w.$-]+(?::[\w$-]+)?").findall
_INVALID_QUALIFIER = "it lists an invalid qualifier"
_BAD_REQUEST = 400
_NO_CONFIG = "doesn't have an EventInvokeConfig"
# Put creates a configuration, and the others do not look for one.
_NEEDS_NO_CONFIG = frozenset({Operation.PUT, Operation.GET_FUNCTION}) | LISTS


def names_target(arn: str, target: Target, *, has_qualifier: bool = True) -> bool:
    """Whether an ARN names a target. Emulators may write another partition.

    Args:
        arn: of a function.
        target: the target of the call.
        has_qualifier: whether an ARN without a qualifier means ``$LATEST``, as in configurations;
            if not, it means any.
    """
    if arn == f"{target.arn}:{target.qualifier}":
        return True
    parts = arn.split(":")
    if len(parts) not in {_ARN_PARTS, _ARN_PARTS + 1} or parts[0] != "arn":
        return False
    _, _, service, region, account, kind, name, *qualifiers = parts
    lane = target.lane
    if (service, region, kind, name) != ("lambda", lane.region, "function", target.function):
        return False
    if lane.account_id and account != lane.account_id:
        return False
    if not qualifiers and not has_qualifier:
        return True
    return (qualifiers[0] if qualifiers else LATEST) == target.qualifier


def config_problem(arn: str, shown: Settings, target: Target, call: Call) -> str | None:
    """Why a configuration cannot be the answer to a call; ``None``: it can.

    Args:
        arn: of the function, as answered.
        shown: the settings that the configuration shows.
        target: the target of the call.
        call: the call.
    """
    return settings_problem(shown, call) if names_target(arn, target) else _OTHER_FUNCTION


def settings_problem(shown: Settings, call: Call) -> str | None:
    """Why settings cannot be the answer to a call; ``None``: they can.

    Args:
        shown: as answered.
        call: the call.
    """
    if call.operation is _GET:
        return None
    is_shown = _replaces if call.operation is _PUT else _updates
    if is_shown(call.settings, shown):
        return None
    return "it shows other settings than those that were sent"


def _updates(sent: Settings, shown: Settings) -> bool:
    """Whether the answer to an Update shows what was sent."""
    return (
        sent.maximum_retry_attempts in (None, shown.maximum_retry_attempts)
        and sent.maximum_event_age_in_seconds in (None, shown.maximum_event_age_in_seconds)
        and sent.on_success in (None, shown.on_success or CLEARED)
        and sent.on_failure in (None, shown.on_failure or CLEARED)
    )


def _replaces(sent: Settings, shown: Settings) -> bool:
    """Whether the answer to a Put shows what was sent.

    Put removes what it does not send; an emulator may show the default instead.
    """
    retries, age = sent.maximum_retry_attempts, sent.maximum_event_age_in_seconds
    return (
        shown.maximum_retry_attempts in ((None, _RETRIES) if retries is None else (retries,))
        and shown.maximum_event_age_in_seconds in ((None, _AGE_S) if age is None else (age,))
        and (sent.on_success or CLEARED) == (shown.on_success or CLEARED)
        and (sent.on_failure or CLEARED) == (shown.on_failure or CLEARED)
    )


def function_problem(arn: str, target: Target) -> str | None:
    """Why a function cannot be the answer to GetFunction; ``None``: it can.

    GetFunction names a qualifier only where it was asked for one.
    """
    is_it = names_target(arn, target, has_qualifier=False)
    return None if is_it else _OTHER_FUNCTION


def listed_function_problem(arn: str, name: str, version: str, target: Target) -> str | None:
    """Why a function cannot be in the answer to ListFunctions; ``None``: it can.

    Args:
        arn: as answered; it names ``version``, or no version.
        name: as answered.
        version: as answered.
        target: the target of the call; its function is empty.
    """
    if not _is_name(name):
        return "it lists a function with an invalid name"
    function = Target(target.lane, name, version, target.partition)
    if not names_target(arn, function, has_qualifier=False):
        return "it lists a function whose ARN has another account, Region, name or version"
    return None if _is_qualifier(version) else _INVALID_QUALIFIER


def listed_alias_problem(arn: str, name: str, target: Target) -> str | None:
    """Why an alias cannot be in the answer to ListAliases; ``None``: it can.

    Args:
        arn: as answered; it names the alias.
        name: of the alias, as answered.
        target: the target of the call.
    """
    alias = Target(target.lane, target.function, name, target.partition)
    if not names_target(arn, alias):
        return _OTHER_FUNCTION
    return None if _is_qualifier(name) else _INVALID_QUALIFIER


def listed_config_problem(arn: str, target: Target) -> str | None:
    """Why a configuration cannot be in the answer to ListFunctionEventInvokeConfigs.

    Args:
        arn: as answered; without a qualifier, it means ``$LATEST``.
        target: the target of the call.
    """
    qualifier = arn.rpartition(":")[2] if arn.count(":") == _ARN_PARTS else LATEST
    return listed_alias_problem(arn, qualifier, target)


def marker_problem(next_marker: str | None, call: Call) -> str | None:
    """Why a ``NextMarker`` cannot be in the answer to a call; ``None``: it can."""
    is_same = next_marker is not None and call.page is not None and next_marker == call.page.marker
    return "its NextMarker is the marker that was sent" if is_same else None


def _is_name(text: str) -> bool:
    try:
        return is_bare_name(text)
    except InputError:
        return False


def _is_qualifier(text: str) -> bool:
    try:
        return bool(check_qualifier(text))
    except InputError:
        return False


def error_problem(message: str, status: int, target: Target, call: Call) -> str | None:
    """Why an error cannot be the answer to a call; ``None``: it can.

    Args:
        message: as answered. A 400 may quote functions that are destinations.
        status: the HTTP status.
        target: the target of the call.
        call: the call.
    """
    if _NO_CONFIG in message and call.operation in _NEEDS_NO_CONFIG:
        return "it misses a configuration, which the call does not need"
    functions = [] if status == _BAD_REQUEST else _find_functions(message)
    is_it = any(names_target(arn, target, has_qualifier=False) for arn in functions)
    return _OTHER_FUNCTION if functions and not is_it else None


def role_session_problem(arn: str | None, role_arn: str) -> str | None:
    """Why an answer of AssumeRole cannot belong to a role; ``None``: it can.

    Args:
        arn: of the role session, as answered; ``None``: the answer has none.
        role_arn: of the role that was assumed.
    """
    wanted = f":sts::{role_arn.split(':')[4]}:assumed-role/{role_arn.rpartition('/')[2]}/"
    return None if arn is not None and wanted in arn else "it names another role session"


def mismatch(problem: str, status: int, request_id: str | None) -> Failure:
    """The failure for an answer of another call. The call itself may have succeeded."""
    text = f"HTTP {status}, but {problem}"
    return Failure(Fault.SERVER, ANSWER_MISMATCH, text, status, request_id)
