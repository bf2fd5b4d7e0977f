"""The header row of a CSV file: its separator, its columns, and what they make of a row's cells."""

import re
from collections.abc import Collection
from itertools import compress

from bulkeic.core.errors import InputError
from bulkeic.core.targets.fields import OUTCOME_MARK, Fields
from bulkeic.sources.conversions import check_header

EMPTY = "empty; the first row names the columns"

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MAX_COLUMN_NAME = 64
is_separator_line = re.compile(r'"?sep=[,;\t]"?[\r\n]*', re.IGNORECASE).fullmatch
"""Whether a line before the header only names the separator, as Excel writes it."""
_quoted_parts = re.compile(r'"[^"]*(?:"|$)')


def find_separator(line: str) -> str:
    """The separator of a header line; a comma if there is but one column.

    Raises:
        InputError: the line has two of them outside of quotes.
    """
    bare = _quoted_parts.sub("", line.strip("\r\n"))
    found = [separator for separator in _SEPARATORS if separator in bare]
    if len(found) > 1:
        names = " and by ".join(_SEPARATORS[separator] for separator in found)
        raise InputError(f"columns are separated by {names}; use one of them")
    return found[0] if found else ","


class CsvHeader:
    """The columns of a CSV file.

    Args:
        names: the cells of the header row. Empty ones at its end are columns without a name, whose
            cells must be empty.
        allowed: the fields that a row may have.

    Raises:
        InputError: a column is unknown or given twice.
    """

    def __init__(self, names: list[str], allowed: Fields) -> None:
        named = len(names)
        while named and not names[named - 1]:
            named -= 1
        if not named:
            raise InputError(EMPTY)
        if named == 1:
            check_header(names[0])
        self._width = named
        self._total = len(names)
        ignored = allowed.ignored_columns if OUTCOME_MARK in names else frozenset[str]()
        found = _fields(names[:named], ignored, allowed)
        self._is_kept = [field is not None for field in found]
        self._keeps_all = all(self._is_kept)
        self._is_outcome = any(name in ignored for name in names)
        self._fields = [field for field in found if field is not None]

    def values(self, cells: list[str]) -> dict[str, str]:
        """The values of a row by field name, without the columns to ignore.

        Raises:
            InputError: there are too few cells, or too many that are not empty.
        """
        if len(cells) != self._width:
            self._check_width(cells)
        if self._keeps_all:
            return dict(zip(self._fields, cells))  # noqa: B905 - strict is slow, empty ones may follow
        kept = zip(self._fields, compress(cells, self._is_kept), strict=True)
        if not self._is_outcome:
            return dict(kept)
        # The export puts an apostrophe before a name that begins with a minus.
        return {field: cell.removeprefix("'") for field, cell in kept}

    def _check_width(self, cells: list[str]) -> None:
        width, total = self._width, self._total
        if len(cells) < width or any(cells[total:]):
            raise InputError(f"{len(cells)} cells; the header has {total}")
        for column, cell in enumerate(cells[width:], width + 1):
            if cell:
                raise InputError(f"a value in column {column}, which has no name in the header")


def _fields(names: list[str], ignored: Collection[str], allowed: Fields) -> list[str | None]:
    """The field of each column; ``None``: it is ignored."""
    fields: list[str | None] = []
    for column, name in enumerate(names, 1):
        if not name:
            raise InputError(f"column {column} has no name")
        field = None if name in ignored else allowed.find(name[:_MAX_COLUMN_NAME])
        if field is not None and field in fields:
            raise InputError("given twice", field=field)
        fields.append(field)
    return fields
