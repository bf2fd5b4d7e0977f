"""The answer to a script that asks for candidates."""

import os
import sys

from bulkeic.cli.commands import cli
from bulkeic.cli.completion.shell_protocols import SHELLS, VARIABLE
from bulkeic.core.exit_codes import ExitCode


def complete_word() -> int:
    """Prints the candidates for the word at the cursor.

    Nothing but candidates is ever printed, since it would land in the user's command line.

    Returns:
        The exit code; not 0: there is no answer.
    """
    shell, _, instruction = os.environ[VARIABLE].partition("_")
    protocol = SHELLS.get(shell)
    if protocol is None or instruction != "complete":
        return ExitCode.USAGE
    try:
        answer = protocol(cli, {}, "bulkeic", VARIABLE).complete()
        sys.stdout.buffer.write(f"{answer}\n".encode(errors="surrogateescape"))
    except Exception:  # noqa: BLE001 - a bug must not disturb who types
        return ExitCode.USAGE
    return ExitCode.OK
