"""The digest of the table ``job``: over the digests of its lanes, in the order of their ids.

The digest of a lane is over its rows, in the order of ``seq``. So it can be computed while rows are
stored, however the targets file mixes the lanes. Reading them back would take longer.
"""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_BATCH = 1000
_LANES = "SELECT DISTINCT lane_id FROM job ORDER BY 1"
_ROWS = "SELECT * FROM job WHERE lane_id = ? ORDER BY seq"
_encode = msgspec.msgpack.Encoder().encode


class LoadedLanes:
    """Computes the digests of lanes whose rows are stored in the order of ``seq``."""

    def __init__(self) -> None:
        self._last_seqs: dict[int, int] = {}
        self._digests: dict[int, hashlib.blake2b | None] = {}

    def add(self, row: Sequence[Any]) -> None:
        """Records a row that is stored.

        Args:
            row: all values, in the order of the columns.
        """
        lane_id, seq = row[0], row[1]
        if lane_id not in self._digests:
            self._digests[lane_id] = _new_digest()
        if seq <= self._last_seqs.get(lane_id, -1):  # as it may be in a rollback
            self._digests[lane_id] = None
        self._last_seqs[lane_id] = seq
        digest = self._digests[lane_id]
        if digest is not None:
            digest.update(_encode(row))

    def exclude(self, lane_id: int) -> None:
        """Records that rows of a lane were changed, or were stored in another way."""
        self._digests[lane_id] = None

    def digests(self) -> dict[int, bytes]:
        """The digests of these lanes, by the lane's id."""
        found = self._digests.items()
        return {lane_id: digest.digest() for lane_id, digest in found if digest is not None}


def job_digest(connection: sqlite3.Connection, known: Mapping[int, bytes]) -> str:
    """The digest of ``job``. Rows are streamed.

    Args:
        connection: to the run file.
        known: digests of lanes, whose rows are not read.
    """
    found = _new_digest()
    for (lane_id,) in connection.execute(_LANES).fetchall():
        found.update(known.get(lane_id) or _lane_digest(connection, lane_id))
    return found.hexdigest()


def _lane_digest(connection: sqlite3.Connection, lane_id: int) -> bytes:
    found = _new_digest()
    rows = connection.execute(_ROWS, (lane_id,))
    while batch := rows.fetchmany(_BATCH):
        found.update(b"".join(map(_encode, batch)))
    return found.digest()


def _new_digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)
