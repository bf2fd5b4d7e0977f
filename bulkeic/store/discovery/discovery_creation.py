"""Creates discovery files."""

from pathlib import Path

from bulkeic.store.discovery.discovery_metadata import DiscoveryMetadata
from bulkeic.store.discovery.discovery_schema import DISCOVERY_SCHEMA
from bulkeic.store.integrity.digests import save_run_rows
from bulkeic.store.sqlite.database import Database
from bulkeic.store.sqlite.file_kind import DISCOVERY_FILE


def create_discovery_file(path: Path, metadata: DiscoveryMetadata) -> None:
    """Creates a discovery file, durably.

    Raises:
        RunFileError: it exists, or cannot be created.
    """
    database = Database(path, create=True, kind=DISCOVERY_FILE)
    try:
        with database.errors("cannot be written"):
            connection = database.connect()
            connection.execute("PRAGMA journal_mode = OFF")
            connection.executescript(DISCOVERY_SCHEMA)
            connection.execute(f"PRAGMA application_id = {DISCOVERY_FILE.application_id}")
            connection.execute(f"PRAGMA user_version = {DISCOVERY_FILE.version}")
            save_run_rows(connection, {**metadata.save(), "state": "ready"})
        database.publish()
    except BaseException:
        database.discard()
        raise
