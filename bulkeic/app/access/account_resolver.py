"""Which account each set of credentials belongs to, and which lanes they can reach."""

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import anyio

from bulkeic.app.access.runtime import first_cause, open_access, run_async
from bulkeic.app.options.access_options import AccessOptions
from bulkeic.core.accounts import (
    ACCOUNT_FIELDS,
    Account,
    AccountAccess,
    Accounts,
    foreign_credentials,
    parse_account,
)
from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import Lane
from bulkeic.sources.rows_file import RowsFile

if TYPE_CHECKING:
    from bulkeic.aws.identity.access import Access

_CONCURRENT_STS_CALLS = 10


class AccountResolver:
    """Finds the accounts of a user's credentials, roles and profiles.

    Args:
        options: which AWS to call, and with which credentials.
        timeout_s: for one call of STS, seconds.
        sandbox: whether the calls go to the embedded sandbox, where every account can be reached.

    Attributes:
        accounts: how each account is reached.

    Raises:
        InputError: a row of the accounts file is invalid.
        UsageError: the accounts file cannot be read.
    """

    def __init__(self, options: AccessOptions, timeout_s: float, *, sandbox: bool) -> None:
        self._options = options
        self._timeout_s = timeout_s
        self._sandbox = sandbox
        self._identity_of: dict[str | None, CallerIdentity] = {}
        entries = _entries(options.accounts) if options.accounts else []
        usual = AccountAccess(role_arn=options.role_arn, external_id=options.external_id)
        self.accounts = Accounts(entries, usual)

    def own_account(self, lane: Lane | None) -> str:
        """The account of the caller's own credentials, which functions without an account are in.

        Raises:
            AccessError: STS cannot be called.
        """
        if self._sandbox:
            from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 - hardly any run needs it

            return DEFAULT_ACCOUNT_ID
        return self.own_identity(lane).account_id

    def own_identity(self, lane: Lane | None) -> CallerIdentity:
        """Whose the caller's own credentials are.

        Args:
            lane: whose partition is asked; ``None``: the default Region's.

        Raises:
            AccessError: STS cannot be called.
        """
        self._identify({None: lane})
        return self._identity_of[None]

    @property
    def known_caller(self) -> CallerIdentity | None:
        """Whose the caller's own credentials are; ``None``: STS was not asked."""
        return self._identity_of.get(None)

    def caller(self, lanes: Iterable[Lane]) -> CallerIdentity | None:
        """Whose the caller's own credentials are; ``None``: no lane needs them.

        Args:
            lanes: that can be reached.

        Raises:
            AccessError: STS cannot be called.
        """
        if self._sandbox:
            return None
        own = (lane for lane in lanes if self.accounts.access(lane).profile is None)
        lane = next(own, None)
        return None if lane is None else self.own_identity(lane)

    def refusals(self, lanes: Iterable[Lane]) -> dict[Lane, InputError]:
        """The lanes that cannot be reached, each with the reason. Lambda is not called.

        Raises:
            AccessError: STS cannot be called.
            UsageError: a profile does not exist.
        """
        lanes = list(lanes)
        if not self._sandbox:
            self._identify(self._profiles(lanes))
        return self._without_role(lanes) | self._known_refusals(lanes)

    async def find_refusals(self, lanes: Iterable[Lane]) -> dict[Lane, InputError]:
        """As ``refusals``, in an event loop."""
        lanes = list(lanes)
        unknown = self._unknown(self._profiles(lanes))
        if unknown:
            await self._identify_all(unknown)
        return self._known_refusals(lanes)

    def _profiles(self, lanes: Iterable[Lane]) -> dict[str | None, Lane | None]:
        """The profiles that reach lanes without a role, each with such a lane."""
        open_access(self._options)  # checks the profile, whatever the lanes need
        access = {
            lane: self.accounts.access(lane) for lane in lanes if not self.accounts.problem(lane)
        }
        return {way.profile: lane for lane, way in access.items() if way.role_arn is None}

    def _known_refusals(self, lanes: Iterable[Lane]) -> dict[Lane, InputError]:
        found = {lane: self.accounts.problem(lane) or self._foreign(lane) for lane in lanes}
        return {lane: problem for lane, problem in found.items() if problem is not None}

    def _without_role(self, lanes: Iterable[Lane]) -> dict[Lane, InputError]:
        """The lanes that are reached without a role, if a flag has an effect only on roles."""
        flag = None if self._sandbox else self._options.role_flag
        if flag is None:
            return {}
        rule = f"is reached without a role, and {flag} needs one; give --role-arn or --accounts"
        return {
            lane: InputError(f"account {lane.account_id} {rule}", field="RoleArn")
            for lane in lanes
            if self.accounts.access(lane).role_arn is None
        }

    def _foreign(self, lane: Lane) -> InputError | None:
        """The problem if the credentials for a lane belong to another account."""
        way = self.accounts.access(lane)
        if self._sandbox or way.role_arn is not None:
            return None
        return foreign_credentials(
            lane, self._identity_of[way.profile].account_id, profile=way.profile
        )

    def _identify(self, profiles: dict[str | None, Lane | None]) -> None:
        """Asks STS once for the account of each profile; ``None`` is the caller's own."""
        unknown = self._unknown(profiles)
        if unknown:
            run_async(functools.partial(self._identify_all, unknown))

    async def find_own_identity(self, lane: Lane | None) -> CallerIdentity:
        """As ``own_identity``, in an event loop."""
        unknown = self._unknown({None: lane})
        if unknown:
            await self._identify_all(unknown)
        return self._identity_of[None]

    def _unknown(self, profiles: dict[str | None, Lane | None]) -> dict[str | None, Lane | None]:
        return {name: lane for name, lane in profiles.items() if name not in self._identity_of}

    async def _identify_all(self, profiles: dict[str | None, Lane | None]) -> None:
        own = open_access(self._options)
        limiter = anyio.CapacityLimiter(_CONCURRENT_STS_CALLS)

        async def identify(profile: str | None, lane: Lane | None) -> None:
            access = own if profile is None else self._access(own, profile)
            async with limiter:
                region = lane.region if lane else None
                self._identity_of[profile] = await access.caller_identity(region, self._timeout_s)

        try:
            async with anyio.create_task_group() as tasks:
                for profile, lane in profiles.items():
                    tasks.start_soon(identify, profile, lane)
        except BaseExceptionGroup as group:
            raise first_cause(group) from None

    def _access(self, own: "Access", profile: str) -> "Access":
        try:
            return own.with_profile(profile)
        except UsageError as error:
            raise UsageError(f"{self._options.accounts}: {error}") from None


def _entries(path: str) -> list[Account]:
    file = RowsFile(path, fields=ACCOUNT_FIELDS)
    entries: dict[str, Account] = {}
    for row in file.rows():
        if isinstance(row, InputError):
            raise row
        try:
            entry = parse_account(row.values)
            if entry.account_id in entries:
                raise InputError(  # noqa: TRY301 - placed like the others
                    f"{entry.account_id} given twice; an account has one entry", field="AccountId"
                )
        except InputError as problem:
            raise row.located(problem, file.name) from None
        entries[entry.account_id] = entry
    return list(entries.values())
