"""Shows the runs of a command on a live page; see ``--ui``."""

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from bulkeic.app.report.report_builder import read_report
from bulkeic.app.report.report_targets import target_entries
from bulkeic.app.setup.open_files import page_connections
from bulkeic.app.watching.watchers import Stop
from bulkeic.core.change.reconcile import BeforeImage
from bulkeic.core.errors import BulkeicError, UsageError
from bulkeic.core.model import Job, Lane, Outcome
from bulkeic.core.report.live_state import LiveEvent, LiveState, live_status, state_after
from bulkeic.core.report.run_report import RunKind, RunReport
from bulkeic.core.report.run_tally import RunTally
from bulkeic.core.rollout.run_events import AnyRunEvent, RunEnded, RunHalted
from bulkeic.core.summary import Tally, Traffic
from bulkeic.live.live_server import LiveServer
from bulkeic.live.live_source import NoTargetsError
from bulkeic.live.open_connections import DEFAULT_LIMITS
from bulkeic.output.console import Console
from bulkeic.output.page.live_document import LivePageParts
from bulkeic.output.page.target_table import MOST_TARGETS, TargetTable
from bulkeic.output.progress.run_progress import MakeForecast
from bulkeic.store.run_file import RunFile

STOP_REASON = "stopped on the live page"
NO_END = "the command did not finish; its terminal says why"
_KINDS = {"plan": RunKind.PLAN, "rollback": RunKind.ROLLBACK}
_COUNTED = {
    "apply": {"updating"}, "rollback": {"updating"}, "plan": {"reading"}, "verify": {"verifying"},
}  # fmt: skip
"""The passes of a command whose outcomes are those of the run; the others verify waves."""
_MOST_READ_AGAIN = 1_000_000
"""The most targets of a run that is read again at its end, which takes a few seconds."""


