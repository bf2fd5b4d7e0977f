"""How each account is reached: with which role and which profile.

- One role per account, shared by its Regions: a row's ``RoleArn``, else the role of the account's
  entry in the accounts file, else the flag's.
- An entry of the accounts file applies to its account alone. An entry without a role and a profile
  means the caller's own credentials.
- A role must belong to the account that it is used for.
- Credentials that are used without a role must belong to the account, too.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.targets.fields import Fields
from bulkeic.core.targets.names import check_account, check_region, partition_of
from bulkeic.core.targets.templates import ROLE_NAMES, check_template, fill_template, is_template

ACCOUNT_FIELDS = Fields(
    ("AccountId", "RoleArn", "ExternalId", "Profile", "Regions"), identifying=("AccountId",)
)
"""The fields of an accounts file."""

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
        external_id: the external id that the role's trust policy requires.
        profile: the profile whose credentials assume the role, or are used without one.
    """

    role_arn: str | None = None
    external_id: str | None = None
    profile: str | None = None


_OWN = AccountAccess()


class Account(msgspec.Struct, frozen=True):
    """One entry of an accounts file.

    Attributes:
        regions: the only Regions that are allowed for the account; empty: all.
    """

    account_id: str
    access: AccountAccess = _OWN
    regions: tuple[str, ...] = ()


class RoleSession(msgspec.Struct, frozen=True, kw_only=True):
    """How roles are assumed.

    Attributes:
        name: of the session; CloudTrail shows it.
        duration_s: seconds that the credentials last.
        source_identity: who acts, in CloudTrail; also in sessions of roles that this one assumes.
        tags: key and value of each session tag.
        actions: the only IAM actions that are allowed; ``None``: all that the role allows.
    """

    name: str = "bulkeic"
    duration_s: int = 3600
    source_identity: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    actions: tuple[str, ...] | None = None


def parse_role(text: str, field: str = "RoleArn") -> str:
    """Checks a role's ARN, or a template of one, and returns it.

    Raises:
        InputError: it is neither.
    """
    sample = text
    if is_template(text):
        check_template(text, ROLE_NAMES, field)
        sample = fill_template(text, _SAMPLE)
    if not _match_role(sample) or len(text) > _ROLE_CHARACTERS:
        raise InputError(
            f"{quoted(text)} is not a role ARN; expected something like "
            "arn:aws:iam::123456789012:role/name",
            field=field,
        )
    return text


def role_account(role_arn: str) -> str:
    """The account that a role belongs to."""
    return role_arn.split(":")[4]


def parse_external_id(text: str, field: str = "ExternalId") -> str:
    """Checks an external id and returns it.

    Raises:
        InputError: it is invalid.
    """
    if not _match_external_id(text):
        raise InputError(
            f"{quoted(text)} is not an external id; expected 2 to 1224 letters, digits and "
            "_+=,.@:/-",
            field=field,
        )
    return text


def parse_session_name(text: str, field: str = "") -> str:
    """Checks the name of a role session and returns it.

    Raises:
        InputError: it is invalid.
    """
    if not _match_session_name(text):
        raise InputError(
            f"{quoted(text)} is not a session name; expected 2 to 64 letters, digits and _+=,.@-",
            field=field,
        )
    return text


def parse_account(values: Mapping[str, Any]) -> Account:
    """Parses a row of an accounts file.

    Args:
        values: by the names of ``ACCOUNT_FIELDS``.

    Raises:
        InputError: the row's first problem, without file and line.
    """

    def text(field: str) -> str | None:
        value = values.get(field)
        if value not in _UNSET and not isinstance(value, str):
            raise InputError(f"{quoted(value)} is not text", field=field)
        return value or None

    account_id = parse_account_id(values.get("AccountId"))
    if account_id is None:
        raise InputError("missing; every row names its account", field="AccountId")
    role, external_id = text("RoleArn"), text("ExternalId")
    if role is not None:
        role = _own_role(parse_role(role), account_id)
    if external_id is not None and role is None:
        raise InputError("requires a RoleArn", field="ExternalId")
    access = AccountAccess(role, external_id and parse_external_id(external_id), text("Profile"))
    return Account(account_id, access, _regions(values.get("Regions")))


def parse_account_id(value: Any) -> str | None:
    """An account id from a cell, or from JSON, where it may be a number without leading zeros.

    Returns:
        Twelve digits; ``None``: the value is empty.

    Raises:
        InputError: it is not an account id.
    """
    if value in _UNSET:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**12:
        return f"{value:012d}"
    if not isinstance(value, str):
        raise InputError(f"{quoted(value)} is not text", field="AccountId")
    return check_account(value)


def _own_role(role: str, account_id: str) -> str:
    if not is_template(role) and role_account(role) != account_id:
        raise InputError(
            f"{quoted(role)} does not belong to the account {account_id}", field="RoleArn"
        )
    return role


def _regions(value: Any) -> tuple[str, ...]:
    """The Regions of a cell (separated by spaces, commas or semicolons) or of a JSON list."""
    if value in _UNSET:
        return ()
    names = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{quoted(value)} is not a list of Regions", field="Regions")
    for name in names:
        try:
            check_region(name)
        except InputError as problem:
            raise InputError(problem.rule, field="Regions") from None
    return tuple(dict.fromkeys(names))


