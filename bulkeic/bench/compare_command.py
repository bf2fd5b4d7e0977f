"""``bulkeic bench compare``: two results, or two commands that make them, side by side."""

import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bulkeic.app.run.invocation import FAILED_EXIT, print_json
from bulkeic.bench.model.comparison import Comparison, ComparisonRow, LoadComparison
from bulkeic.bench.model.comparison import compare as compared
from bulkeic.bench.model.fail_if import FailCondition
from bulkeic.bench.model.measurements import BenchResult, decode
from bulkeic.bench.report.comparison_text import comparison_lines, noise_text, ratio_text
from bulkeic.core.errors import UsageError, quoted
from bulkeic.output.console import Console

USUAL_REPEAT = 5
_GRACE_S = 10
_SHOWN_LINES = 20
_SHOWN_BYTES = 20_000
_MOST_BYTES = 1 << 29


class CompareOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``bench compare``.

    Attributes:
        old: a results file, or a command of several words that takes ``--results``.
        new: the same.
        fail_if: conditions of which none may hold.
        repeat: how often a command is run; ``None``: ``USUAL_REPEAT``.
        output: ``text``, or ``json`` on stdout beside it.
    """

    old: str
    new: str
    fail_if: tuple[FailCondition, ...] = ()
    repeat: int | None = None
    output: str = "text"


class Fired(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that holds.

    Attributes:
        condition: in words.
        load: of which it holds, in words.
        ratio: new / old.
    """

    condition: str
    load: str
    ratio: float | None


def compare(options: CompareOptions) -> int:
    """Compares two results and tells what comes of it.

    Returns:
        The command's exit code: 1 when a condition holds, else 0.

    Raises:
        BulkeicError: they cannot be compared, for the reason that it tells.
    """
    screen = Console()
    comparison = compared(*_results(options, screen))
    _check_measured(comparison, options.fail_if)
    fired = list(_fired(comparison, options.fail_if))
    for line in comparison_lines(comparison):
        screen.say(line)
    for condition, load, row in fired:
        screen.say(
            f"--fail-if {condition}: {ratio_text(row)}, noise {noise_text(row)} ({load.load})"
        )
    code = FAILED_EXIT if fired else 0
    if options.output == "json":
        return print_json(_json(comparison, fired, code), code, screen)
    return code


def _fired(
    comparison: Comparison, conditions: tuple[FailCondition, ...]
) -> Iterator[tuple[FailCondition, LoadComparison, ComparisonRow]]:
    for condition in conditions:
        for load in comparison.loads:
            for row in load.rows:
                if condition.holds(row):
                    yield condition, load, row


def _check_measured(comparison: Comparison, conditions: tuple[FailCondition, ...]) -> None:
    """A condition that nothing can be said of must not pass for one that does not hold."""
    for condition in conditions:
        for load in comparison.loads:
            for row in load.rows:
                if row.metric is condition.metric and row.ratio is None:
                    missing = "OLD" if row.old is None else "NEW"
                    raise UsageError(
                        f"--fail-if {condition}: {missing} has no {row.metric} ({load.load})"
                    )


def _json(
    comparison: Comparison,
    fired: list[tuple[FailCondition, LoadComparison, ComparisonRow]],
    code: int,
) -> bytes:
    told = msgspec.to_builtins(comparison) | {
        "fired": [
            Fired(condition=str(condition), load=load.load, ratio=row.ratio)
            for condition, load, row in fired
        ],
        "exit_code": code,
    }
    return msgspec.json.encode(told)


def _results(options: CompareOptions, screen: Console) -> tuple[BenchResult, BenchResult]:
    """Both results; those of files first, so that nothing is run in vain."""
    given = {"OLD": options.old, "NEW": options.new}
    commands = {name: words for name, text in given.items() if (words := _command(text))}
    if options.repeat is not None and not commands:
        raise UsageError("--repeat is how often commands are run; OLD and NEW are files")
    found = {
        name: [_read(Path(text), text)] for name, text in given.items() if name not in commands
    }
    if commands:
        found |= _measured(commands, options.repeat or USUAL_REPEAT, screen)
    return _merged(found["OLD"]), _merged(found["NEW"])


def _command(text: str) -> list[str]:
    """The words of a command; none: it is a file."""
    if not text.strip():
        raise UsageError("OLD and NEW: a results file, or a command")
    if _is_there(text):
        return []
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"{quoted(text)} is no command: {error}") from None
    return words if len(words) > 1 else []


def _is_there(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False


def _read(path: Path, source: str) -> BenchResult:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{quoted(source)}: {reason}") from None
    if len(text) > _MOST_BYTES:
        raise UsageError(f"{quoted(source)}: larger than any result of bulkeic bench")
    return decode(text, source)


def _merged(results: list[BenchResult]) -> BenchResult:
    """Several results of the same command as one, with more repeats."""
    measures = [each for result in results for each in result.measures]
    return replace(results[0], measures=measures)


def _measured(
    commands: dict[str, list[str]], repeat: int, screen: Console
) -> dict[str, list[BenchResult]]:
    """Runs the commands in turn: old new, new old, old new…, so that a drift meets both alike."""
    found: dict[str, list[BenchResult]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        for number in range(repeat):
            names = list(commands) if number % 2 == 0 else list(commands)[::-1]
            for name in names:
                path = Path(folder, f"{name}-{number}.json")
                with screen.busy(f"{name}, {number + 1} of {repeat}"):
                    _run(commands[name], path, name, screen)
                found[name].append(_written(path, name))
    return found


def _written(path: Path, name: str) -> BenchResult:
    if not path.is_file():
        raise UsageError(f"{name} has written no results: is it a bulkeic bench?")
    return decode(path.read_bytes(), f"what {name} has written")


def _run(words: list[str], path: Path, name: str, screen: Console) -> None:
    """Runs a command to its end; what it has to say is shown when it fails."""
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
                [*words, "--results", str(path), "--no-progress"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{name}: {quoted(words[0])}: {reason}") from None
        code = _ended(child)
        if code == 0 or (code == FAILED_EXIT and path.is_file()):
            return  # what failed is in the results
        said.seek(max(0, said.seek(0, 2) - _SHOWN_BYTES))
        for line in said.read().decode(errors="replace").splitlines()[-_SHOWN_LINES:]:
            screen.say(f"{name}: {line}")
    how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
    raise UsageError(f"{name} {how}: {quoted(shlex.join(words))}")


def _ended(child: "subprocess.Popen[bytes]") -> int:
    """Waits for a child, and takes it along where this process is told to end."""
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        try:
            child.wait(_GRACE_S)
        except BaseException:  # noqa: BLE001 - it takes too long, or whoever waits is told again
            child.kill()
            child.wait()
        raise
