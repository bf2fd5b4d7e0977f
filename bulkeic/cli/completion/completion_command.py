"""``bulkeic completion``: prints the script of a shell."""

import sys
from typing import Annotated

import msgspec

from bulkeic.core.options.option_declaration import Argument
from bulkeic.core.options.option_values import OneOf


class CompletionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``completion``."""

    shell: Annotated[
        str, Argument("SHELL", "bash, zsh or fish.", values=OneOf(["bash", "zsh", "fish"]))
    ]


def print_script(options: CompletionOptions) -> None:
    """Prints the script that completes the words of bulkeic."""
    from bulkeic.cli.commands import cli  # noqa: PLC0415 - it has imported this module
    from bulkeic.cli.completion.shell_protocols import SHELLS, VARIABLE  # noqa: PLC0415

    sys.stdout.write(SHELLS[options.shell](cli, {}, "bulkeic", VARIABLE).source())
