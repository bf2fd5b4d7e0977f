"""The sandbox as a program embeds it."""

import time
from types import TracebackType
from typing import Self

from bulkeic.sandbox import caller
from bulkeic.sandbox.names import LATEST
from bulkeic.sandbox.options import SandboxOptions
from bulkeic.sandbox.server import Server
from bulkeic.sandbox.world import World


class Sandbox:
    """An AWS Lambda control plane for event-invoke configurations, on loopback.

    An async context manager: it listens from entry to exit, in the running event loop, and on exit
    cuts the connections that are left. `hold` may be called before and, from the loop's thread,
    within.

    Args:
        options: how it behaves.
    """

    def __init__(self, options: SandboxOptions = SandboxOptions()) -> None:  # noqa: B008 - frozen
        self._world = World(options, time.time())
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            OSError: the address cannot be had.
            RuntimeError: it listens already.
        """
        if self._server is not None:
            raise RuntimeError("the sandbox is listening already")
        self._server = await Server.start(self._world)
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
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

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

    def credentials(self, account_id: str) -> tuple[str, str]:
        """The access key and the secret of a user in that account."""
        return caller.credentials(account_id)
