"""``bulkeic export``: prints a run's outcomes as JSON Lines or CSV."""

import functools
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from bulkeic.app.setup.options import ExportOptions
from bulkeic.core.errors import DamagedRunError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Outcome, Status
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.output.results import check_stdout, encoder_of, write_stdout
from bulkeic.store.run_file import RunFile
from bulkeic.store.salvage import Salvage

_BATCH = 500


def export(options: ExportOptions) -> int:
    """Prints a run's outcomes; of a damaged run file those that are intact.

    Returns:
        The command's exit code.

    Raises:
        RunFileError: it is not a run file.
        UsageError: stdout cannot be written.
    """
    check_stdout()
    header, encode = encoder_of(options.format, terminal=sys.stdout.isatty())
    statuses = [Status(status) for status in options.statuses]
    write = functools.partial(_write, header, encode)
    try:
        run = RunFile(Path(options.run), read_only=True)
    except DamagedRunError as error:
        salvage = Salvage(Path(options.run))
        write(salvage.outcomes(statuses))
        Console().print(
            f"bulkeic: {error.problem}; exported {counted(salvage.intact, 'intact outcome')}, "
            f"left out {salvage.damaged:,} damaged; others may be missing"
        )
        return ExitCode.FAILED
    try:
        write(run.outcomes(statuses))
    finally:
        run.close()
    return ExitCode.OK


def _write(
    header: bytes, encode: Callable[[list[Outcome]], bytes], outcomes: Iterator[Outcome]
) -> None:
    write_stdout([header])
    write_stdout(encode(batch) for batch in _batches(outcomes))


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    while batch := list(islice(outcomes, _BATCH)):
        yield batch
