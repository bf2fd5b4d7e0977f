"""The sandbox inside another program."""

import time
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, TextIO

from bulkeic.sandbox.behavior.account_options import AccountOptions, AccountRules
from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.server.listener import Listener
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state.fleet_file import functions_to_json, read_fleet, write_fleet
from bulkeic.sandbox.state.function_arns import LATEST
from bulkeic.sandbox.state.function_facts import facts_from_json
from bulkeic.sandbox.state.generated_fleet import populate
from bulkeic.sandbox.state.generated_organization import generated_organization
from bulkeic.sandbox.state.region_names import REGIONS


class Sandbox:
    """An AWS Lambda control plane for event-invoke configurations, on loopback.

    An async context manager: it listens from entry to exit, in the running event loop, and cuts
    open connections on exit. The other methods can be called before entry and, from the loop's
    thread, while it listens.

    Args:
        options: how it listens and behaves.
    """

    def __init__(self, options: SandboxOptions = SandboxOptions()) -> None:  # noqa: B008 - frozen
        self._state = SharedState(options, time.time())
        self._listener: Listener | None = None

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            OSError: the address is not available, or the certificate cannot be used.
            RuntimeError: it is listening already.
        """
        if self._listener is not None:
            raise RuntimeError("the sandbox is listening already")
        self._listener = await Listener.start(self._state)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and close all connections."""
        if self._listener is not None:
            await self._listener.close()
            self._listener = None

    @property
    def url(self) -> str:
        """The endpoint URL for clients of all services.

        Raises:
            RuntimeError: it is not listening.
        """
        if self._listener is None:
            raise RuntimeError("the sandbox is not listening")
        host = self._listener.host
        scheme = "https" if self._state.options.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._listener.port}"

    def add_function(
        self, account_id: str, region: str, function_name: str, qualifier: str = LATEST
    ) -> None:
        """Add a function, or a version or alias of it, with a default configuration.

        An existing configuration stays as it is. For examples with failures, a function whose name
        ends in "-missing" is not added, and one that ends in "-unconfigured" gets no configuration.

        Args:
            account_id: twelve digits.
            region: a Region name like us-east-1.
            function_name: the bare name.
            qualifier: a version, an alias or $LATEST.

        Raises:
            ValueError: a part is malformed.
        """
        self._state.add_function(account_id, region, function_name, qualifier)

    def describe_function(
        self, account_id: str, region: str, function_name: str, facts: Mapping[str, Any]
    ) -> None:
        """Replace the facts of a function, which is added if it is missing.

        Args:
            account_id: twelve digits.
            region: a Region name like us-east-1.
            function_name: the bare name.
            facts: its Runtime, LastModified, MemorySize, Tags and Aliases, each if not the default,
                as `bulkeic.sandbox.state.function_facts` describes them.

        Raises:
            ValueError: a part or a fact is malformed.
        """
        parsed = facts_from_json(dict(facts))
        self._state.add_function(account_id, region, function_name, LATEST, facts=parsed)

    def set_accounts(self, options: AccountOptions) -> None:
        """Replace the organization, the enabled Regions, the denied roles and operations."""
        self._state.accounts = AccountRules(options)

    def set_alarm(
        self, name: str, state: str, lane: tuple[str, str] | None = None, *, reason: str = ""
    ) -> None:
        """Set the state of an alarm of CloudWatch, which is added if it is missing.

        Args:
            name: its name.
            state: OK, ALARM or INSUFFICIENT_DATA.
            lane: (account ID, Region), or None for every lane.
            reason: its StateReason.

        Raises:
            ValueError: the name or the state is invalid, or there are too many alarms.
        """
        self._state.alarms.set_state(name, state, reason, time.time(), lane)

    def set_calendar(self, name: str, state: str) -> None:
        """Set the state of a change calendar, which is added if it is missing.

        Args:
            name: its name or ARN.
            state: open, closed, unsupported, or like closed@until=2026-11-27T18:00Z.

        Raises:
            ValueError: the name or the state is invalid, or there are too many calendars.
        """
        self._state.calendars.set_state(name, state)

    def functions(self) -> list[dict[str, Any]]:
        """Return what is known about each function, as `GET /_sandbox/functions` does."""
        return functions_to_json(self._state.fleet)

    def populate(
        self,
        functions: int,
        *,
        accounts: int = 1,
        regions: int = 1,
        configured: float = 1.0,
        varied: bool = False,
        organization: bool = False,
    ) -> None:
        """Add functions `fn-0`, `fn-1` and so on in each of several accounts and Regions.

        Args:
            functions: number of functions in each lane (account and Region).
            accounts: number of accounts, from 123456789012 on.
            regions: number of Regions, from us-east-1 on.
            configured: share of the functions that has a configuration, 0 to 1.
            varied: whether functions differ in runtime, tags, date, versions and aliases, as
                `bulkeic.sandbox.state.generated_facts` says; otherwise they are all alike.
            organization: whether the accounts form an organization, with nested units and one more
                account that is suspended, where no other Regions are enabled.

        Raises:
            ValueError: there are fewer Regions, or the share is outside 0..1.
        """
        populate(
            self._state.fleet,
            functions,
            accounts=accounts,
            regions=regions,
            configured=configured,
            varied=varied,
        )
        if organization:
            options = replace(
                self._state.accounts.options,
                organization=generated_organization(accounts),
                enabled_regions={"*": REGIONS[:regions]},
            )
            self.set_accounts(options)

    def load_state(self, text: str) -> None:
        """Add the functions and configurations of a state.

        Args:
            text: JSON that `save_state` wrote.

        Raises:
            ValueError: the text is not JSON, or not a state; a part of it may have been added.
        """
        read_fleet(text, self._state.fleet)

    def save_state(self, file: TextIO) -> None:
        """Write all functions and their configurations as JSON: equal fleets give equal text."""
        write_fleet(self._state.fleet, file)

    def credentials(self, account_id: str) -> tuple[str, str]:
        """Return the access key and the secret key of a user in an account."""
        return f"AKIA{account_id}", self._state.options.secret
