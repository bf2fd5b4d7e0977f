"""What accounts have and what they deny: organization, enabled Regions, roles, operations."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from bulkeic.sandbox.behavior.option_types import (
    OBJECT,
    OPTIONAL_OBJECT,
    STRING_LIST,
    option_types,
    options_of_json,
)
from bulkeic.sandbox.state.fleet import Lane
from bulkeic.sandbox.state.region_names import OPT_IN_REGIONS, REGIONS
from bulkeic.sandbox.state.sandbox_organization import (
    SandboxOrganization,
    organization_from_json,
)

EVERYWHERE = "*"
_ACCOUNT = re.compile(r"\d{12}|\*", re.ASCII)
_ACCOUNT_OR_ROLE = re.compile(r"\d{12}(/[\w+=,.@-]{1,64})?", re.ASCII)
_PLACE = re.compile(r"\d{12}(/[a-z]{2,}(-[a-z]+)+-\d)?|\*", re.ASCII)
_ACTION = re.compile(r"[a-z-]+:[A-Za-z*]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOptions:
    """What accounts have and deny. A scenario can set these fields.

    Attributes:
        organization: the organization, as `sandbox_organization` describes it; None for none.
        enabled_regions: the only Regions that accept the credentials of an account, by account ID
            or "*" for all others; in accounts without an entry, all Regions do.
        denied_roles: roles that cannot be assumed, as "account ID/role name", and accounts whose
            roles cannot.
        denied_operations: IAM actions, with "*" for any letters, that are denied in a place: by
            "account ID/Region", account ID, or "*" for everywhere.

    Raises:
        ValueError: a value is malformed.
    """

    organization: Mapping[str, Any] | None = field(default=None, metadata=OPTIONAL_OBJECT)
    enabled_regions: Mapping[str, Sequence[str]] = field(default_factory=dict, metadata=OBJECT)
    denied_roles: Sequence[str] = field(default=(), metadata=STRING_LIST)
    denied_operations: Mapping[str, Sequence[str]] = field(default_factory=dict, metadata=OBJECT)

    def __post_init__(self) -> None:
        if self.organization is not None:
            organization_from_json(self.organization)
        _check_lists("enabled_regions", self.enabled_regions, _ACCOUNT, "an account ID or *")
        _check_lists("denied_operations", self.denied_operations, _PLACE, "account/Region or *")
        for role in self.denied_roles:
            if not _ACCOUNT_OR_ROLE.fullmatch(role):
                raise ValueError(f"denied_roles: {role!r} is neither an account nor account/role")
        for action in (each for actions in self.denied_operations.values() for each in actions):
            if not _ACTION.fullmatch(action):
                raise ValueError(f"denied_operations: {action!r} is not like lambda:ListFunctions")


ACCOUNT_TYPES = option_types(AccountOptions)


class AccountRules:
    """Answers questions about accounts from their options.

    Attributes:
        options: the options.
        organization: the organization, or None.

    Args:
        options: the options.
    """

    def __init__(self, options: AccountOptions) -> None:
        self.options = options
        self.organization: SandboxOrganization | None = None
        if options.organization is not None:
            self.organization = organization_from_json(options.organization)
        self._denied_roles = frozenset(options.denied_roles)

    def is_enabled(self, lane: Lane) -> bool:
        """Whether the Region accepts the credentials of the account."""
        enabled = self._enabled_regions(lane[0])
        return enabled is None or lane[1] in enabled

    def region_statuses(self, account: str) -> dict[str, str]:
        """Return the RegionOptStatus of each Region of an account, by the Region's name."""
        enabled = self._enabled_regions(account)
        enabled = REGIONS if enabled is None else enabled
        names = sorted({*REGIONS, *OPT_IN_REGIONS, *enabled})
        of_enabled = {
            name: "ENABLED_BY_DEFAULT" if name in REGIONS else "ENABLED" for name in enabled
        }
        return {name: of_enabled.get(name, "DISABLED") for name in names}

    def is_role_denied(self, account: str, role: str) -> bool:
        """Whether a role cannot be assumed by anyone."""
        is_suspended = self.organization is not None and self.organization.is_suspended(account)
        denied = self._denied_roles
        return is_suspended or account in denied or f"{account}/{role}" in denied

    def is_denied(self, lane: Lane, action: str) -> bool:
        """Whether callers may not perform an IAM action, like lambda:ListFunctions, in a lane."""
        denied = self.options.denied_operations
        places = ("/".join(lane), lane[0], EVERYWHERE) if denied else ()
        return any(fnmatchcase(action, each) for place in places for each in denied.get(place, ()))

    def _enabled_regions(self, account: str) -> Sequence[str] | None:
        enabled = self.options.enabled_regions
        return enabled.get(account, enabled.get(EVERYWHERE)) if enabled else None


def accounts_from_json(data: Any) -> AccountOptions:
    """Return the options of decoded JSON; missing fields have their defaults.

    Raises:
        ValueError: the data is not an object, has an unknown field or an invalid value.
    """
    return AccountOptions(**options_of_json(data, ACCOUNT_TYPES))


def accounts_to_json(options: AccountOptions) -> dict[str, Any]:
    """Return options as an object for JSON, which `accounts_from_json` reads."""
    return asdict(options)


def _check_lists(name: str, lists: Mapping[str, Any], keys: re.Pattern[str], expected: str) -> None:
    for key, values in lists.items():
        if not keys.fullmatch(key):
            raise ValueError(f"{name}: {key!r} is not {expected}")
        is_list = isinstance(values, list | tuple)
        if not is_list or not all(isinstance(value, str) for value in values):
            raise ValueError(f"{name}: {key}: {values!r:.200} is not an array of strings")
