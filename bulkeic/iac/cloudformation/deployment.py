"""What is known about a deployment, besides its template."""

from collections.abc import Callable, Mapping

import msgspec

from bulkeic.core.code.deployed_stack import DeployedStack


class Deployment(msgspec.Struct, frozen=True):
    """Where and with what a template is deployed.

    Attributes:
        region: ``None``: not known.
        account_id: returns the account; called only if a value depends on it. It may call STS.
        parameters: the values that the user gives.
        read_stack: reads the stack of the template; takes whether the exports of its account are
            needed, too. ``None``: the user names no stack.
    """

    region: str | None
    account_id: Callable[[], str]
    parameters: Mapping[str, str] = {}
    read_stack: Callable[[bool], DeployedStack] | None = None
