"""Reads the intact outcomes of a damaged run file, each checked by its own digest."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from bulkeic.core.errors import InputError
from bulkeic.core.model import Outcome, SourceLine
from bulkeic.store.integrity.digests import is_intact, is_table_intact
from bulkeic.store.integrity.file_integrity import DamagedError
from bulkeic.store.mapping import outcome_of
from bulkeic.store.outcome_columns import SEALED_OUTCOMES, SELECT_OUTCOME, STORED_FIELDS

_SENT = 2 + len(STORED_FIELDS)
_FIELDS = Outcome.__struct_fields__
_TABLES_OF = {"settings": ("settings",), "managed_by": ("owner", "managed")}
"""The fields that other tables than ``outcome`` hold, each with those tables."""
_BEFORE_IMAGE = "SELECT * FROM before_image WHERE seq = ?"
_DAMAGE = (
    sqlite3.Error,
    InputError,
    DamagedError,
    msgspec.DecodeError,
    RecursionError,
    TypeError,
    ValueError,
)


class Salvage:
    """The intact outcomes of a run file. It is only read.

    Args:
        path: of the run file.

    Attributes:
        has_digests: whether the file shows which outcomes are intact; otherwise each that can be
            read counts as intact.
        intact: number of intact outcomes so far.
        damaged: number of damaged outcomes so far; a damaged part of the file may hide more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.has_digests = True
        self.intact = 0
        self.damaged = 0

    def outcomes(self) -> Iterator[Outcome]:
        """The intact outcomes, mostly in file order. A stream."""
        with self._opened() as connection:
            # Invalid UTF-8 fails the digest of its row, and not the whole query.
            connection.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
            source = _source_of(connection)
            is_sound = is_intact if self.has_digests else _is_sound
            damaged = [
                field
                for field, tables in _TABLES_OF.items()
                if self.has_digests and not _are_intact(connection, tables)
            ]
            for row in _rows(connection):
                outcome = _outcome_of(connection, row, source, is_sound, damaged)
                if outcome is None:
                    self.damaged += 1
                else:
                    self.intact += 1
                    yield outcome

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Opens the run file for reading."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield connection


def _is_sound(_row: Sequence[Any]) -> bool:
    """Stands for ``is_intact`` where rows have no digests."""
    return True


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """The rows of outcomes before a damaged page, and then, backward, those after it."""
    last = -1
    try:
        for row in connection.execute(f"{SEALED_OUTCOMES} ORDER BY o.seq"):
            last = row[0]
            yield row
    except _DAMAGE:
        pass
    else:
        return
    try:
        yield from connection.execute(
            f"{SEALED_OUTCOMES} WHERE o.seq > ? ORDER BY o.seq DESC", (last,)
        )
    except _DAMAGE:
        return


def _outcome_of(
    connection: sqlite3.Connection,
    row: tuple[Any, ...],
    source: str,
    is_sound: Callable[[Sequence[Any]], bool],
    damaged: Collection[str],
) -> Outcome | None:
    """The outcome of a row, without what is damaged elsewhere; ``None``: it is damaged itself."""
    try:
        if not is_sound(row):
            return None
        found = connection.execute(f"{SELECT_OUTCOME} WHERE o.seq = ?", row[:1]).fetchone()
        before = connection.execute(_BEFORE_IMAGE, row[:1]).fetchone()
        values = list(found)
        if before is not None and not is_sound(before):
            values[_column_of("before")] = None
        for field in damaged:
            if field != "settings" or row[_SENT] is None:
                values[_column_of(field)] = None
        outcome = outcome_of(tuple(values), source)
    except _DAMAGE:
        return None
    if outcome.target is None:  # the digest of an invalid row does not cover its name
        return msgspec.structs.replace(outcome, source=SourceLine(source), function_name="")
    return outcome


def _column_of(field: str) -> int:
    """The index of a field in a row of ``SELECT_OUTCOME``, where the target has four columns."""
    index = _FIELDS.index(field)
    return index + 3 if index > _FIELDS.index("target") else index


def _source_of(connection: sqlite3.Connection) -> str:
    """The name of the targets file; empty: it cannot be read."""
    try:
        (name,) = connection.execute("SELECT value FROM run WHERE key = 'source'").fetchone()
        return str(name)
    except _DAMAGE:
        return ""


def _are_intact(connection: sqlite3.Connection, tables: Collection[str]) -> bool:
    try:
        return all(is_table_intact(connection, table) for table in tables)
    except _DAMAGE:
        return False
