"""Where the run file keeps each field of an outcome: SQL derived from the struct ``Outcome``.

A field is a column of the table ``outcome`` with the type that its annotation gives, unless it is
one of ``_ELSEWHERE``. So a new field of ``Outcome`` needs no change here, only a new ``VERSION``.
"""

from types import NoneType
from typing import get_args, get_origin

import msgspec

from bulkeic.core.model import Outcome, Status
from bulkeic.store.sqlite.batch_statement import BatchStatement, row_of

_SQL_TYPES = {Status: "TEXT", str: "TEXT", dict: "TEXT", int: "INTEGER", float: "REAL"}

# What other tables hold, with the expression that the view ``result`` shows for it.
_ELSEWHERE = {
    "seq": "o.seq",
    "source": "(SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source",
    "function_name": "coalesce(j.given, j.function) AS function_name",
    "target": ("j.function, coalesce(j.qualifier, '$LATEST') AS qualifier, l.account_id, l.region"),
    "settings": (
        "coalesce(o.sent, replace(replace(replace(replace(s.api, '{account}', l.account_id), "
        "'{region}', l.region), '{partition}', l.partition), '{function}', j.function)) AS settings"
    ),
    "before": "CASE WHEN b.may_be_sent THEN coalesce(b.config, '{}') END AS before",
    "managed_by": (
        "(SELECT w.manager || CASE w.name WHEN '' THEN '' ELSE ':' || w.name END "
        "FROM managed m JOIN owner w ON w.id = m.owner_id "
        "WHERE m.lane_id = o.lane_id AND m.seq = o.seq) AS managed_by"
    ),
}
_FROM = """
FROM outcome o
JOIN job j ON j.lane_id = o.lane_id AND j.seq = o.seq
LEFT JOIN lane l ON l.id = o.lane_id
LEFT JOIN settings s ON s.id = j.settings_id
LEFT JOIN before_image b ON b.seq = o.seq"""


def _column(field: msgspec.structs.FieldInfo) -> str:
    """A column's definition: name, type, and whether it may be NULL."""
    types = get_args(field.type) if NoneType in get_args(field.type) else (field.type,)
    sql_type = _SQL_TYPES[get_origin(types[0]) or types[0]]
    return f"{field.name} {sql_type}{'' if NoneType in types else ' NOT NULL'}"


def _is_object(field: msgspec.structs.FieldInfo) -> bool:
    return any(get_origin(each) is dict for each in (field.type, *get_args(field.type)))


_FIELDS = Outcome.__struct_fields__
_ALL = msgspec.structs.fields(Outcome)
_STORED = [field for field in _ALL if field.name not in _ELSEWHERE]

STORED_FIELDS = tuple(field.name for field in _STORED)
"""The fields that the table ``outcome`` holds, in the order of its columns."""

OBJECT_FIELDS = tuple(field.name for field in _ALL if _is_object(field))
"""The fields that are objects; the run file holds them as JSON."""

OUTCOME_TABLE = f"""
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, {", ".join(map(_column, _STORED))}, sent TEXT,
  row_digest INTEGER NOT NULL
);"""

EARLIER_TABLE = f"""
CREATE TABLE earlier_outcome (
  seq INTEGER NOT NULL, retry INTEGER NOT NULL, retried_at TEXT NOT NULL,
  lane_id INTEGER NOT NULL, {", ".join(map(_column, _STORED))}, sent TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (seq, retry)
) WITHOUT ROWID;"""

RESULT_VIEW = f"""
CREATE VIEW result AS
SELECT {", ".join(_ELSEWHERE.get(name, f"o.{name}") for name in _FIELDS)}{_FROM};"""

_READ = _ELSEWHERE | {"source": "j.line"}
_READ_EXPRESSIONS = ", ".join(_READ.get(name, f"o.{name}") for name in _FIELDS)
SELECT_OUTCOME = f"SELECT {_READ_EXPRESSIONS}{_FROM}"
"""Selects the outcome's fields in order; the source is a line, the target four columns."""

STORE_OUTCOMES = BatchStatement(
    "INSERT OR REPLACE INTO outcome VALUES ", row_of(2 + len(_STORED) + 2)
)
"""Stores ``seq``, the lane's id, ``STORED_FIELDS``, the settings that were sent, and a digest."""

TARGET_COLUMNS = (
    "j.line",
    "coalesce(j.given, j.function)",
    "j.function",
    "coalesce(j.qualifier, '$LATEST')",
    "l.account_id",
    "l.region",
)
"""What the digest of an outcome ``o`` covers of its target, which ``TARGET_JOINS`` joins."""
_ROW_COLUMNS = ("o.lane_id", *(f"o.{name}" for name in STORED_FIELDS), "o.sent")
_OF_OUTCOME = ("o.seq", *_ROW_COLUMNS)
_OF_EARLIER = ("o.seq", "o.retry", "o.retried_at", *_ROW_COLUMNS)
TARGET_JOINS = """
LEFT JOIN lane l ON l.id = o.lane_id
LEFT JOIN job j ON j.lane_id = l.id AND j.seq = o.seq"""


def _listed(*columns: str) -> str:
    return ", ".join(columns)


SEALED_OUTCOMES = f"""
SELECT {_listed(*_OF_OUTCOME, *TARGET_COLUMNS)}, o.row_digest FROM outcome o{TARGET_JOINS}"""  # noqa: S608 - constants only
"""Selects what the digest of each outcome covers: its row and its target, which an invalid row
does not have; and then the digest."""

SEALED_EARLIER_OUTCOMES = f"""
SELECT {_listed(*_OF_EARLIER, *TARGET_COLUMNS)}, o.row_digest
FROM earlier_outcome o{TARGET_JOINS}"""  # noqa: S608 - constants only
"""Like ``SEALED_OUTCOMES``, of the outcomes that were retried."""

_KEPT = ("o.seq", ":retry", ":retried_at", *_ROW_COLUMNS)
KEEP_OUTCOME = f"""
INSERT INTO earlier_outcome
SELECT {_listed(*_KEPT)}, row_digest({_listed(*_KEPT, *TARGET_COLUMNS)})
FROM outcome o{TARGET_JOINS} WHERE o.seq = :seq"""  # noqa: S608 - constants only
"""Copies the outcome of a job to the earlier ones."""

RESTORE_OUTCOMES = f"""
INSERT INTO outcome
SELECT {_listed(*_OF_OUTCOME)}, row_digest({_listed(*_OF_OUTCOME, *TARGET_COLUMNS)})
FROM earlier_outcome o{TARGET_JOINS} WHERE o.retry = :retry"""  # noqa: S608 - constants only
"""Copies the outcomes of a retry back."""

REAL_FIELDS = tuple(field.name for field in _STORED if _column(field).split()[1] == "REAL")
"""The fields that SQLite stores as floating-point numbers."""
