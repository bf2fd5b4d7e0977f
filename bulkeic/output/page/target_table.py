"""The targets of a run as data for the table of its page: JSON, gzip, base64.

Values that repeat, such as lanes, changes and messages, are stored once, so that a page of 100,000
targets stays small and opens fast. They never become markup: the script of the page sets texts.
"""

import math
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from bulkeic.core.errors import printable
from bulkeic.core.model import Lane
from bulkeic.core.report.target_entry import TargetChange, TargetEntry
from bulkeic.core.report.timeline import unix_time
from bulkeic.core.targets.names import partition_of
from bulkeic.core.targets.selection import JobState

MOST_TARGETS = 100_000
"""The most targets in the table of a page."""

_COLUMNS = (
    "line", "function", "qualifier", "lane", "state", "code", "message", "change", "attempts",
    "throttles", "started", "duration", "request", "owner",
)  # fmt: skip
_STATES = list(JobState)
_GZIP = 16 + zlib.MAX_WBITS
_BATCH = 500
_encode = msgspec.json.Encoder().encode


class _Texts:
    """Values that rows refer to by number."""

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int | None:
        """The number of a value; ``None`` has none."""
        return None if value is None else self.numbers.setdefault(value, len(self.numbers))


class TargetTable:
    """Packs targets, in one pass and with memory for the different texts only.

    Args:
        entries: of the targets, at most ``MOST_TARGETS``.
    """

    def __init__(self, entries: Iterable[TargetEntry]) -> None:
        self._entries = entries
        self._lanes, self._codes = _Texts(), _Texts()
        self._messages, self._changes, self._owners = _Texts(), _Texts(), _Texts()

    def packed(self) -> Iterator[str]:
        """The pieces of the data, in base64."""
        packer = zlib.compressobj(9, wbits=_GZIP)
        rest = b""
        for piece in self._json():
            data = rest + packer.compress(piece)
            whole = len(data) - len(data) % 3  # so that only the last piece is padded
            rest = data[whole:]
            yield b64encode(data[:whole]).decode()
        yield b64encode(rest + packer.flush()).decode()

    def _json(self) -> Iterator[bytes]:
        """The data: rows first, because the texts are known after them."""
        yield b'{"columns":' + _encode(_COLUMNS) + b',"rows":['
        rows: list[bytes] = []
        comma = b""
        for entry in self._entries:
            rows.append(_encode(self._row(entry)))
            if len(rows) == _BATCH:
                yield comma + b",".join(rows)
                comma, rows = b",", []
        if rows:
            yield comma + b",".join(rows)
        yield b"],"
        texts = {
            "states": [state.value for state in _STATES],
            "lanes": [_lane(lane) for lane in self._lanes.numbers],
            "codes": list(map(printable, self._codes.numbers)),
            "messages": list(map(printable, self._messages.numbers)),
            "owners": list(map(printable, self._owners.numbers)),
            "changes": [_change(change) for change in self._changes.numbers],
        }
        yield _encode(texts)[1:]

    def _row(self, entry: TargetEntry) -> list[Any]:
        started = unix_time(entry.started_at)
        return [
            entry.line,
            printable(entry.function),
            entry.qualifier,
            self._lanes.number(entry.lane),
            _STATES.index(entry.state),
            self._codes.number(entry.error_code),
            self._messages.number(entry.error_message),
            self._changes.number(entry.change),
            entry.attempts,
            entry.throttles,
            _milliseconds(started),
            _milliseconds(entry.duration_s),
            entry.request_id and printable(entry.request_id),
            self._owners.number(entry.managed_by),
        ]


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None or not math.isfinite(seconds) else round(seconds * 1000)


def _lane(lane: Lane) -> tuple[str, str, str]:
    return lane.account_id, lane.region, partition_of(lane.region)


def _change(change: TargetChange) -> list[Any]:
    """Whether it was made, whether the values before are known, and the fields."""
    fields = [(each.field, _text(each.before), _text(each.after)) for each in change.fields]
    return [change.is_made, change.knows_before, fields]


def _text(value: int | str | None) -> int | str | None:
    return printable(value) if isinstance(value, str) else value
