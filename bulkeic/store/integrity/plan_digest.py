"""The digest of a plan: of its jobs and settings, of its flags, and of what it read.

- Each plan has a digest of its own, since it covers when the targets were read.
- The flags and what was read are kept as two digests when the plan is complete, since a run that
  applies the plan adds flags, reads targets again and stores outcomes.
- An outcome ``unchanged`` that its before-image explains is not covered: such a target may be read
  again before the plan is applied.
"""

import hashlib
import sqlite3
from typing import Any

import msgspec

from bulkeic.store.run_metadata import RunMetadata
from bulkeic.store.sqlite.database import Database

_JOBS = """
SELECT key, value FROM run WHERE key IN (
  'digest_of_job', 'digest_of_settings', 'digest_of_lane', 'digest_of_account', 'digest_of_owner',
  'digest_of_managed'
) ORDER BY key
"""
_FLAGS = (
    "source",
    "place",
    "account_id",
    "caller_arn",
    "created_at",
    "restores",
    "create_missing",
    "replace_destinations",
    "exact",
    "where",
    "wave_rules",
    "left_out",
)
_BEFORE_IMAGES = "SELECT seq, row_digest FROM before_image ORDER BY seq"
_OUTCOMES = """
SELECT o.seq, o.row_digest FROM outcome o LEFT JOIN before_image b ON b.seq = o.seq
WHERE o.status <> 'unchanged' OR b.action IS NOT 'unchanged' ORDER BY o.seq
"""
_ANY_UNREAD = """
SELECT 1 FROM job j WHERE j.lane_id <> 0
AND NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq)
AND NOT EXISTS (SELECT 1 FROM before_image b WHERE b.seq = j.seq) LIMIT 1
"""
_BATCH = 1000
_encode = msgspec.msgpack.Encoder().encode


class PlanParts(msgspec.Struct, frozen=True):
    """What a plan's digest covers besides its jobs, as digests.

    Attributes:
        flags: of the flags, and of who planned when and where.
        read: of the before-images and the outcomes.
    """

    flags: str
    read: str


class PlanDigest:
    """Computes the digest of a plan.

    Args:
        database: the run file, whose other digests were checked when it was opened.
        reader: a connection to it.
    """

    def __init__(self, database: Database, reader: sqlite3.Connection) -> None:
        self._database = database
        self._reader = reader

    def is_complete(self) -> bool:
        """Whether every target was read."""
        with self._database.errors("cannot be read"):
            return self._reader.execute(_ANY_UNREAD).fetchone() is None

    def parts(self, metadata: RunMetadata) -> PlanParts:
        """The parts as they are now. Rows are streamed.

        Args:
            metadata: of the plan.
        """
        flags = _digest([getattr(metadata, name) for name in _FLAGS])
        read = hashlib.sha256()
        with self._database.errors("cannot be read"):
            for query in (_BEFORE_IMAGES, _OUTCOMES):
                rows = self._reader.execute(query)
                while batch := rows.fetchmany(_BATCH):
                    read.update(b"".join(map(_encode, batch)))
                read.update(b"\n")
        return PlanParts(flags, read.hexdigest())

    def of(self, parts: PlanParts) -> str:
        """The digest of the plan: 64 hexadecimal digits.

        Args:
            parts: of the plan.
        """
        with self._database.errors("cannot be read"):
            jobs = self._reader.execute(_JOBS).fetchall()
        return _digest([jobs, parts.flags, parts.read])


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(_encode(values)).hexdigest()
