"""The command line: flags → options → one call of ``app``."""

from bulkeic.cli.commands import cli
from bulkeic.cli.process import main

__all__ = ["cli", "main"]
