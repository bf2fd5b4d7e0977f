"""Markdown on a terminal, through the user's pager; elsewhere as it is."""

import os
import re
import sys

from bulkeic.output.terminal.screen import terminal_size

_WIDEST = 100
_LESS = "FRX"  # as git: end at once if the text fits, show colors, keep the text on the screen
_link_to_file = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?://)[^)\s]+\)")


def show_markdown(text: str) -> None:
    """Writes Markdown to stdout.

    Links within the documentation become their text on a terminal, which cannot follow them.
    """
    if not sys.stdout.isatty():
        sys.stdout.write(text)
        return
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.markdown import Markdown  # noqa: PLC0415

    os.environ.setdefault("LESS", _LESS)
    console = Console(width=min(terminal_size(sys.stdout).columns, _WIDEST))
    with console.pager(styles=console.color_system is not None):
        console.print(Markdown(_link_to_file.sub(r"\1", text)))
