"""The JSON of ``--output json`` and ``--json``, on stdout."""

import json
import sys
from typing import Any, Protocol

from bulkeic.core.exit_codes import ExitCode
from bulkeic.output.console import Console
from bulkeic.output.files.outcome_codec import safe_json


class JsonSummary(Protocol):
    """The numbers of a command."""

    @property
    def exit_code(self) -> int:
        """With which the command ends."""

    def to_json(self) -> dict[str, Any]:
        """Them as JSON."""


def print_summary(summary: JsonSummary, console: Console) -> int:
    """Prints a summary: the command's exit code; see ``print_json``."""
    # Not by msgspec, which refuses the name of a run file that is not UTF-8.
    text = json.dumps(summary.to_json(), separators=(",", ":"))
    return print_json(text.encode(), summary.exit_code, console)


def print_json(text: bytes, code: int, console: Console) -> int:
    """Prints JSON on stdout: the command's exit code, which is another one if that fails.

    Args:
        text: the JSON.
        code: for success.
        console: prints why stdout cannot be written.
    """
    try:
        sys.stdout.write(f"{safe_json(text).decode()}\n")
        sys.stdout.flush()
    except OSError as error:
        console.print(f"bulkeic: stdout: {error.strerror}; the lines above are the summary")
        return ExitCode.STOPPED
    return code
