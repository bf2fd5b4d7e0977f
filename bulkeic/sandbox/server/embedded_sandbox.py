"""The sandbox as a program embeds it."""

import time
from types import TracebackType
from typing import Self, TextIO

from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.server.listener import Listener
from bulkeic.sandbox.shared_state import SharedState
from bulkeic.sandbox.state import fleet_file
from bulkeic.sandbox.state.function_arns import LATEST
from bulkeic.sandbox.state.generated_fleet import populate


class Sandbox:
    """An AWS Lambda control plane for event-invoke configurations, on loopback.

    An async context manager: it listens from entry to exit, in the running event loop, and on exit
    cuts the connections that are left. `hold` may be called before and, from the loop's thread,
    within.

    Args:
        options: how it behaves.
    """

    def __init__(self, options: SandboxOptions = SandboxOptions()) -> None:  # noqa: B008 - frozen
        self._world = SharedState(options, time.time())
        self._server: Listener | None = None

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            OSError: the address cannot be had, or the certificate not be used.
            RuntimeError: it listens already.
        """
        if self._server is not None:
            raise RuntimeError("the sandbox is listening already")
        self._server = await Listener.start(self._world)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and close everything."""
        if self._server is not None:
            await self._server.close()
            self._server = None

    @property
    def url(self) -> str:
        """Where it listens: the endpoint URL for clients of Lambda and STS.

        Raises:
            RuntimeError: it does not listen.
        """
        if self._server is None:
            raise RuntimeError("the sandbox is not listening")
        host = self._server.host
        scheme = "https" if self._world.options.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    def hold(
        self, account_id: str, region: str, function_name: str, qualifier: str = LATEST
    ) -> None:
        """Make a function exist, with that version or alias and a configuration on it.

        What exists already stays as it is. So that an example can be faulty by design, a name that
        ends in "-missing" is not made, and one that ends in "-unconfigured" is made without any
        configuration.

        Args:
            account_id: twelve digits.
            region: such as us-east-1.
            function_name: the bare name.
            qualifier: version or alias.

        Raises:
            ValueError: a part that does not have its form.
        """
        self._world.hold(account_id, region, function_name, qualifier)

    def populate(
        self, functions: int, *, accounts: int = 1, regions: int = 1, configured: float = 1.0
    ) -> None:
        """Make functions `fn-0` and so on in each of these accounts and Regions.

        Args:
            functions: how many in each lane (account and Region).
            accounts: how many accounts, from 123456789012 on.
            regions: how many Regions, from us-east-1 on.
            configured: the part of them that has a configuration, 0 to 1.

        Raises:
            ValueError: more Regions than there are, or a part that is none.
        """
        populate(
            self._world.fleet,
            functions,
            accounts=accounts,
            regions=regions,
            configured=configured,
        )

    def load_state(self, text: str) -> None:
        """Add the functions and configurations of a state.

        Args:
            text: what `save_state` wrote.

        Raises:
            ValueError: no JSON, or not a state; some of it may have been added.
        """
        fleet_file.read(text, self._world.fleet)

    def save_state(self, file: TextIO) -> None:
        """Write all functions and their configurations as JSON: equal fleets give equal texts."""
        fleet_file.write(self._world.fleet, file)

    def credentials(self, account_id: str) -> tuple[str, str]:
        """The access key and the secret of a user in that account."""
        return f"AKIA{account_id}", self._world.options.secret
