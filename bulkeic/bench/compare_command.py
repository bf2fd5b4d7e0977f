"""``bulkeic bench compare``: compares two results, or two commands that write results."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from bulkeic.bench.bench_options import DEFAULT_REPEAT, CompareOptions
from bulkeic.bench.model.comparison import (
    Comparison,
    ComparisonRow,
    LoadComparison,
    compare_results,
)
from bulkeic.bench.model.fail_if import FailCondition
from bulkeic.bench.model.measurements import BenchResult, decode
from bulkeic.bench.report.comparison_text import comparison_lines, noise_text, ratio_text
from bulkeic.bench.run.command_repeats import run_repeatedly
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.output.console import Console
from bulkeic.output.summary_json import print_json

_MAX_FILE_BYTES = 1 << 29


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that holds, in JSON.

    Attributes:
        condition: the condition as text.
        load: description of the load.
        ratio: new / old.
    """

    condition: str
    load: str
    ratio: float | None


class _Match(NamedTuple):
    condition: FailCondition
    load: LoadComparison
    row: ComparisonRow


def compare(options: CompareOptions) -> int:
    """Compares two results and prints the comparison.

    Returns:
        The exit code: 1 if a condition holds, else 0.

    Raises:
        BulkeicError: the results cannot be compared; the error says why.
    """
    console = Console()
    comparison = compare_results(*_read_or_run(options, console))
    rows = list(_rows_of_conditions(comparison, options.fail_if))
    _check_measured(rows)
    fired = [match for match in rows if match.condition.holds(match.row)]
    for line in comparison_lines(comparison):
        console.print(line)
    for condition, load, row in fired:
        console.print(
            f"--fail-if {condition}: {ratio_text(row)}, noise {noise_text(row)} ({load.load})"
        )
    code = ExitCode.FAILED if fired else ExitCode.OK
    if options.output == "json":
        return print_json(_json(comparison, fired, code), code, console)
    return code


def _rows_of_conditions(
    comparison: Comparison, conditions: tuple[FailCondition, ...]
) -> Iterator[_Match]:
    for condition in conditions:
        for load in comparison.loads:
            for row in load.rows:
                if row.metric is condition.metric:
                    yield _Match(condition, load, row)


def _check_measured(matches: list[_Match]) -> None:
    """Rejects conditions on metrics that were not measured: they must not seem to pass."""
    for condition, load, row in matches:
        if row.ratio is None:
            side = "OLD" if row.old is None else "NEW"
            raise UsageError(f"--fail-if {condition}: {side} has no {row.metric} ({load.load})")


def _json(comparison: Comparison, fired: list[_Match], code: int) -> bytes:
    fields = msgspec.to_builtins(comparison) | {
        "fired": [
            Fired(condition=str(match.condition), load=match.load.load, ratio=match.row.ratio)
            for match in fired
        ],
        "exit_code": code,
    }
    return msgspec.json.encode(fields)


def _read_or_run(options: CompareOptions, console: Console) -> tuple[BenchResult, BenchResult]:
    """Both results. Files are read first, so that no command runs when a file is invalid."""
    given = {"OLD": options.old, "NEW": options.new}
    commands = {name: words for name, text in given.items() if (words := _command_words(text))}
    if options.repeat is not None and not commands:
        raise UsageError("--repeat applies to commands, but OLD and NEW are files")
    results = {
        name: [_read(Path(text), text)] for name, text in given.items() if name not in commands
    }
    if commands:
        results |= run_repeatedly(commands, options.repeat or DEFAULT_REPEAT, console)
    return _merge(results["OLD"]), _merge(results["NEW"])


def _command_words(text: str) -> list[str]:
    """The words of a command; empty if the text names a file."""
    if not text.strip():
        raise UsageError("OLD and NEW must be results files or commands")
    if _exists(text):
        return []
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{quoted(text)} is not a command: {error}") from None
    return words if len(words) > 1 else []


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _read(path: Path, source: str) -> BenchResult:
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{quoted(source)}: {reason}") from None
    if len(text) > _MAX_FILE_BYTES:
        raise UsageError(f"{quoted(source)}: larger than any result of bulkeic bench")
    return decode(text, source)


def _merge(results: list[BenchResult]) -> BenchResult:
    """Combines results of one command into one result with more repeats."""
    measures = [each for result in results for each in result.measures]
    return replace(results[0], measures=measures)
