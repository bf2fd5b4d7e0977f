"""Plain tables on stdout, and verdicts."""

from collections.abc import Sequence


def reached(it_is: object) -> str:
    """What to print about a goal."""
    return "reached" if it_is else "missed"


class TextTable:
    """Rows in columns, each printed as soon as it is known: a benchmark takes minutes.

    Args:
        headings: of the columns; a column is never narrower than its heading.
        widths: of the columns, in the same order. A negative width aligns to the left.
    """

    def __init__(self, headings: Sequence[str], widths: Sequence[int]) -> None:
        self._widths = widths
        self.row(*headings)

    def row(self, *cells: object) -> None:
        """Prints one row."""
        aligned = (
            f"{cell!s:<{-width}}" if width < 0 else f"{cell!s:>{width}}"
            for cell, width in zip(cells, self._widths, strict=True)
        )
        print("  ".join(aligned).rstrip(), flush=True)
