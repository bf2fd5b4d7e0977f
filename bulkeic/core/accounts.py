"""How each account is reached: with which role, from which profile.

- An account is worked on with one role, shared by its Regions. The first of these that is there
  says which: a row's ``RoleArn``, the account's entry in the accounts file, the flag.
- An entry of the accounts file holds for its account alone: one without a role and a profile means
  the caller's own credentials.
- A role lies in the account that it is for.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bulkeic.core.errors import InputError, shown
from bulkeic.core.fields import Fields
from bulkeic.core.model import Lane
from bulkeic.core.names import check_account, check_region, partition_of
from bulkeic.core.templates import ROLE_NAMES, check_template, fill, is_template

ACCOUNT_FIELDS = Fields(
    ("AccountId", "RoleArn", "ExternalId", "Profile", "Regions"), naming=("AccountId",)
)
"""Of an accounts file."""

_UNSET = (None, "")
_SAMPLE = {"account": "123456789012", "partition": "aws"}
# IAM: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, and the
# constraints of STS AssumeRole in botocore's model.
_match_role = re.compile(
    r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):role/(?:[\x21-\x7e]*/)?[\w+=,.@-]{1,64}", re.ASCII
).fullmatch
_ROLE_CHARACTERS = 2048
_match_external_id = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII).fullmatch
_match_session_name = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII).fullmatch


class AccountAccess(msgspec.Struct, frozen=True):
    """How one account is reached; with nothing set, by the caller's own credentials.

    Attributes:
        role_arn: the role to assume.
        external_id: what its trust policy asks for.
        profile: whose credentials assume it, or are used as they are.
    """

    role_arn: str | None = None
    external_id: str | None = None
    profile: str | None = None


_OWN = AccountAccess()


class Account(msgspec.Struct, frozen=True):
    """One entry of an accounts file.

    Attributes:
        regions: where the account may be worked on; empty: everywhere.
    """

    account_id: str
    access: AccountAccess = _OWN
    regions: tuple[str, ...] = ()


class RoleSession(msgspec.Struct, frozen=True, kw_only=True):
    """How roles are assumed.

    Attributes:
        name: of the session; CloudTrail shows it.
        duration_s: seconds that the credentials are to last.
    """

    name: str = "bulkeic"
    duration_s: int = 3600


def parse_role(text: str, field: str = "RoleArn") -> str:
    """A role's ARN, or a template of one.

    Raises:
        InputError: it is neither.
    """
    sample = text
    if is_template(text):
        check_template(text, ROLE_NAMES, field)
        sample = fill(text, _SAMPLE)
    if not _match_role(sample) or len(text) > _ROLE_CHARACTERS:
        raise InputError(
            f"{shown(text)} is not a role ARN; expected something like "
            "arn:aws:iam::123456789012:role/name",
            field=field,
        )
    return text


def account_of(role_arn: str) -> str:
    """The account that a role lies in."""
    return role_arn.split(":")[4]


def parse_external_id(text: str, field: str = "ExternalId") -> str:
    """An external id as it is, or ``InputError``."""
    if not _match_external_id(text):
        raise InputError(
            f"{shown(text)} is not an external id; expected 2 to 1224 letters, digits and "
            "_+=,.@:/-",
            field=field,
        )
    return text


def parse_session_name(text: str, field: str = "") -> str:
    """A role session's name as it is, or ``InputError``."""
    if not _match_session_name(text):
        raise InputError(
            f"{shown(text)} is not a session name; expected 2 to 64 letters, digits and _+=,.@-",
            field=field,
        )
    return text


