"""Shows how far the reading of pages is."""

import time
from typing import TYPE_CHECKING

from bulkeic.app.run.engine_source import JobRunner
from bulkeic.discovery.model.time_left import seconds_left
from bulkeic.discovery.run.page_backlog import PageBacklog
from bulkeic.store.discovery.discovered_pages import ReadPage

if TYPE_CHECKING:
    from bulkeic.output.progress.listing_bar import ListingStatus


class ReadingProgress:
    """A progress bar, where there is a terminal for it.

    Args:
        backlog: knows the lanes.
        is_shown: whether there is a bar.
    """

    def __init__(self, backlog: PageBacklog, *, is_shown: bool) -> None:
        self._backlog = backlog
        self._lanes = len(backlog.lanes())
        self._pages = self._functions = 0
        self._started_at = time.monotonic()
        self._bar = None
        if is_shown:
            from bulkeic.output.progress.listing_bar import ListingBar  # noqa: PLC0415 - only a terminal needs it

            self._bar = ListingBar()
            self._bar.start()

    def count(self, page: ReadPage) -> None:
        """Counts a page that was read."""
        self._pages += 1
        self._functions += len(page.functions)

    def move(self, engine: JobRunner) -> None:
        """Moves the bar."""
        if self._bar is not None:
            self._bar.move(lambda: self._status(engine))

    def stop(self, engine: JobRunner) -> None:
        """Leaves the bar with the last numbers."""
        if self._bar is not None:
            self._bar.stop(self._status(engine))

    def _status(self, engine: JobRunner) -> "ListingStatus":
        from bulkeic.output.progress.listing_bar import ListingStatus  # noqa: PLC0415 - as above

        lanes_left = len(self._backlog.unread_lanes())
        forecast = engine.forecast()
        elapsed_s = time.monotonic() - self._started_at
        known_s = None if forecast is None else forecast.seconds
        return ListingStatus(
            pages=self._pages,
            left=self._backlog.unread_pages(),
            functions=self._functions,
            lanes=self._lanes,
            lanes_left=lanes_left,
            seconds_left=seconds_left(
                known_s, elapsed_s, lanes_done=self._lanes - lanes_left, lanes_left=lanes_left
            ),
        )
