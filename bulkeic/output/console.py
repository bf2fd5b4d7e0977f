"""Text for people, on stderr: problems, questions, summaries."""

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TextIO

from bulkeic.core.errors import InputError, printable
from bulkeic.core.model import Lane, Outcome, Settings, Status
from bulkeic.core.pacing.forecast import Forecast
from bulkeic.core.reconcile import MISSING
from bulkeic.core.rollback_guard import CHANGED_SINCE, PLAN_OUTDATED
from bulkeic.core.snapshot import ABSENT
from bulkeic.core.summary import LaneSummary, Summary
from bulkeic.output.formatting import counted, duration

SHOWN_PROBLEMS = 20
SHOWN_CHANGES = 3
_MESSAGE_CHARACTERS = 160
_LEAST_LANES = 2
_SHOWN_SLOW = 5
_SHOWN_TROUBLED = 10
_LANE_ROW = "  {:<28} {:>9} {:>8} {:>8} {:>9} {:>8}"
_HINTS = {
    MISSING: (
        "Update changes what is there: function, qualifier and configuration have to exist; "
        "--create-missing makes the configuration"
    ),
    PLAN_OUTDATED: (
        "somebody changed it after it was planned, and it was left alone; plan again, or --force"
    ),
    CHANGED_SINCE: (
        "somebody changed it after the run that is taken back, and it was left alone, "
        "unless --force"
    ),
    "AccessDeniedException": (
        "the credentials need a permission: lambda:UpdateFunctionEventInvokeConfig, and what "
        "docs/permissions.md tells of each command"
    ),
    "AccessDenied": (
        "the role has to exist, its trust policy has to name the caller and the external id, and "
        "the caller needs sts:AssumeRole"
    ),
}


class Problems:
    """Shows the first problems and counts them all."""

    def __init__(self, say: Callable[[str], None], prefix: str = "") -> None:
        self._say = say
        self._prefix = prefix
        self.count = 0

    def add(self, problems: Iterable[InputError]) -> None:
        """Takes problems in."""
        for problem in problems:
            self.count += 1
            if self.count <= SHOWN_PROBLEMS:
                self._say(f"{self._prefix}{problem}")

    def end(self) -> None:
        """Tells how many more there are."""
        if self.count > SHOWN_PROBLEMS:
            self._say(f"{self._prefix}… {self.count - SHOWN_PROBLEMS:,} more")


