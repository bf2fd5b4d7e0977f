"""Opens the watchers that the options of a command ask for."""

from bulkeic.app.setup.watch_options import WatchOptions
from bulkeic.app.watching.watchers import RunWatcher, RunWatchers
from bulkeic.output.console import Console


def open_watchers(options: WatchOptions, console: Console) -> RunWatchers:
    """Opens the watchers of a command.

    Args:
        options: which there are.
        console: prints where they can be found, and what fails.

    Raises:
        UsageError: one of them cannot start.
    """
    watchers: list[RunWatcher] = []
    if options.ui is not None:
        from bulkeic.app.watching.live_page import open_live_page  # noqa: PLC0415 - only --ui needs it

        watchers.append(open_live_page(options.ui, console))
    return RunWatchers(watchers)