class LivePage:
    """A ``RunWatcher`` and the ``LiveSource`` of its page.

    The thread of the run adds to a tally; threads of the server read it. The run file is read when
    a run is opened and when the command ends, its waves and gates when they change, its targets
    when somebody asks.

    Args:
        console: prints what fails.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._table_lock = threading.Lock()
        self._parts = LivePageParts()
        self._document = self._parts.document()
        self._server: LiveServer | None = None
        self._command = ""
        self._state = LiveState.LOADING
        self._doing = self._reason = ""
        self._exit_code: int | None = None
        self._stop: Stop | None = None
        self._run: RunFile | None = None
        self._reader: RunFile | None = None
        self._tally: RunTally | None = None
        self._version, self._shown = 1, 0
        self._workers_version = 0

    @property
    def document(self) -> bytes:
        """See ``LiveSource``."""
        return self._document.html

    @property
    def policy(self) -> str:
        """See ``LiveSource``."""
        return self._document.policy

    def open_run(self, run: RunFile, command: str, tallies: Sequence[Tally] | None) -> None:
        """See ``RunWatcher``."""
        report, reader = _report(run, command), None
        with suppress(BulkeicError):  # the table of targets says that it cannot be read
            reader = run.for_another_thread()
        if tallies is None:
            tallies = run.counts.tallies()
        else:
            report = _before_verification(report)
        with self._lock:
            self._run, self._reader = run, reader
            self._command, self._reason, self._exit_code = command, "", None
            self._tally = RunTally(report, tallies)
            self._move(LiveEvent.OPENED)

    def close_run(self) -> None:
        """See ``RunWatcher``."""
        reader, self._reader, self._run = self._reader, None, None
        if reader is not None:
            reader.interrupt()
            with self._table_lock:
                reader.close()

    def connect(self, stop: Stop | None) -> None:
        """See ``RunWatcher``."""
        with self._lock:
            self._stop = stop
            if stop is not None:
                self._move(LiveEvent.STARTED)
            elif self._tally is not None:
                self._tally.end_session()

    def notice(self, event: AnyRunEvent) -> None:
        """See ``RunWatcher``."""
        with self._lock:
            self._refresh()
            if isinstance(event, RunHalted):
                self._reason = event.reason
                self._move(LiveEvent.HALTED)
            elif isinstance(event, RunEnded):
                self._reason, self._exit_code = event.stopped or "", event.exit_code
                self._read_again()
                if self._tally is not None:
                    start = self._tally.start
                    self._tally.start = replace(
                        start, summary=replace(start.summary, next=event.next)
                    )
                self._move(LiveEvent.ENDED)
            self._version += 1

    def progress(self, doing: str) -> "LiveProgress":
        """See ``RunWatcher``."""
        with self._lock:
            self._refresh()
            self._doing = doing
            self._version += 1
        return LiveProgress(self, counts=doing in _COUNTED.get(self._command, set()))

    def close(self) -> None:
        """See ``RunWatcher``."""
        with self._lock:
            if self._state is not LiveState.ENDED:
                self._reason = NO_END
                self._move(LiveEvent.ENDED)
        if self._server is not None:
            self._server.close()
            if self._server.error is not None:
                self._console.print(f"the live page ended early: {self._server.error}")

    def serve(self, port: int) -> str:
        """Serves the page until the watch ends: its URL.

        Args:
            port: on which to listen; 0: any free one.

        Raises:
            OSError: it cannot listen there.
        """
        connections = page_connections(DEFAULT_LIMITS.connections)
        self._server = LiveServer(self, port, DEFAULT_LIMITS._replace(connections=connections))
        return self._server.url

    def add(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
    ) -> None:
        """Counts what one pass has done.

        Args:
            outcomes: of finished jobs.
            before_images: of targets that were read.
            traffic: of the session so far.
        """
        with self._lock:
            if self._tally is None:
                return
            if self._run is not None and self._run.workers.version != self._workers_version:
                self._refresh()
            self._tally.add(outcomes)
            if self._command == "plan":
                self._tally.add_reads(before_images, time.time())
            self._tally.set_traffic(traffic)
            self._version += 1

    def changed_parts(self) -> Mapping[str, object] | None:
        """See ``LiveSource``."""
        with self._lock:
            if self._version == self._shown:
                return None
            self._shown = self._version
            numbers = None if self._tally is None else self._tally.numbers()
            command = self._command
            status = live_status(
                self._state, doing=self._doing, reason=self._reason, exit_code=self._exit_code
            )
        if numbers is None:
            return self._parts.before_run(status)
        return self._parts.of_run(numbers.report(time.time()), command, status)

    def packed_targets(self) -> bytes:
        """See ``LiveSource``."""
        with self._table_lock:
            reader, tally = self._reader, self._tally
            if reader is None or tally is None:
                raise NoTargetsError("the run file is not open now")
            with self._lock:
                numbers = tally.numbers()
            summary = numbers.report(time.time()).summary
            try:
                table = TargetTable(target_entries(reader, summary, MOST_TARGETS))
                return "".join(table.packed()).encode()
            except BulkeicError as error:
                raise NoTargetsError(str(error)) from None

    def ask_to_stop(self) -> None:
        """See ``LiveSource``."""
        with self._lock:
            stop = self._stop
            if stop is not None and self._state is LiveState.WORKING:
                self._move(LiveEvent.STOP_ASKED)
                stop(STOP_REASON)

    def _move(self, event: LiveEvent) -> None:
        self._state = state_after(self._state, event)
        self._version += 1

    def _refresh(self) -> None:
        """Reads the small tables of the run file, in the thread of the run."""
        run, tally = self._run, self._tally
        if run is None or tally is None or self._command == "verify":
            return
        self._workers_version = run.workers.version
        with suppress(BulkeicError):  # the command itself finds out
            tally.start = _with_small_tables(tally.start, run)

    def _read_again(self) -> None:
        """Reads the run file once more, in the thread of the run: its end is that of the report.

        A tally counts a target at each time at which it was started, a report at the last one. It
        also knows nothing of what the command wrote after it was opened, such as a plan's digest.
        Very large runs are not read: that would hold up the end of the command.
        """
        run, tally = self._run, self._tally
        if run is None or tally is None or self._command == "verify":
            return
        if tally.start.summary.targets > _MOST_READ_AGAIN:
            return
        with suppress(BulkeicError):  # the command itself finds out
            self._tally = RunTally(_report(run, self._command), run.counts.tallies())


class LiveProgress:
    """``Progress`` that adds to a live page.

    Args:
        page: to add to.
        counts: whether the outcomes are those of the run.
    """

    def __init__(self, page: LivePage, *, counts: bool) -> None:
        self._page = page
        self._counts = counts

    def start(self, lanes: Mapping[Lane, int]) -> None:
        """See ``Progress``."""

    def advance(
        self,
        outcomes: Sequence[Outcome],
        before_images: Sequence[tuple[Job, BeforeImage]],
        traffic: Traffic,
        forecast: MakeForecast,
    ) -> None:
        """See ``Progress``."""
        del forecast
        self._page.add(
            outcomes if self._counts else (), before_images if self._counts else (), traffic
        )

    def stop(self) -> None:
        """See ``Progress``."""


def _report(run: RunFile, command: str) -> RunReport:
    """The report of a run file, as far as it is shown while a command works on the run."""
    report = read_report(run, time.time(), with_timeline=True)
    kind = _KINDS.get(command, RunKind.APPLY)
    needs = report.summary.needs if kind is RunKind.PLAN else ()
    return replace(report, kind=kind, summary=replace(report.summary, needs=needs, next={}))


def _before_verification(report: RunReport) -> RunReport:
    """The report of a run without what its sessions did: a verification has its own numbers."""
    summary = replace(report.summary, traffic=Traffic())
    return replace(
        report,
        summary=summary,
        sessions=(),
        waves=(),
        gates=(),
        earlier=(),
        workers=(),
        timeline=None,
    )


def _with_small_tables(report: RunReport, run: RunFile) -> RunReport:
    return replace(
        report,
        sessions=tuple(run.sessions()),
        waves=run.waves.all(),
        gates=run.gates.all(),
        workers=run.workers.all(),
    )


def open_live_page(port: int, console: Console) -> LivePage:
    """Serves a live page, and prints its URL.

    Args:
        port: on which to listen; 0: any free one.
        console: prints the URL.

    Raises:
        UsageError: it cannot listen there.
    """
    page = LivePage(console)
    try:
        url = page.serve(port)
    except OSError as error:
        raise UsageError(
            f"--ui: port {port} cannot be used: {error.strerror}; give another port, or --ui alone"
        ) from None
    console.print(f"live page: {url}")
    return page
