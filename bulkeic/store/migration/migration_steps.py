"""The steps from each version of the run file to the next one.

- A step gives the tables the columns of the next version, and fills them with what is known. What
  the older version did not store stays unknown.
- The exact statements of the tables, the views, the indexes and the digests follow at the end, from
  the present schema (see ``store.migration.rebuilding``). So a step needs no views, no indexes and
  no digests, and the place of a column does not matter.
- A step is never changed once a later version exists: it must not use the present schema.
- A step that changes columns of ``outcome`` or ``before_image`` changes their digests, and so what
  ``plan_parts`` in ``run`` covers.
"""

import json
import shlex
import sqlite3
from collections.abc import Callable, Mapping

from bulkeic.core.targets.names import partition_of

FIRST_VERSION = 1
"""The oldest version that can be migrated."""

FIRST_TABLES = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  jobs INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
CREATE TABLE settings (id INTEGER PRIMARY KEY, api TEXT NOT NULL);
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER, PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT,
  started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT
);
CREATE TABLE session (
  id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT
);
"""
"""The tables of ``FIRST_VERSION``."""

_ROLES_AND_PARTITIONS = (
    "CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID",
    "ALTER TABLE lane ADD COLUMN partition TEXT NOT NULL DEFAULT ''",
    "UPDATE lane SET partition = partition_of(region)",
    "ALTER TABLE settings ADD COLUMN jobs INTEGER NOT NULL DEFAULT 0",
    """
UPDATE settings SET jobs = n
FROM (SELECT settings_id, count(*) n FROM job WHERE lane_id <> 0 GROUP BY 1) WHERE id = settings_id
""",
)

# The runs so far had no before-images, so they cannot be rolled back.
_PLANS_AND_WAVES = (
    "ALTER TABLE job ADD COLUMN expected_id INTEGER",
    "ALTER TABLE outcome ADD COLUMN sent TEXT",
    "ALTER TABLE session ADD COLUMN doing TEXT NOT NULL DEFAULT 'apply'",
    """
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT
)
""",
    """
CREATE TABLE wave (
  number INTEGER PRIMARY KEY, targets INTEGER NOT NULL, started_at TEXT, ended_at TEXT,
  verified INTEGER, drifted INTEGER, stopped TEXT
)
""",
    """
CREATE TABLE wave_lane (
  wave INTEGER NOT NULL, lane_id INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY (wave, lane_id)
) WITHOUT ROWID
""",
)

# "AWS" was also written for another endpoint, so where these runs were made is not known.
_DIGESTS = (
    *(
        f"ALTER TABLE {table} ADD COLUMN row_digest INTEGER NOT NULL DEFAULT 0"
        for table in ("outcome", "before_image", "wave", "session")
    ),
    "DELETE FROM run WHERE key = 'place' AND value = 'AWS'",
    """
INSERT OR IGNORE INTO run SELECT 'made_with', made_with(
  (SELECT value FROM run WHERE key = 'create_missing'),
  (SELECT value FROM run WHERE key = 'replace_destinations'),
  (SELECT value FROM run WHERE key = 'where')
)
""",
)

# The digest of ``job`` is computed in another way.
_DIGESTS_OF_LANES = ()

_EARLIER_OUTCOMES = (
    """
CREATE TABLE earlier_outcome (
  seq INTEGER NOT NULL, retry INTEGER NOT NULL, retried_at TEXT NOT NULL,
  lane_id INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL,
  throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL, http_status INTEGER, error_code TEXT,
  error_message TEXT, request_id TEXT, started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL,
  config TEXT, sent TEXT, row_digest INTEGER NOT NULL, PRIMARY KEY (seq, retry)
) WITHOUT ROWID
""",
)

_GATES_AND_ORIGINS = (
    "ALTER TABLE job ADD COLUMN wave INTEGER",
    *(f"ALTER TABLE session ADD COLUMN {name} TEXT" for name in ("version", "caller_arn", "flags")),
    """
CREATE TABLE gate (
  id INTEGER PRIMARY KEY, wave INTEGER NOT NULL, asked_at TEXT NOT NULL,
  answered_at TEXT NOT NULL, asks INTEGER NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL,
  output TEXT NOT NULL, row_digest INTEGER NOT NULL
)
""",
)

_KINDS_OF_GATES = (
    "ALTER TABLE gate ADD COLUMN kind TEXT NOT NULL DEFAULT 'gate'",
    "ALTER TABLE gate ADD COLUMN name TEXT NOT NULL DEFAULT ''",
)

_WORKERS = (
    """
CREATE TABLE worker (
  session INTEGER NOT NULL, worker INTEGER NOT NULL, name TEXT NOT NULL, lanes INTEGER NOT NULL,
  targets INTEGER NOT NULL, calls INTEGER NOT NULL, throttles INTEGER NOT NULL,
  first_heard_at TEXT NOT NULL, last_heard_at TEXT NOT NULL, lost TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (session, worker)
)
""",
)

# The tags of no lane were read, so no owner is known.
_OWNERS = (
    "ALTER TABLE lane ADD COLUMN tags_read INTEGER NOT NULL DEFAULT 0",
    """
CREATE TABLE owner (
  id INTEGER PRIMARY KEY, manager TEXT NOT NULL, name TEXT NOT NULL, next_deployment TEXT NOT NULL
)
""",
    """
CREATE TABLE managed (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, owner_id INTEGER NOT NULL,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID
""",
)

STEPS: Mapping[int, tuple[str, ...]] = {
    1: _ROLES_AND_PARTITIONS,
    2: _PLANS_AND_WAVES,
    3: _DIGESTS,
    4: _DIGESTS_OF_LANES,
    5: _EARLIER_OUTCOMES,
    6: _GATES_AND_ORIGINS,
    7: _KINDS_OF_GATES,
    8: _WORKERS,
    9: _OWNERS,
}
"""For each version, the statements that lead to the next one."""


def _made_with(
    create_missing: str | None, replace_destinations: str | None, where: str | None
) -> str:
    """The flags that a run is known to be made with, as ``RunMetadata.made_with``."""
    given = {
        "--create-missing": create_missing and "--create-missing",
        "--replace-destinations": replace_destinations and "--replace-destinations",
        "--where": where and shlex.join(["--where", where]),
    }
    return json.dumps({name: typed for name, typed in given.items() if typed})


_FUNCTIONS: Mapping[str, tuple[int, Callable[..., str]]] = {
    "partition_of": (1, partition_of),
    "made_with": (3, _made_with),
}


def take_steps(
    connection: sqlite3.Connection, version: int, target: int, *, skips_damage: bool = False
) -> None:
    """Takes the steps from one version to another, as a part of a transaction.

    Args:
        connection: to the run file, without its views.
        version: of the run file.
        target: the version to reach.
        skips_damage: skip the statements that damage does not allow.

    Raises:
        sqlite3.Error: the file is not what a bulkeic of that version wrote, or cannot be written.
    """
    for name, (arguments, function) in _FUNCTIONS.items():
        connection.create_function(name, arguments, function, deterministic=True)
    for number in range(version, target):
        for statement in STEPS[number]:
            try:
                connection.execute(statement)
            except sqlite3.Error:
                if not skips_damage:
                    raise
