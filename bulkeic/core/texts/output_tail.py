"""The end of a long output, within a limit."""

_MARGIN_BYTES = 1024
"""Kept in addition, so that a secret at the cut is still whole when secrets are removed."""


class OutputTail:
    """Keeps the last bytes of an output.

    Args:
        limit: most bytes of the text.

    Attributes:
        total: bytes of the whole output so far.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._kept = b""

    def add(self, data: bytes) -> None:
        """Adds the next bytes of the output."""
        self.total += len(data)
        self._kept = (self._kept + data)[-self._limit - _MARGIN_BYTES :]

    @property
    def is_cut(self) -> bool:
        """Whether the output is longer than the limit."""
        return self.total > self._limit

    def raw_text(self) -> str:
        """The kept bytes as text, somewhat more than the limit; invalid UTF-8 is replaced."""
        return self._kept.decode(errors="replace")

    def cut(self, text: str) -> str:
        """The end of a text that was made of ``raw_text``, with a note of what is left out."""
        whole = text.encode(errors="replace")
        if not self.is_cut and len(whole) <= self._limit:
            return text
        end = whole[-self._limit :].decode(errors="ignore")
        return f"… the last {self._limit:,} of {self.total:,} bytes:\n{end}"
