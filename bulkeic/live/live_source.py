"""What a live server shows, and what it can do."""

from collections.abc import Mapping
from typing import Protocol


class NoTargetsError(Exception):
    """The targets cannot be read now; the text says why."""


class LiveSource(Protocol):
    """The content of one live page. Its methods are called in threads of the server."""

    @property
    def document(self) -> bytes:
        """The page as HTML, without the parts that change."""

    @property
    def policy(self) -> str:
        """The content security policy of the page."""

    def changed_parts(self) -> Mapping[str, object] | None:
        """The parts as they are now, by name; ``None``: nothing has changed since the last call."""

    def packed_targets(self) -> bytes:
        """The data of the table of targets.

        Raises:
            NoTargetsError: they cannot be read now.
        """

    def ask_to_stop(self) -> None:
        """Stops the run gracefully, if it works and was not stopped already."""
