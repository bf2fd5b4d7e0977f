"""JUnit XML: a suite for each lane, a test case for each target.

A suite begins with its counts, so the cases wait in a temporary file until all of them are known.
Memory stays flat. What is written is valid for the schema of Ant and for that of Jenkins:
https://github.com/windyroad/JUnit-Schema and junit-10.xsd of Jenkins' xunit plugin.
"""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import IO, Self
from xml.sax.saxutils import escape

from bulkeic.core.errors import UsageError, printable
from bulkeic.core.model import Lane
from bulkeic.core.report.junit_case import CaseResult, JUnitCase

_MOST_BUFFERED = 8 * 1024 * 1024
_NO_LANE = "no lane"
_QUOTE = {'"': "&quot;"}


class _Suite:
    """The cases of one lane.

    Attributes:
        buffered: cases that are not in the temporary file yet.
        pieces: where the others are in it: offset and length.
    """

    def __init__(self) -> None:
        self.counts: Counter[CaseResult] = Counter()
        self.seconds = 0.0
        self.started_at: str | None = None
        self.buffered: list[bytes] = []
        self.pieces: list[tuple[int, int]] = []

    def count(self, case: JUnitCase) -> None:
        """Counts a case."""
        self.counts[case.result] += 1
        self.seconds += case.seconds
        if case.started_at is not None:
            self.started_at = min(self.started_at or case.started_at, case.started_at)


class JUnitFile:
    """Collects test cases, and makes the file of them. A context manager.

    Args:
        now: when the report is made, RFC 3339; suites without a start have it.
        most_buffered: bytes of cases that wait in memory.
    """

    def __init__(self, now: str, *, most_buffered: int = _MOST_BUFFERED) -> None:
        self._most_buffered = most_buffered
        self._now = now
        self._suites: dict[Lane | None, _Suite] = {}
        self._buffered = 0
        self._end = 0

    def __enter__(self) -> Self:
        try:
            self._cases: IO[bytes] = tempfile.TemporaryFile(prefix="bulkeic-", buffering=0)
        except OSError as error:
            raise UsageError(f"a temporary file cannot be created: {error.strerror}") from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._cases.close()

    def add(self, cases: Iterable[JUnitCase]) -> None:
        """Adds test cases.

        Raises:
            OSError: the temporary file cannot be written.
        """
        for case in cases:
            suite = self._suites.setdefault(case.lane, _Suite())
            suite.count(case)
            data = _case_xml(case).encode()
            suite.buffered.append(data)
            self._buffered += len(data)
            if self._buffered > self._most_buffered:
                self._flush()

    def pieces(self) -> Iterator[bytes]:
        """The whole document, piece by piece.

        Raises:
            OSError: the temporary file cannot be read.
        """
        yield b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
        lanes = sorted(lane for lane in self._suites if lane is not None)
        for number, lane in enumerate([*lanes, *([None] if None in self._suites else [])]):
            suite = self._suites[lane]
            yield _suite_head(number, lane, suite, self._now).encode()
            for offset, length in suite.pieces:
                self._cases.seek(offset)
                yield self._cases.read(length)
            yield from suite.buffered
            yield b"  <system-out/>\n  <system-err/>\n </testsuite>\n"
        yield b"</testsuites>\n"

    def _flush(self) -> None:
        for suite in self._suites.values():
            data = b"".join(suite.buffered)
            if data:
                suite.pieces.append((self._end, len(data)))
                self._end += len(data)
                suite.buffered = []
                view = memoryview(data)
                while view:
                    view = view[self._cases.write(view) :]
        self._buffered = 0


def _suite_head(number: int, lane: Lane | None, suite: _Suite, now: str) -> str:
    counts = suite.counts
    attributes = {
        "id": number,
        "name": _NO_LANE if lane is None else lane,
        "package": "bulkeic",
        "timestamp": (suite.started_at or now)[: len("2026-11-26T08:00:00")],
        "hostname": "localhost",
        "tests": counts.total(),
        "failures": counts[CaseResult.FAILURE],
        "errors": counts[CaseResult.ERROR],
        "skipped": counts[CaseResult.SKIPPED],
        "time": f"{suite.seconds:.3f}",
    }
    return f" <testsuite{_attributes(attributes)}>\n  <properties/>\n"


def _case_xml(case: JUnitCase) -> str:
    lane = case.lane
    # Tools show the class name as a path, with a level for each dot.
    place = _NO_LANE if lane is None else f"{lane.account_id}.{lane.region}"
    head = _attributes({"classname": place, "name": case.name, "time": f"{case.seconds:.3f}"})
    if case.result is CaseResult.PASSED:
        return f"  <testcase{head}/>\n"
    kind = {} if case.result is CaseResult.SKIPPED else {"type": case.kind}
    about = _attributes({**kind, "message": case.message})
    detail = escape("\n".join(map(printable, case.detail)))
    name = case.result.value
    return f"  <testcase{head}><{name}{about}>{detail}</{name}></testcase>\n"


def _attributes(values: Mapping[str, object]) -> str:
    # ``printable`` also escapes what XML cannot hold.
    return "".join(
        f' {name}="{escape(printable(str(value)), _QUOTE)}"' for name, value in values.items()
    )
