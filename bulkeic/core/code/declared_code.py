"""What infrastructure code declares: configurations, and the functions that they belong to."""

import msgspec

from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError
from bulkeic.core.model import LATEST
from bulkeic.core.targets.rows import Row


class DeclaredConfig(msgspec.Struct, frozen=True, gc=False):
    """An event-invoke configuration that code declares.

    Attributes:
        row: its target and settings, the whole configuration: what it does not set is not set, or
            is cleared. Its ``item`` is the number of the resource in the file.
        address: its name in the code: Terraform's address, or CloudFormation's logical id.
        problem: why its settings are not known; ``None``: they are.
        line: of the resource in the file; 0: not known.
    """

    row: Row
    address: str
    problem: InputError | None = None
    line: int = 0


class DeclaredFunction(msgspec.Struct, frozen=True, gc=False):
    """A function that code declares.

    Attributes:
        function: its bare name.
        account_id: ``None``: the code does not say.
        region: ``None``: the code does not say.
        address: its name in the code.
        qualifiers: those that code may declare a configuration for: ``$LATEST``, and the aliases.
    """

    function: str
    account_id: str | None
    region: str | None
    address: str
    qualifiers: tuple[str, ...] = (LATEST,)


class DeclaredCode(msgspec.Struct, frozen=True):
    """What one file of code declares.

    Attributes:
        file: its name, as the user gave it, printable.
        manager: the tool that deploys it.
        configs: in the order of the file.
        functions: in the order of the file.
        stack: the stack that it is deployed as; empty: none, or unknown.
        notes: what is not read of the file, a line each.
    """

    file: str
    manager: Manager
    configs: tuple[DeclaredConfig, ...]
    functions: tuple[DeclaredFunction, ...]
    stack: str = ""
    notes: tuple[str, ...] = ()
