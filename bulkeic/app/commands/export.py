"""``bulkeic export``: prints a run's outcomes as JSON Lines or CSV."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bulkeic.app.setup.options import ExportOptions
from bulkeic.core.model import Outcome, Status
from bulkeic.output.results import check_stdout, encoder_of, write_stdout
from bulkeic.store.run_file import RunFile

_BATCH = 500


def export(options: ExportOptions) -> None:
    """Prints a run's outcomes.

    Raises:
        RunFileError: it is not a run file.
        UsageError: stdout cannot be written.
    """
    check_stdout()
    header, encode = encoder_of(options.format, terminal=sys.stdout.isatty())
    run = RunFile(Path(options.run), read_only=True)
    try:
        outcomes = run.outcomes([Status(status) for status in options.statuses])
        write_stdout([header])
        write_stdout(encode(batch) for batch in _batches(outcomes))
    finally:
        run.close()


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    while batch := list(islice(outcomes, _BATCH)):
        yield batch