class _RowRole(msgspec.Struct, frozen=True):
    """The role of an account, with the line of the row that gave it; 0: no file."""

    role_arn: str | None
    line: int


class Accounts:
    """How each account is reached.

    Args:
        entries: of the accounts file.
        default: for accounts that are not in it; the role may be a template.
    """

    def __init__(self, entries: Iterable[Account] = (), default: AccountAccess = _OWN) -> None:
        self._entries = {entry.account_id: entry for entry in entries}
        self._default = default
        self._row_roles: dict[str, _RowRole] = {}

    def assign_role(self, lane: Lane, role_arn: str | None, line: int = 0) -> InputError | None:
        """Assigns a role to the lane's account. The first one wins: one role per account.

        Args:
            lane: its account is empty until the caller's own account is known.
            role_arn: the role, maybe a template; ``None``: the caller's own credentials.
            line: number of the row's line; 0: no file.

        Returns:
            The problem, without its place, if the account has another role.
        """
        role = _RowRole(role_arn, line)
        first = self._row_roles.setdefault(lane.account_id, role)
        if first.role_arn == role_arn or _fill_role(first.role_arn, lane) == _fill_role(
            role_arn, lane
        ):
            return None
        where = f"line {first.line}" if first.line else "earlier jobs"
        rows = "rows" if first.line else "jobs"
        return InputError(
            f"{quoted(role_arn or 'none')} is not the role {quoted(first.role_arn or 'none')} of "
            f"{where}; all {rows} of the account {lane.account_id or 'of the credentials'} must "
            "use one role",
            field="RoleArn",
            line=line,
        )

    def assign_role_of_job(self, lane: Lane, role_arn: str | None) -> InputError | None:
        """As ``assign_role``; a job without a role assigns the role that the account has anyway."""
        if role_arn is None and lane.account_id in self._row_roles:
            return None
        return self.assign_role(lane, role_arn or self.access(lane).role_arn)

    def move_role(self, region: str, account_id: str) -> InputError | None:
        """Moves the role of rows that name no account to the caller's own account.

        Args:
            region: of one of these rows.
            account_id: the caller's own.

        Returns:
            The problem, with its line, if that account has another role.
        """
        role = self._row_roles.pop("", None)
        if role is None:
            return None
        return self.assign_role(Lane(account_id, region), role.role_arn, role.line)

    def row_roles(self) -> dict[str, str]:
        """The roles that rows gave, by account id."""
        roles = self._row_roles.items()
        return {account: role.role_arn for account, role in roles if role.role_arn is not None}

    def access(self, lane: Lane) -> AccountAccess:
        """How the account of a lane is reached."""
        account_id = lane.account_id
        entry = self._entries.get(account_id)
        access = self._default if entry is None else entry.access
        row_role = self._row_roles.get(account_id)
        role = access.role_arn if row_role is None else row_role.role_arn
        if role is None:
            return access
        return msgspec.structs.replace(
            access,
            role_arn=_fill_role(role, lane),
            external_id=access.external_id or self._default.external_id,
        )

    def add_entry(self, entry: Account) -> None:
        """Adds an account, or replaces how it is reached."""
        self._entries[entry.account_id] = entry

    def use_own_credentials(self, account_id: str) -> None:
        """Reaches an account by the caller's own credentials, unless an entry says how."""
        self._entries.setdefault(account_id, Account(account_id))

    def regions_by_account(self) -> dict[str, tuple[str, ...]]:
        """The Regions that each entry of the accounts file allows; none: all."""
        return {account_id: entry.regions for account_id, entry in self._entries.items()}

    def only_regions(self) -> dict[str, str]:
        """The Region of each account that the accounts file limits to one."""
        return {
            account_id: entry.regions[0]
            for account_id, entry in self._entries.items()
            if len(entry.regions) == 1
        }

    def problem(self, lane: Lane) -> InputError | None:
        """The reason why a lane cannot be worked on, as far as no call to AWS is needed."""
        entry = self._entries.get(lane.account_id)
        if entry is not None and entry.regions and lane.region not in entry.regions:
            return InputError(
                f"{lane.region} is not one of the Regions that the accounts file allows for "
                f"{lane.account_id}: {', '.join(entry.regions)}",
                field="Region",
            )
        role = self.access(lane).role_arn
        if role is not None and role_account(role) != lane.account_id:
            return InputError(
                f"the role {quoted(role)} does not belong to the account {lane.account_id}; "
                "a role for every account has {account} in its ARN",
                field="RoleArn",
            )
        return None


def foreign_credentials(lane: Lane, owner: str, *, profile: str | None = None) -> InputError | None:
    """The problem if credentials belong to another account than the lane's.

    Args:
        lane: account and Region.
        owner: id of the account that the credentials belong to.
        profile: whose credentials they are; ``None``: the caller's own.
    """
    if lane.account_id == owner:
        return None
    whose = "the credentials belong" if profile is None else f"the profile {profile} belongs"
    return InputError(
        f"account {lane.account_id} is not {owner}, to which {whose}; use a profile of that "
        "account, or a role in it: --role-arn, or RoleArn in --accounts",
        field="AccountId",
    )


def _fill_role(role: str | None, lane: Lane) -> str | None:
    if role is None:
        return None
    return fill_template(role, {"account": lane.account_id, "partition": partition_of(lane.region)})
