"""The tables of the page of a run."""

import math
import shlex
from collections.abc import Sequence

from bulkeic.core.leases.worker_record import WorkerRecord
from bulkeic.core.model import CLEARED
from bulkeic.core.report.run_end import IN_PROGRESS, SessionRecord
from bulkeic.core.report.run_report import SettingsCount
from bulkeic.core.rollout.gates import GateRecord
from bulkeic.core.rollout.waves import Wave
from bulkeic.core.summary import EarlierFailures
from bulkeic.output.formatting import counted, duration, figures
from bulkeic.output.tables import Table

_MOST_SETTINGS, _MOST_ROWS = 5, 200


def settings_table(settings: Sequence[SettingsCount], kinds: int) -> Table:
    """What the run wants, with how many targets want it.

    Args:
        settings: the most common ones.
        kinds: how many different ones there are.
    """
    head = ("targets", "MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")
    rows = [
        (
            f"{each.targets:,}",
            _number(each.settings.maximum_retry_attempts),
            _number(each.settings.maximum_event_age_in_seconds),
            _destination(each.settings.on_success),
            _destination(each.settings.on_failure),
        )
        for each in settings[:_MOST_SETTINGS]
    ]
    note = hidden_note(kinds - len(rows), "other combination")
    return Table("settings that the run wants", head, rows, note=note, texts=2)


def _number(value: int | None) -> str:
    return "not set here" if value is None else f"{value}"


def _destination(value: str | None) -> str:
    if value is None:
        return "not set here"
    return "none" if value == CLEARED else value


def sessions_table(sessions: Sequence[SessionRecord]) -> Table:
    """The sessions of a run, the last ones if there are very many."""
    head = (
        "session", "started (UTC)", "time", "calls", "throttled", "retried", "ended", "by",
        "version", "flags",
    )  # fmt: skip
    rows = [
        (
            each.doing,
            second_text(each.started_at),
            elapsed_text(each.elapsed_s),
            f"{each.calls:,}",
            f"{each.throttles:,}",
            f"{each.retries:,}",
            each.ended or IN_PROGRESS,
            each.caller_arn or "-",
            each.version or "-",
            shlex.join(each.words) or "-",
        )
        for each in sessions[-_MOST_ROWS:]
    ]
    note = hidden_note(len(sessions) - _MOST_ROWS, "earlier session")
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
        for each in sorted(chosen[:_MOST_ROWS], key=lambda each: (each.session, each.worker))
    ]
    note = hidden_note(len(workers) - _MOST_ROWS, "more worker")
    return Table("workers", head, rows, note=note, texts=2)


def waves_table(waves: Sequence[Wave]) -> Table:
    """The waves of a run, the first ones if there are very many."""
    head = ("wave", "targets", "started (UTC)", "ended (UTC)", "verified", "drifted", "stopped")
    rows = [
        (
            f"{each.number}",
            f"{each.targets:,}",
            second_text(each.started_at),
            second_text(each.ended_at),
            "-" if each.verified is None else f"{each.verified:,}",
            "-" if each.drifted is None else f"{each.drifted:,}",
            each.stopped or "",
        )
        for each in waves[:_MOST_ROWS]
    ]
    note = hidden_note(len(waves) - _MOST_ROWS, "later wave")
    return Table("waves", head, rows, note=note, texts=1)


def gates_table(gates: Sequence[GateRecord]) -> Table:
    """What was decided between waves, the last decisions if there are very many."""
    head = ("decided by", "answers", "answered (UTC)", "decision", "reason", "name")
    rows = [
        (
            each.title,
            f"{each.asks:,}",
            second_text(each.answered_at),
            each.decision.value,
            each.reason,
            each.name,
        )
        for each in gates[-_MOST_ROWS:]
    ]
    note = hidden_note(len(gates) - _MOST_ROWS, "earlier decision")
    return Table("decisions between waves", head, rows, note=note, texts=3)


def retried_table(failures: Sequence[EarlierFailures]) -> Table:
    """The failures that were retried, the last ones if there are very many."""
    head = ("retry", "retried (UTC)", "targets", "error")
    rows = [
        (
            f"{each.retry}",
            second_text(each.retried_at),
            f"{each.count:,}",
            each.error_code or "without an error code",
        )
        for each in failures[-_MOST_ROWS:]
    ]
    note = hidden_note(len(failures) - _MOST_ROWS, "earlier failure")
    return Table("failures that were retried", head, rows, note=note, texts=1)


def hidden_note(number: int, what: str) -> str:
    """What a table does not show; empty: nothing.

    Args:
        number: of what is not shown; 0 or less: none.
        what: in the singular.
    """
    return f"and {counted(number, what)}" if number > 0 else ""


def elapsed_text(seconds: float) -> str:
    """A time in seconds, in words."""
    return duration(seconds) if math.isfinite(seconds) else "-"


def second_text(time: str | None) -> str:
    """A time of RFC 3339 to the second, without its zone, which is UTC."""
    return "-" if time is None else time[:19].replace("T", " ")
