"""The entry point of the installed command: handles signals before it imports anything large."""

from bulkeic.cli.ending_signals import end_at_once_on_signals


def main() -> None:
    """The installed command."""
    end_at_once_on_signals()
    from bulkeic.cli.process import main as run  # noqa: PLC0415 - signals first

    run()
