"""Tables of a page about who worked on a run: its sessions, and their workers."""

import math
import shlex
from collections.abc import Sequence

from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.report.run_end import IN_PROGRESS, SessionRecord
from bulkeic.output.formatting import counted, duration, figures
from bulkeic.output.tables import Table

MOST_ROWS = 200


def sessions_table(sessions: Sequence[SessionRecord]) -> Table:
    """The sessions of a run, the last ones if there are many."""
    head = (
        "session", "started (UTC)", "time", "calls", "throttled", "retried", "ended", "by",
        "version", "flags",
    )  # fmt: skip
    rows = [
        (
            each.doing,
            second_text(each.started_at),
            time_text(each.elapsed_s),
            f"{each.calls:,}",
            f"{each.throttles:,}",
            f"{each.retries:,}",
            each.ended or IN_PROGRESS,
            each.caller_arn or "-",
            each.version or "-",
            shlex.join(each.words) or "-",
        )
        for each in sessions[-MOST_ROWS:]
    ]
    note = hidden(len(sessions) - MOST_ROWS, "earlier session")
    return Table("sessions", head, rows, note=note, texts=4)


def workers_table(workers: Sequence[WorkerRecord]) -> Table:
    """The workers of a run: if there are many, the lost ones, then those of the last sessions."""
    head = (
        "worker", "session", "lanes", "targets", "calls", "calls/s", "throttled",
        "last heard (UTC)", "lost",
    )  # fmt: skip
    chosen = sorted(workers, key=lambda each: (each.lost is None, -each.session, each.worker))
    rows = [
        (
            each.name,
            f"{each.session}",
            f"{each.lanes:,}",
            f"{each.targets:,}",
            f"{each.calls:,}",
            figures(each.calls_per_s),
            f"{each.throttles:,}",
            second_text(each.last_heard_at),
            each.lost or "-",
        )
        for each in sorted(chosen[:MOST_ROWS], key=lambda each: (each.session, each.worker))
    ]
    note = hidden(len(workers) - MOST_ROWS, "more worker")
    return Table("workers", head, rows, note=note, texts=2)


def hidden(number: int, what: str) -> str:
    """How many rows a table leaves out; empty: none."""
    return f"and {counted(number, what)}" if number > 0 else ""


def time_text(seconds: float) -> str:
    """A duration; ``-``: it is not finite."""
    return duration(seconds) if math.isfinite(seconds) else "-"


def second_text(time: str | None) -> str:
    """A time of RFC 3339 to the second, without its zone, which is UTC."""
    return "-" if time is None else time[:19].replace("T", " ")
