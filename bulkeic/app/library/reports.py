"""What a run file has, for a program: its report and its outcomes."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Unpack

from bulkeic.app.commands.report import make_report
from bulkeic.app.library.given_options import given_options
from bulkeic.app.library.keywords import FileName, ReportKeywords, SelectionKeywords
from bulkeic.app.library.work import in_thread
from bulkeic.app.options.command_options import ReportOptions
from bulkeic.app.run_files.run_choice import check_selection
from bulkeic.core.model import Outcome
from bulkeic.core.report.run_report import RunReport
from bulkeic.store.run_file import RunFile

_BATCH = 1000


async def read_report(run: FileName, **keywords: Unpack[ReportKeywords]) -> RunReport:
    """Reads the report of a run, also while the run is in progress.

    Args:
        run: the run file.
        keywords: the flags of ``bulkeic report``. ``html``, ``markdown`` and ``junit`` also write
            the report to these files, which must not exist.

    Raises:
        RunFileError: it is not a run file.
        UsageError: a keyword is invalid, or a file cannot be written.
    """
    options = given_options(ReportOptions, "report", keywords, run)
    return await in_thread(partial(make_report, options, with_timeline=True))


async def read_outcomes(
    run: FileName, **keywords: Unpack[SelectionKeywords]
) -> AsyncIterator[Outcome]:
    """Reads the outcomes of a run in the order of its targets, also while it is in progress.

    Args:
        run: the run file.
        keywords: which targets, as for ``bulkeic report``.

    Raises:
        RunFileError: it is not a run file.
        UsageError: a keyword is invalid, or no target is selected.
    """
    options = given_options(ReportOptions, "report", keywords, run)
    check_selection(options.selection, has_run=True)
    path = Path(os.fspath(run))
    with ExitStack() as exits:

        def start() -> Iterator[Outcome]:
            file = RunFile(path, read_only=True, accept_loss=options.accept_loss)
            exits.enter_context(closing(file))
            file.choose(options.selection)
            return file.outcomes(only_chosen=True)

        found = await in_thread(start)
        while batch := await in_thread(lambda: list(islice(found, _BATCH))):
            for outcome in batch:
                yield outcome
