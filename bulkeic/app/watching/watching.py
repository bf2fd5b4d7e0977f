"""Opens the watchers that the options of a command ask for."""

from bulkeic.app.options.watch_options import WatchOptions
from bulkeic.app.watching.watchers import RunWatcher, RunWatchers
from bulkeic.core.errors import UsageError
from bulkeic.output.console import Console


def open_watchers(options: WatchOptions, console: Console) -> RunWatchers:
    """Opens the watchers of a command. Each one is imported only if it is asked for.

    Args:
        options: which there are.
        console: prints where they can be found, and what fails.

    Raises:
        UsageError: one of them cannot start.
    """
    watchers: list[RunWatcher] = []
    if options.notify is not None:
        from bulkeic.app.watching.notifier import Notifier  # noqa: PLC0415

        watchers.append(Notifier(options.notify, console))
    if options.metrics is not None or options.otel:
        watchers += _metric_watchers(options, console)
    if options.ui is not None:
        from bulkeic.app.watching.live_page import open_live_page  # noqa: PLC0415 - only --ui needs it

        watchers.append(open_live_page(options.ui, console))
    return RunWatchers(watchers)


def _metric_watchers(options: WatchOptions, console: Console) -> list[RunWatcher]:
    """What keeps the metrics first, so that the others publish the newest."""
    from bulkeic.app.watching.run_meter import RunMeter  # noqa: PLC0415

    meter = RunMeter()
    watchers: list[RunWatcher] = [meter]
    if options.metrics is not None:
        from bulkeic.app.watching.metrics_file import MetricsFile  # noqa: PLC0415

        watchers.append(MetricsFile(options.metrics, meter.families, console))
    if options.otel:
        try:
            from bulkeic.app.watching.otel_exporter import OtelExporter  # noqa: PLC0415
        except ImportError:
            raise UsageError(
                "--otel requires OpenTelemetry; install it with: pip install 'bulkeic[otel]'"
            ) from None
        watchers.append(OtelExporter(meter.families, console))
    return watchers