def parse_account(values: Mapping[str, Any]) -> Account:
    """The account of a row of an accounts file.

    Args:
        values: by the names of ``ACCOUNT_FIELDS``.

    Raises:
        InputError: the row's first problem, without its place.
    """

    def text(field: str) -> str | None:
        value = values.get(field)
        if value not in _UNSET and not isinstance(value, str):
            raise InputError(f"{shown(value)} is not text", field=field)
        return value or None

    account_id = parse_account_id(values.get("AccountId"))
    if account_id is None:
        raise InputError("missing; every row names its account", field="AccountId")
    role, external_id = text("RoleArn"), text("ExternalId")
    if role is not None:
        role = _own_role(parse_role(role), account_id)
    if external_id is not None and role is None:
        raise InputError("means nothing without a RoleArn", field="ExternalId")
    access = AccountAccess(role, external_id and parse_external_id(external_id), text("Profile"))
    return Account(account_id, access, _regions(values.get("Regions")))


def parse_account_id(value: Any) -> str | None:
    """An account id from a cell, or from JSON, where it often is a number without its zeros.

    Raises:
        InputError: it is none.
    """
    if value in _UNSET:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
        return f"{value:012d}"
    if not isinstance(value, str):
        raise InputError(f"{shown(value)} is not text", field="AccountId")
    return check_account(value)


def _own_role(role: str, account_id: str) -> str:
    if not is_template(role) and account_of(role) != account_id:
        raise InputError(
            f"{shown(role)} does not belong to the account {account_id}", field="RoleArn"
        )
    return role


def _regions(value: Any) -> tuple[str, ...]:
    """Regions of a cell (separated by spaces, commas or semicolons) or of a JSON list."""
    if value in _UNSET:
        return ()
    names = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{shown(value)} is not a list of Regions", field="Regions")
    for name in names:
        try:
            check_region(name)
        except InputError as problem:
            raise InputError(problem.rule, field="Regions") from None
    return tuple(dict.fromkeys(names))


class Accounts:
    """How all accounts are reached.

    Args:
        entries: of the accounts file.
        usual: for accounts that are not in it; the role may be a template.
    """

    def __init__(self, entries: Iterable[Account] = (), usual: AccountAccess = _OWN) -> None:
        self._entries = {entry.account_id: entry for entry in entries}
        self._usual = usual
        self._row_roles: dict[str, str] = {}

    def learn(self, account_id: str, role_arn: str) -> str:
        """Takes note of a row's role for its account: the role that holds for the account."""
        return self._row_roles.setdefault(account_id, role_arn)

    def access(self, lane: Lane) -> AccountAccess:
        """How the account of a lane is reached."""
        account_id = lane.account_id
        entry = self._entries.get(account_id)
        access = self._usual if entry is None else entry.access
        role = self._row_roles.get(account_id, access.role_arn)
        if role is None:
            return access
        return msgspec.structs.replace(
            access,
            role_arn=_filled(role, lane),
            external_id=access.external_id or self._usual.external_id,
        )

    def other_role(self, lane: Lane, role_arn: str) -> InputError | None:
        """Why a role, maybe a template, cannot be that of a lane whose account has one already."""
        role = self.access(lane).role_arn
        if _filled(role_arn, lane) == role:
            return None
        return InputError(
            f"{shown(role_arn)} is not the role {shown(role or 'none')} that jobs of the account "
            f"{lane.account_id} went with before; all of them go with one role",
            field="RoleArn",
        )

    def only_regions(self) -> dict[str, str]:
        """The Region of each account that may be worked on in one alone."""
        return {
            account_id: entry.regions[0]
            for account_id, entry in self._entries.items()
            if len(entry.regions) == 1
        }

    def problem(self, lane: Lane) -> InputError | None:
        """Why a lane must not be worked on, without asking anybody."""
        entry = self._entries.get(lane.account_id)
        if entry is not None and entry.regions and lane.region not in entry.regions:
            return InputError(
                f"{lane.region} is none of the Regions that the accounts file allows for "
                f"{lane.account_id}: {', '.join(entry.regions)}",
                field="Region",
            )
        role = self.access(lane).role_arn
        if role is not None and account_of(role) != lane.account_id:
            return InputError(
                f"the role {shown(role)} does not belong to the account {lane.account_id}; "
                "a role for every account has {account} in its ARN",
                field="RoleArn",
            )
        return None


def _filled(role: str, lane: Lane) -> str:
    return fill(role, {"account": lane.account_id, "partition": partition_of(lane.region)})
