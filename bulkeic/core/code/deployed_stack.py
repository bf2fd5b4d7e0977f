"""A stack of CloudFormation as it is deployed."""

from collections.abc import Mapping

import msgspec


class DeployedStack(msgspec.Struct, frozen=True):
    """What a stack says about names and values that its template leaves open.

    Attributes:
        name: of the stack.
        arn: its id.
        account_id: where it is deployed.
        parameters: the values of its parameters, as far as CloudFormation shows them.
        resources: logical id → physical id.
        exports: of its account and Region, by name; ``None``: not read.
    """

    name: str
    arn: str
    account_id: str
    parameters: Mapping[str, str]
    resources: Mapping[str, str]
    exports: Mapping[str, str] | None = None
