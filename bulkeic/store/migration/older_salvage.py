"""Reads the outcomes of a damaged run file of an older version."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bulkeic.store.integrity.salvage import Salvage
from bulkeic.store.migration.migrated_copy import copy_run
from bulkeic.store.migration.migration_steps import take_steps
from bulkeic.store.migration.older_tables import FIRST_WITH_DIGESTS
from bulkeic.store.migration.rebuilding import drop_views_and_indexes
from bulkeic.store.schema import VERSION


class OlderSalvage(Salvage):
    """As ``Salvage``, in a temporary copy that gets the columns of the present version.

    Args:
        path: of the run file.
        version: that it has.
    """

    def __init__(self, path: Path, version: int) -> None:
        super().__init__(path)
        self._version = version
        self.has_digests = version >= FIRST_WITH_DIGESTS

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
            copy = Path(folder) / "run.db"
            copy_run(self._path, copy)
            with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
                drop_views_and_indexes(connection)
                take_steps(connection, self._version, VERSION, skips_damage=True)
                yield connection
