"""Where and with what the templates of a command are deployed."""

import functools
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import open_access, run_async
from bulkeic.app.options.access_options import AccessOptions
from bulkeic.app.options.command_options import TargetsOptions
from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Lane
from bulkeic.core.permissions import LIST_EXPORTS, READ_STACK

if TYPE_CHECKING:
    from bulkeic.iac.cloudformation.deployment import Deployment


def deployment_of(
    options: TargetsOptions, resolver: AccountResolver, default_region: Callable[[], str | None]
) -> "Deployment":
    """The deployment: the Region of targets that name none, and the account of the caller.

    Nothing is called before a value of a template depends on it.

    Args:
        options: of the command.
        resolver: knows the account of the caller, and how accounts are reached.
        default_region: returns the Region.
    """
    from bulkeic.iac.cloudformation.deployment import Deployment  # noqa: PLC0415 - few runs have one

    region, code = default_region(), options.code
    lane = Lane("", region) if region else None
    account_id = functools.partial(resolver.own_account, lane)
    read_stack = None
    if code.stack is not None:
        read_stack = functools.partial(_read_stack, options, resolver, region, code.stack)
    return Deployment(region, account_id, dict(code.parameters), read_stack)


def _read_stack(
    options: TargetsOptions,
    resolver: AccountResolver,
    region: str | None,
    name: str,
    with_exports: bool,  # noqa: FBT001 - the one argument that a template gives
) -> DeployedStack:
    """Reads a stack.

    Raises:
        AccessError: STS cannot be called.
        ServiceError: the stack cannot be read.
        UsageError: the Region is not known, or the account cannot be reached.
    """
    if region is None:
        raise UsageError("--stack needs a Region; use --region")
    lane = Lane(resolver.own_account(Lane("", region)), region)
    for problem in resolver.refusals([lane]).values():
        raise UsageError(f"--stack: {problem.rule}")
    return run_async(
        functools.partial(
            _ask,
            options.access,
            resolver,
            lane,
            name,
            timeout_s=options.pace.timeout_s,
            with_exports=with_exports,
        )
    )


async def _ask(
    options: AccessOptions,
    resolver: AccountResolver,
    lane: Lane,
    name: str,
    *,
    timeout_s: float,
    with_exports: bool,
) -> DeployedStack:
    from bulkeic.aws.identity.role_sessions import RoleSessions  # noqa: PLC0415 - with the SDK
    from bulkeic.aws.inventory.inventory_services import InventoryServices  # noqa: PLC0415 - as above

    access = open_access(options)
    async with AsyncExitStack() as exit_stack:
        sessions = RoleSessions(
            access,
            resolver.accounts,
            options.role_session(READ_STACK + (LIST_EXPORTS,) * with_exports),
            timeout_s=timeout_s,
            exit_stack=exit_stack,
        )
        services = InventoryServices(access, sessions.credentials, timeout_s=timeout_s)
        async with services as inventory:
            return await inventory.deployed_stack(lane, name, with_exports=with_exports)
