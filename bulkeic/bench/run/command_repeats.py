"""Runs two benchmark commands in turn, and reads the results that they write."""

import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bulkeic.bench.model.measurements import BenchResult, decode
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.output.console import Console

_TERMINATION_S = 10
_SHOWN_LINES = 20
_SHOWN_BYTES = 20_000


def run_repeatedly(
    commands: Mapping[str, Sequence[str]], repeat: int, console: Console
) -> dict[str, list[BenchResult]]:
    """Runs each command ``repeat`` times.

    The order alternates (old new, new old, …), so that a drift of the machine affects both alike.

    Args:
        commands: words of each command, by name.
        repeat: number of runs of each command.
        console: shows progress, and the last lines of a command that fails.

    Returns:
        The results of each command.

    Raises:
        BulkeicError: a command failed or wrote no valid result.
    """
    results: dict[str, list[BenchResult]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        for number in range(repeat):
            names = list(commands) if number % 2 == 0 else list(commands)[::-1]
            for name in names:
                path = Path(folder, f"{name}-{number}.json")
                with console.spinner(f"{name}, {number + 1} of {repeat}"):
                    _run(commands[name], path, name, console)
                results[name].append(_read_result(path, name))
    return results


def _run(words: Sequence[str], path: Path, name: str, console: Console) -> None:
    """Runs a command; shows the end of its stderr if it fails."""
    with tempfile.TemporaryFile() as stderr:
        try:
            child = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
                [*words, "--results", str(path), "--no-progress"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{name}: {quoted(words[0])}: {reason}") from None
        code = _wait(child)
        if code == ExitCode.OK or (code == ExitCode.FAILED and path.is_file()):
            return  # the results include failed requests
        stderr.seek(max(0, stderr.seek(0, 2) - _SHOWN_BYTES))
        for line in stderr.read().decode(errors="replace").splitlines()[-_SHOWN_LINES:]:
            console.print(f"{name}: {line}")
    how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
    raise UsageError(f"{name} {how}: {quoted(shlex.join(words))}")


def _wait(child: "subprocess.Popen[bytes]") -> int:
    """Waits for a child process, and terminates it if this process is interrupted."""
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        try:
            child.wait(_TERMINATION_S)
        except BaseException:  # noqa: BLE001 - a time-out or a second interruption
            child.kill()
            child.wait()
        raise


def _read_result(path: Path, name: str) -> BenchResult:
    if not path.is_file():
        raise UsageError(f"{name} wrote no results; expected a bulkeic bench command")
    return decode(path.read_bytes(), f"the results that {name} wrote")
