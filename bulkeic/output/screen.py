"""Text for people, on stderr: problems, questions, summaries."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TextIO

from rich.console import Console
from rich.markup import escape

from bulkeic.core.errors import InputError, printable
from bulkeic.core.model import Lane, Outcome, Status
from bulkeic.core.summary import Summary

SHOWN_PROBLEMS = 20
_MESSAGE_CHARACTERS = 160
_HINTS = {
    "ResourceNotFoundException": (
        "Update changes what is there: function, qualifier and configuration have to exist"
    ),
    "AccessDeniedException": "the credentials need lambda:UpdateFunctionEventInvokeConfig",
}


class Problems:
    """Shows the first problems and counts them all."""

    def __init__(self, out: TextIO, prefix: str = "") -> None:
        self._out = out
        self._prefix = prefix
        self.count = 0

    def add(self, problems: Iterable[InputError]) -> None:
        """Takes problems in."""
        for problem in problems:
            self.count += 1
            if self.count <= SHOWN_PROBLEMS:
                print(f"{self._prefix}{problem}", file=self._out)

    def end(self) -> None:
        """Tells how many more there are."""
        if self.count > SHOWN_PROBLEMS:
            print(f"{self._prefix}… {self.count - SHOWN_PROBLEMS:,} more", file=self._out)


class Screen:
    """Where people read: stderr, and stdin for their answer."""

    @property
    def out(self) -> TextIO:
        """Standard error as it is now: a progress bar puts itself in its place."""
        return sys.stderr

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be looking."""
        return sys.stderr.isatty()

    def busy(self, doing: str) -> AbstractContextManager[object]:
        """Shows on a terminal that something takes its time."""
        if not self.is_terminal:
            return nullcontext()
        return Console(stderr=True).status(escape(printable(doing)))

    def say(self, text: str) -> None:
        """One line."""
        with suppress(OSError):  # nobody reads it any more
            print(printable(text), file=self.out, flush=True)

    def problems(self, prefix: str = "") -> Problems:
        """A place for the problems of a targets file."""
        return Problems(self.out, prefix)

    def ask(self, question: str) -> bool:
        """Whether the person at the terminal says yes; the end of stdin is a no."""
        print(f"{question} [y/N] ", end="", file=self.out, flush=True)
        try:
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            answer = ""
        if not answer.endswith("\n"):
            print(file=self.out)
        return answer.strip().lower() in {"y", "yes"}


def intention(lanes: dict[Lane, int], rate: float, burst: float) -> str:
    """What a run is going to do: targets, lanes, time."""
    jobs = sum(lanes.values())
    fullest = max(lanes, key=lanes.__getitem__)
    accounts = len({lane.account_id for lane in lanes})
    regions = len({lane.region for lane in lanes})
    seconds = max(0.0, lanes[fullest] - burst) / rate
    return (
        f"{counted(jobs, 'target')} in {counted(len(lanes), 'lane')} "
        f"({counted(accounts, 'account')}, {counted(regions, 'Region')}), "
        f"about {seconds:,.0f} s; the longest lane is {fullest} with {lanes[fullest]:,}"
    )


def counted(number: int, word: str) -> str:
    """A number with its word, in the plural where that is right."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


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
    traffic = summary.traffic
    lines = [
        f"{counted(summary.targets, 'target')}: {', '.join(statuses)}",
        (
            f"{counted(traffic.calls, 'call')} in {counted(summary.lanes, 'lane')}, "
            f"{traffic.throttles:,} throttled, {traffic.conflicts:,} conflicting, "
            f"{traffic.retries:,} repeated; {traffic.elapsed_s:,.1f} s, "
            f"{summary.targets_per_s:,.1f} targets/s"
        ),
    ]
    for code, count in summary.errors.items():
        if code in examples:
            lines.append(f"  {count:>7,} {code}, such as {_example(examples[code])}")
            lines += [f"          {_HINTS[code]}"] if code in _HINTS else []
    unshown = len(summary.errors) - len(examples)
    if unshown > 0:
        lines.append(f"  and {counted(unshown, 'more error code')}")
    lines.append(f"run file: {summary.run}")
    return lines


def _example(outcome: Outcome) -> str:
    message = outcome.error_message or ""
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    return f"{outcome.source} {outcome.function_name}: {message}"
