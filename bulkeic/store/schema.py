"""The run file's schema. ``docs/reference/outcomes.md`` says what users can rely on.

- ``job`` is clustered by (lane, seq): a lane reads its own rows, wherever they are in the file.
- A job without a row in ``outcome`` is pending.
- ``earlier_outcome`` holds the outcomes that jobs had before ``--retry-failed`` made them pending
  again; ``retry`` counts from 1.
- ``before_image`` holds what was read of a target: what it needs, and, in ``may_be_sent``, whether
  a call that changes it may have been sent since. It is committed before that call.
- ``expected_id`` is what a target must still have, or a rollback leaves it alone.
- ``managed`` holds the jobs whose target has a known owner. ``tags_read`` in ``lane`` says whether
  the tags of its functions were read: then each of its jobs without a row has none.
- A wave ends in each lane with the job ``last_seq`` of ``wave_lane``; or, if rows give their wave,
  its jobs are those with its number in ``wave``, and ``wave_lane`` is empty.
- ``gate`` holds the last decision of the gate, the alarms and the calendar for a wave, in each
  session.
- ``worker`` holds what each worker process has done in a session; a session of one process has
  none.
- ``settings`` may hold templates; the view ``result`` fills them in, as ``core.targets.templates`` does.
- ``account`` holds the roles that rows gave, not those of flags.
- A file with other tables, views, indexes or triggers counts as damaged, so each change needs a new
  version in ``store.sqlite.file_kind``, and a step from the last one in ``store.migration``.
- ``state`` in ``run`` is ``loading`` until every row of the targets file is stored, then ``ready``.
- ``session`` in ``run`` is ``open`` while a process works on the run, and ``closed`` otherwise.
- ``row_digest`` and the digests in ``run`` show damage (see ``store.integrity.digests``).
"""

from bulkeic.store.outcome_columns import EARLIER_TABLE, OUTCOME_TABLE, RESULT_VIEW
from bulkeic.store.sqlite.batch_statement import BatchStatement, row_of
from bulkeic.store.sqlite.file_kind import RUN_FILE

APPLICATION_ID = RUN_FILE.application_id
VERSION = RUN_FILE.version

MAGIC = b"SQLite format 3\x00"

SCHEMA = f"""
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  partition TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0,
  tags_read INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE settings (
  id INTEGER PRIMARY KEY, api TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER, expected_id INTEGER,
  wave INTEGER, PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
CREATE TABLE owner (
  id INTEGER PRIMARY KEY, manager TEXT NOT NULL, name TEXT NOT NULL, next_deployment TEXT NOT NULL
);
CREATE TABLE managed (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, owner_id INTEGER NOT NULL,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
CREATE INDEX job_by_wave ON job (lane_id, wave, seq) WHERE wave IS NOT NULL;
{OUTCOME_TABLE}
{EARLIER_TABLE}
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
CREATE TABLE wave (
  number INTEGER PRIMARY KEY, targets INTEGER NOT NULL, started_at TEXT, ended_at TEXT,
  verified INTEGER, drifted INTEGER, stopped TEXT, row_digest INTEGER NOT NULL
);
CREATE TABLE wave_lane (
  wave INTEGER NOT NULL, lane_id INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY (wave, lane_id)
) WITHOUT ROWID;
CREATE TABLE gate (
  id INTEGER PRIMARY KEY, wave INTEGER NOT NULL, asked_at TEXT NOT NULL,
  answered_at TEXT NOT NULL, asks INTEGER NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL,
  output TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, row_digest INTEGER NOT NULL
);
CREATE TABLE worker (
  session INTEGER NOT NULL, worker INTEGER NOT NULL, name TEXT NOT NULL, lanes INTEGER NOT NULL,
  targets INTEGER NOT NULL, calls INTEGER NOT NULL, throttles INTEGER NOT NULL,
  first_heard_at TEXT NOT NULL, last_heard_at TEXT NOT NULL, lost TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (session, worker)
);
CREATE TABLE session (
  id INTEGER PRIMARY KEY, doing TEXT NOT NULL, started_at TEXT NOT NULL,
  elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT,
  version TEXT, caller_arn TEXT, flags TEXT, row_digest INTEGER NOT NULL
);
{RESULT_VIEW}
CREATE VIEW pending AS
SELECT j.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source,
  coalesce(j.given, j.function) AS function_name, l.account_id, l.region
FROM job j JOIN lane l ON l.id = j.lane_id
WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq);
"""  # noqa: S608 - constants only

NO_LANE = 0
"""The lane id of invalid rows, which are not jobs."""

# More rows of a statement are not faster.
STORE_JOBS = BatchStatement("INSERT INTO job VALUES ", row_of(9), most_rows=100)
STORE_BEFORE_IMAGES = BatchStatement("INSERT OR REPLACE INTO before_image VALUES ", row_of(7))
INSERT_SESSION = "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_MARK = """
UPDATE before_image SET may_be_sent = 1,
  row_digest = row_digest(seq, lane_id, read_at, action, 1, config)
"""
MARK_BEFORE_IMAGES = BatchStatement(f"{_MARK} WHERE seq IN (", "?", ")")

# EXISTS ends the query at once where there is no duplicate, before it reads the lane again.
DUPLICATES = """
WITH duplicate AS (
  SELECT function, qualifier FROM job
  WHERE lane_id = :lane_id GROUP BY 1, 2 HAVING count(*) > 1
)
SELECT j.function, j.qualifier, j.seq, j.line, s.api FROM job j
JOIN duplicate d ON d.function = j.function AND d.qualifier IS j.qualifier
JOIN settings s ON s.id = j.settings_id
WHERE j.lane_id = :lane_id AND EXISTS (SELECT 1 FROM duplicate) ORDER BY 1, 2, 3
"""