class Console:
    """Where people read: stderr, and stdin for their answer."""

    @property
    def out(self) -> TextIO:
        """Standard error as it is now: a progress bar puts itself in its place."""
        return sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be looking."""
        return sys.stderr.isatty()

    @property
    def width(self) -> int | None:
        """Characters of a line; ``None``: it is no terminal."""
        if not self.is_terminal:
            return None
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        return Console(stderr=True).width

    def busy(self, doing: str) -> AbstractContextManager[object]:
        """Shows on a terminal that something takes its time."""
        if not self.is_terminal:
            return nullcontext()
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.markup import escape  # noqa: PLC0415

        return Console(stderr=True).status(escape(printable(doing)))

    def say(self, text: str) -> None:
        """One line."""
        self._write(f"{printable(text)}\n")

    def problems(self, prefix: str = "") -> Problems:
        """A place for the problems of a targets file."""
        return Problems(self.say, prefix)

    @property
    def can_ask(self) -> bool:
        """Whether somebody may answer."""
        return sys.stdin.isatty()

    def ask(self, question: str) -> bool:
        """Whether the person at the terminal says yes; the end of stdin is a no."""
        self.show_question(question)
        return self.read_answer()

    def show_question(self, question: str) -> None:
        """Asks, and does not wait for the answer."""
        self._write(f"{printable(question)} [y/N] ")

    def read_answer(self) -> bool:
        """Whether the answer is a yes."""
        answer = ""
        with suppress(KeyboardInterrupt, OSError):  # OSError: the terminal is gone
            answer = sys.stdin.readline()
        if not answer.endswith("\n"):
            self._write("\n")
        return answer.strip().lower() in {"y", "yes"}

    def _write(self, text: str) -> None:
        with suppress(OSError):  # nobody reads it any more
            print(text, end="", file=self.out, flush=True)


def intention(lanes: dict[Lane, int], ahead: Forecast, where: str) -> list[str]:
    """What a run is going to do: targets, lanes, time.

    Args:
        lanes: each with its jobs.
        ahead: how long it will take.
        where: on AWS, or on what.
    """
    jobs = sum(lanes.values())
    accounts = len({lane.account_id for lane in lanes})
    regions = len({lane.region for lane in lanes})
    longest = ahead.longest
    what = (
        f"{counted(jobs, 'target')} in {counted(len(lanes), 'lane')} "
        f"({counted(accounts, 'account')}, {counted(regions, 'Region')}), "
        f"about {duration(ahead.seconds)}; the longest lane is {longest.lane} with "
        f"{longest.jobs:,}; on {where}"
    )
    if not ahead.crowded:
        return [what]
    return [what, "more --concurrency would make it shorter: the lanes could go faster"]


def changes(wanted: list[tuple[Settings, int]], kinds: int) -> list[str]:
    """What a run is going to set.

    Args:
        wanted: the most frequent settings, each with the number of its targets.
        kinds: how many different settings there are.
    """
    lines = [f"  {jobs:>7,} x {_settings_text(settings)}" for settings, jobs in wanted]
    if kinds > len(wanted):
        lines.append(f"  and {counted(kinds - len(wanted), 'other combination')} of settings")
    return lines


def _settings_text(settings: Settings) -> str:
    if settings == ABSENT:
        return "no configuration"
    numbers = (
        ("MaximumRetryAttempts", settings.maximum_retry_attempts),
        ("MaximumEventAgeInSeconds", settings.maximum_event_age_in_seconds),
    )
    pieces = [f"{name} {value}" for name, value in numbers if value is not None]
    pieces += [
        f"{name} {arn or 'none'}" for name, arn in settings.destinations() if arn is not None
    ]
    return ", ".join(pieces)


def summary_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """A summary for people, line by line.

    Args:
        summary: the numbers.
        examples: one outcome for each of the most frequent error codes.
    """
    statuses = [
        f"{count:,} {name}"
        for name, count in (*summary.statuses.items(), ("pending", summary.pending))
        if count or name == Status.UPDATED
    ]
    return [
        f"{counted(summary.targets, 'target')}: {', '.join(statuses)}",
        traffic_line(summary, summary.targets_per_s),
        *error_lines(summary, examples),
        *lane_lines(summary.lanes),
    ]


def traffic_line(summary: Summary, targets_per_s: float) -> str:
    """What was sent, and how fast."""
    traffic = summary.traffic
    return (
        f"{counted(traffic.calls, 'call')} in {counted(len(summary.lanes), 'lane')}, "
        f"{traffic.throttles:,} throttled, {traffic.conflicts:,} conflicting, "
        f"{traffic.retries:,} repeated; {traffic.elapsed_s:,.1f} s, {targets_per_s:,.1f} targets/s"
    )


def error_lines(summary: Summary, examples: dict[str, Outcome]) -> list[str]:
    """How often each error came, with an example and a hint."""
    lines = []
    for code, count in summary.errors.items():
        if code in examples:
            lines.append(f"  {count:>7,} {code}, such as {_example(examples[code])}")
            lines += [f"          {_HINTS[code]}"] if code in _HINTS else []
    unshown = len(summary.errors) - len(examples)
    return lines + ([f"  and {counted(unshown, 'more error code')}"] if unshown > 0 else [])


def lane_lines(lanes: list[LaneSummary]) -> list[str]:
    """A table of the slowest lanes, and of those with failed or pending jobs."""
    if len(lanes) < _LEAST_LANES:
        return []
    slowest = sorted(lanes, key=lambda lane: -lane.seconds)[:_SHOWN_SLOW]
    troubled = sorted(
        (lane for lane in lanes if lane.failed or lane.pending),
        key=lambda lane: -(lane.failed + lane.pending),
    )
    shown = troubled[:_SHOWN_TROUBLED] + [lane for lane in slowest if lane not in troubled]
    lines = [_LANE_ROW.format("lane", "targets", "failed", "pending", "throttled", "seconds")]
    lines += [
        _LANE_ROW.format(
            str(lane.lane),
            f"{lane.jobs:,}",
            f"{lane.failed:,}",
            f"{lane.pending:,}",
            f"{lane.throttles:,}",
            f"{lane.seconds:,.1f}",
        )
        for lane in shown
    ]
    more = max(0, len(troubled) - _SHOWN_TROUBLED)
    if more:
        lines.append(f"  and {counted(more, 'more lane')} with failed or pending targets")
    if len(lanes) > len(shown) + more:
        lines.append(f"  {counted(len(lanes) - len(shown) - more, 'lane')} not shown")
    return lines


def _example(outcome: Outcome) -> str:
    message = outcome.error_message or ""
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    return f"{outcome.source} {outcome.function_name}: {message}"
