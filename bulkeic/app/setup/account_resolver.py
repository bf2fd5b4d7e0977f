"""Which accounts can be worked on, and whose credentials are whose."""

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import anyio

from bulkeic.app.runtime import first_cause, open_access, run_async
from bulkeic.app.setup.options import AccessOptions
from bulkeic.core.accounts import (
    ACCOUNT_FIELDS,
    Account,
    AccountAccess,
    Accounts,
    foreign_credentials,
    parse_account,
)
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import Lane
from bulkeic.sources.rows_file import RowsFile

if TYPE_CHECKING:
    from bulkeic.aws.access import Access

_ASKED_AT_ONCE = 10
_FOREIGN_REMEDY = "use a profile of that account, a role in it (--role-arn), or --accounts"


class AccountResolver:
    """The accounts within reach of a user's credentials, roles and profiles.

    Args:
        options: which AWS to talk to, and how.
        timeout_s: seconds for one call of STS.
        sandbox: whether every account is within reach, because none is AWS's.

    Attributes:
        accounts: how each of them is reached.

    Raises:
        InputError: the accounts file has a bad row.
        UsageError: it cannot be read.
    """

    def __init__(self, options: AccessOptions, timeout_s: float, *, sandbox: bool) -> None:
        self._options = options
        self._timeout_s = timeout_s
        self._sandbox = sandbox
        self._known: dict[str | None, str] = {}
        entries = _entries(options.accounts) if options.accounts else []
        usual = AccountAccess(role_arn=options.role_arn, external_id=options.external_id)
        self.accounts = Accounts(entries, usual)

    def own_account(self, lane: Lane | None) -> str:
        """The account of a bare name: that of the caller's own credentials.

        Raises:
            AccessError: STS does not tell.
        """
        if self._sandbox:
            from bulkeic.sandbox.auth.principal import DEFAULT_ACCOUNT_ID  # noqa: PLC0415 - hardly any run needs it

            return DEFAULT_ACCOUNT_ID
        self._identify({None: lane})
        return self._known[None]

    def refusals(self, lanes: Iterable[Lane]) -> dict[Lane, InputError]:
        """The lanes that cannot be worked on, each with the reason; Lambda is not asked.

        Raises:
            AccessError: STS does not tell whose some credentials are.
            UsageError: a profile does not exist.
        """
        lanes = list(lanes)
        found = {lane: self.accounts.problem(lane) for lane in lanes}
        refused = {lane: problem for lane, problem in found.items() if problem is not None}
        if self._sandbox:
            return refused
        open_access(self._options)  # tells whether its profile exists, whatever the lanes need
        access = {lane: self.accounts.access(lane) for lane in lanes if lane not in refused}
        by_profile = {lane: how.profile for lane, how in access.items() if how.role_arn is None}
        self._identify({profile: lane for lane, profile in by_profile.items()})
        for lane, profile in by_profile.items():
            problem = foreign_credentials(
                lane, self._known[profile], profile=profile, remedy=_FOREIGN_REMEDY
            )
            if problem is not None:
                refused[lane] = problem
        return refused

    def _identify(self, profiles: dict[str | None, Lane | None]) -> None:
        """Asks STS whose credentials those of some profiles are, each of them once."""
        unknown = {name: lane for name, lane in profiles.items() if name not in self._known}
        if unknown:
            try:
                run_async(functools.partial(self._ask, unknown))
            except BaseExceptionGroup as group:
                raise first_cause(group) from None

    async def _ask(self, profiles: dict[str | None, Lane | None]) -> None:
        own = open_access(self._options)
        places = anyio.CapacityLimiter(_ASKED_AT_ONCE)

        async def ask(profile: str | None, lane: Lane | None) -> None:
            access = own if profile is None else self._access(own, profile)
            async with places:
                region = lane.region if lane else None
                self._known[profile] = await access.identity(region, self._timeout_s)

        async with anyio.create_task_group() as tasks:
            for profile, lane in profiles.items():
                tasks.start_soon(ask, profile, lane)

    def _access(self, own: "Access", profile: str) -> "Access":
        try:
            return own.of_profile(profile)
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
