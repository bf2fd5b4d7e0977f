"""Checks of the options of access to AWS, before anything is called."""

from collections.abc import Callable

from bulkeic.app.options.access_options import AccessOptions
from bulkeic.core.accounts import parse_external_id, parse_role, parse_session_name
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.options.session_tags import check_session_tags
from bulkeic.core.targets.names import check_region


def check_access(access: AccessOptions) -> None:
    """Checks the Region, the role and how it is assumed, its tags included.

    Raises:
        UsageError: one of them is invalid.
    """
    for flag, value, check in (
        ("--region", access.region, check_region),
        ("--role-arn", access.role_arn, parse_role),
        ("--external-id", access.external_id, parse_external_id),
        ("--role-session-name", access.role_session_name, parse_session_name),
    ):
        if value is not None:
            check_value(flag, value, check)
    try:
        check_session_tags(access.session_tags)
    except InputError as problem:
        raise UsageError(f"--session-tag: {problem.rule}") from None


def check_value(place: str, value: str, check: Callable[[str], object]) -> None:
    """Checks a value, and names where it comes from.

    Raises:
        UsageError: it is invalid.
    """
    try:
        check(value)
    except InputError as problem:
        raise UsageError(f"{place}: {problem.rule}") from None
