"""What a command knows of its workers, and where it shows that: screen, run file and events."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from bulkeic.app.run.engine_source import Announce
from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import rfc3339
from bulkeic.core.rollout.run_events import WorkerLost, WorkersReady
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines
from bulkeic.output.terminal.styles import Style, styled, styled_line
from bulkeic.output.worker_text import ready_text, worker_table

_SAVE_EVERY_S = 2.0


class RecordKeeper(Protocol):
    """Stores what the workers of a session do; see ``WorkerRecords``."""

    session: int

    def replace(self, records: Sequence[WorkerRecord]) -> None:
        """Takes the workers of the session as they are now."""


class WorkDone(NamedTuple):
    """What one message says that a worker has done."""

    targets: int = 0
    calls: int = 0
    throttles: int = 0


class _WorkerState:
    """A worker; see ``WorkerRecord``. Times are Unix times in seconds."""

    def __init__(self, name: str, now: float) -> None:
        self.name = name
        self.lanes = self.targets = self.calls = self.throttles = 0
        self.first_heard_at = self.last_heard_at = now
        self.lost: str | None = None


class TeamHealth:
    """The workers of a session as the command sees them.

    Args:
        records: of the run file, or none.
        console: prints what people must know.
        announce: tells the watchers of the run.
        in_full: whether to print each worker at the end.
        unit: what the jobs are, for people.
    """

    def __init__(
        self,
        records: RecordKeeper,
        console: Console,
        announce: Announce,
        *,
        in_full: bool,
        unit: str = "targets",
    ) -> None:
        self._unit = unit
        self._records = records
        self._console = console
        self._announce = announce
        self._in_full = in_full
        self._workers: dict[int, _WorkerState] = {}
        self._is_ready = False
        self._saved_at = 0.0

    def welcomed(self, number: int, name: str) -> None:
        """Adds a worker that is ready.

        Args:
            number: from 0.
            name: for people.
        """
        self._workers[number] = _WorkerState(name, time.time())

    def placed(self, lanes: Mapping[int, int]) -> None:
        """Records how many lanes the workers hold that are not lost; prints it the first time.

        Args:
            lanes: by number of the worker.
        """
        for number, count in lanes.items():
            self._workers[number].lanes = count
        if not self._is_ready and lanes:
            self._is_ready = True
            self._console.print(ready_text([*lanes.values()]))
            self._announce(WorkersReady, workers=len(lanes), lanes=sum(lanes.values()))
            self.save()

    def heard(self, number: int, done: WorkDone) -> None:
        """Records a message of a worker, also of one that is lost: what it did has happened."""
        worker, now = self._workers[number], time.time()
        worker.targets += done.targets
        worker.calls += done.calls
        worker.throttles += done.throttles
        worker.last_heard_at = now
        if not 0 <= now - self._saved_at < _SAVE_EVERY_S:
            self.save()

    def lost(self, number: int, how: str, left: int) -> None:
        """Records and prints that a worker is lost.

        Args:
            number: of the worker.
            how: for people.
            left: workers that are not lost.
        """
        worker = self._workers[number]
        worker.lost = how
        moves = "moves" if worker.lanes == 1 else "move"
        then = f"its {counted(worker.lanes, 'lane')} {moves} to {counted(left, 'other worker')}"
        name = styled(f"{worker.name} is lost", Style.BAD)
        self._console.print(styled_line(name, f": {how}; {then}"))
        facts = {"name": worker.name, "reason": how, "lanes": worker.lanes, "left": left}
        self._announce(WorkerLost, worker=number + 1, **facts)
        self.save()

    def save(self) -> None:
        """Gives the run file the workers as they are now; it stores them with the next outcomes."""
        self._saved_at = time.time()
        self._records.replace(self._snapshot())

    def _snapshot(self) -> list[WorkerRecord]:
        return [
            WorkerRecord(
                session=self._records.session,
                worker=number + 1,
                name=each.name,
                lanes=each.lanes,
                targets=each.targets,
                calls=each.calls,
                throttles=each.throttles,
                first_heard_at=rfc3339(each.first_heard_at),
                last_heard_at=rfc3339(each.last_heard_at),
                lost=each.lost,
            )
            for number, each in sorted(self._workers.items())
        ]

    def print_all(self) -> None:
        """Prints each worker at the end of the session, if that is wanted."""
        if self._in_full and self._is_ready:
            for line in lines(self._table(), self._console.screen().width):
                self._console.print(line)

    def _table(self) -> Table:
        return worker_table(self._snapshot(), unit=self._unit)
