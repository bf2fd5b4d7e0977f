"""The schema of a discovery file.

- ``run`` holds how the discovery was started, as in a run file.
- ``account`` and ``lane`` hold where functions are looked for. A ``code`` says why a place could
  not be read.
- ``listing`` has a row for each listing: of the functions of a lane (``function`` is empty), or of
  the aliases or configurations of one function. ``marker`` asks for the next page. It is committed
  together with what the page before brought, so that no page is read again.
- ``function`` holds entries of ListFunctions (``$LATEST``), or only the name of a function that
  cannot match. ``entry`` holds what other entries say of a function: of published versions, aliases
  and configurations.
- ``tagged`` holds the tags of the functions of a lane that have any.
- ``row_digest`` shows damage (see ``store.integrity.digests``). There is no index: it would hold values that
  no digest covers.
"""

from enum import StrEnum

from bulkeic.store.sqlite.batch_statement import BatchStatement, row_of


class ListingState(StrEnum):
    """How far a listing is.

    ``GONE``: its function was deleted meanwhile.
    """

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"


DISCOVERY_SCHEMA = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE account (
  account_id TEXT PRIMARY KEY, role_arn TEXT, code TEXT, message TEXT, row_digest INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  has_tags INTEGER NOT NULL, code TEXT, message TEXT, row_digest INTEGER NOT NULL
);
CREATE TABLE tagged (
  lane_id INTEGER NOT NULL, function TEXT NOT NULL, tags TEXT NOT NULL,
  row_digest INTEGER NOT NULL, PRIMARY KEY (lane_id, function)
) WITHOUT ROWID;
CREATE TABLE listing (
  lane_id INTEGER NOT NULL, function TEXT NOT NULL, operation TEXT NOT NULL,
  marker TEXT NOT NULL, state TEXT NOT NULL, code TEXT, message TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (lane_id, function, operation)
) WITHOUT ROWID;
CREATE TABLE function (
  lane_id INTEGER NOT NULL, name TEXT NOT NULL, may_match INTEGER NOT NULL, facts TEXT NOT NULL,
  row_digest INTEGER NOT NULL, PRIMARY KEY (lane_id, name)
) WITHOUT ROWID;
CREATE TABLE entry (
  lane_id INTEGER NOT NULL, function TEXT NOT NULL, operation TEXT NOT NULL,
  qualifier TEXT NOT NULL, content TEXT NOT NULL,
  row_digest INTEGER NOT NULL, PRIMARY KEY (lane_id, function, operation, qualifier)
) WITHOUT ROWID;
"""

SEALED_TABLES = ("account", "lane", "tagged", "listing", "function", "entry")
"""The tables whose rows have a digest."""

STORE_ACCOUNTS = BatchStatement("INSERT OR REPLACE INTO account VALUES ", row_of(5))
STORE_LANES = BatchStatement("INSERT OR REPLACE INTO lane VALUES ", row_of(7))
STORE_TAGS = BatchStatement("INSERT OR REPLACE INTO tagged VALUES ", row_of(4))
STORE_FUNCTIONS = BatchStatement("INSERT OR REPLACE INTO function VALUES ", row_of(5))
STORE_ENTRIES = BatchStatement("INSERT OR REPLACE INTO entry VALUES ", row_of(6))
STORE_LISTINGS = BatchStatement("INSERT OR REPLACE INTO listing VALUES ", row_of(8))
ADD_LISTINGS = BatchStatement("INSERT OR IGNORE INTO listing VALUES ", row_of(8))

MARK_PENDING = """
UPDATE listing SET state = 'pending', code = NULL, message = NULL,
  row_digest = row_digest(lane_id, function, operation, marker, 'pending', NULL, NULL)
WHERE state = 'failed'
"""
FORGET_LANE_FAILURES = """
UPDATE lane SET code = NULL, message = NULL,
  row_digest = row_digest(id, account_id, region, has_tags, NULL, NULL)
WHERE code IS NOT NULL
"""
MARK_GONE = """
UPDATE listing SET state = 'gone', code = NULL, message = NULL,
  row_digest = row_digest(lane_id, function, operation, marker, 'gone', NULL, NULL)
WHERE lane_id = ? AND function = ?
"""
# A function whose aliases or configurations are not known has no targets.
SELECT_FUNCTIONS = """
SELECT f.name, f.facts, t.tags, e.operation, e.qualifier, e.content FROM function f
LEFT JOIN tagged t ON t.lane_id = f.lane_id AND t.function = f.name
LEFT JOIN entry e ON e.lane_id = f.lane_id AND e.function = f.name
WHERE f.lane_id = ? AND f.may_match AND NOT EXISTS (
  SELECT 1 FROM listing l
  WHERE l.lane_id = f.lane_id AND l.function = f.name AND l.state <> 'done'
)
ORDER BY f.name, e.operation, e.qualifier
"""
# The first failure of each lane and reason, accounts with an empty Region.
SELECT_FAILURES = """
SELECT account_id, '' AS region, code, message, 1 FROM account WHERE code IS NOT NULL
UNION ALL
SELECT account_id, region, code, message, 1 FROM lane WHERE code IS NOT NULL
UNION ALL
SELECT account_id, region, f.code, min(f.message), count(*) FROM listing f
JOIN lane l ON l.id = f.lane_id WHERE f.code IS NOT NULL AND l.code IS NULL GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
"""
