"""The entry point of the installed command: handles signals before it imports anything large."""

import sys

_USAGE_ERROR = 2


def main() -> None:
    """The installed command."""
    _refuse_windows(sys.platform)
    from bulkeic.cli.ending_signals import end_at_once_on_signals  # noqa: PLC0415 - not on Windows

    end_at_once_on_signals()
    from bulkeic.cli.process import main as run  # noqa: PLC0415 - signals first

    run()


def _refuse_windows(platform: str) -> None:
    """Ends the process before it imports a module that Windows does not have.

    Args:
        platform: ``sys.platform``.
    """
    if platform == "win32":
        sys.stderr.write(
            "bulkeic: Windows is not supported: run files, stops and workers need file locks and "
            "signals that it does not have; use Linux in WSL: wsl --install\n"
        )
        raise SystemExit(_USAGE_ERROR)
