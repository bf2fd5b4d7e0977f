"""The wiring from access to AWS over its caller to the engines that use it."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bulkeic.core.accounts import Accounts, RoleSession
from bulkeic.core.change.policy import Policy
from bulkeic.core.model import Lane
from bulkeic.core.summary import Traffic
from bulkeic.engine.engine import Engine
from bulkeic.engine.lanes.rate_limiter import RateLimiter
from bulkeic.engine.limits import EngineLimits
from bulkeic.engine.log_events import EngineLog
from bulkeic.engine.ports import Caller, Feed, MayStart, Sink

if TYPE_CHECKING:
    from bulkeic.aws.identity.access import Access
    from bulkeic.aws.lambda_caller import LambdaCaller


@asynccontextmanager
async def open_caller(
    access: AbstractAsyncContextManager["Access"],
    accounts: Accounts,
    role_session: RoleSession,
    *,
    timeout_s: float,
    concurrency: int,
) -> AsyncIterator["LambdaCaller"]:
    """Opens access to AWS, and a caller of Lambda that uses it.

    Args:
        access: AWS's or a sandbox's.
        accounts: how each account is reached.
        role_session: how roles are assumed.
        timeout_s: for one call, seconds.
        concurrency: the most calls in flight.
    """
    from bulkeic.aws.lambda_caller import LambdaCaller  # noqa: PLC0415 - the SDK takes longer than all else

    async with (
        access as opened,
        LambdaCaller(
            opened,
            accounts=accounts,
            session=role_session,
            timeout_s=timeout_s,
            concurrency=concurrency,
        ) as caller,
    ):
        yield caller


class EngineFactory:
    """Makes engines that share a caller and the pace of each lane. An async context manager.

    Args:
        access: AWS's or a sandbox's.
        accounts: how each account is reached.
        role_session: how roles are assumed.
        limits: of each engine.
        timeout_s: for one call, seconds.

    Attributes:
        caller: makes the calls of all engines, once the factory is open.
    """

    caller: "LambdaCaller"

    def __init__(
        self,
        access: AbstractAsyncContextManager["Access"],
        accounts: Accounts,
        role_session: RoleSession,
        limits: EngineLimits,
        *,
        timeout_s: float,
    ) -> None:
        self._limits = limits
        self._limiters: dict[Lane, RateLimiter] = {}
        self._log = EngineLog()
        self._exits = AsyncExitStack()
        self._opening = open_caller(
            access, accounts, role_session, timeout_s=timeout_s, concurrency=limits.concurrency
        )

    async def __aenter__(self) -> Self:
        self.caller = await self._exits.enter_async_context(self._opening)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self._exits.__aexit__(kind, error, traceback)

    def engine(
        self,
        feed: Feed,
        sink: Sink,
        policy: Policy,
        *,
        caller: Caller | None = None,
        limits: EngineLimits | None = None,
        growing: bool = False,
        may_start: MayStart | None = None,
        traffic: Traffic | None = None,
        failures: int = 0,
    ) -> Engine:
        """A new engine. The arguments are those of ``Engine``.

        ``caller`` and ``limits`` default to the shared ones.
        """
        return Engine(
            feed,
            caller or self.caller,
            sink,
            limits or self._limits,
            policy,
            growing=growing,
            may_start=may_start,
            limiters=self._limiters,
            traffic=traffic,
            failures=failures,
            log=self._log,
        )
