"""``bulkeic export``: prints a run's outcomes as JSON Lines or CSV, its targets, or code."""

import functools
import heapq
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import itemgetter
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.options.command_options import ExportOptions
from bulkeic.app.run_files.run_choice import (
    check_owners,
    check_selection,
    left_out_lines,
    unknown_code_lines,
)
from bulkeic.app.run_files.run_opening import open_run
from bulkeic.core.errors import DamagedRunError, UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import NOT_DONE, Outcome
from bulkeic.core.outcome_fields import OutcomeValues, outcome_values, pending_values
from bulkeic.core.targets.selection import JobState, Selection
from bulkeic.core.targets.target_rows import (
    TARGET_COLUMNS,
    WAVE_COLUMN,
    TargetValues,
    target_values,
)
from bulkeic.output.console import Console
from bulkeic.output.files.results import check_stdout, encoder_of, write_output
from bulkeic.output.files.targets_codec import targets_encoder
from bulkeic.output.formatting import counted
from bulkeic.store.integrity.salvage import Salvage
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.sqlite.file_checks import run_file_version
from bulkeic.store.sqlite.file_kind import RUN_FILE

_BATCH = 500
_RUN_FLAGS = ("create_missing", "replace_destinations", "where")


def export(options: ExportOptions) -> int:
    """Prints a run's outcomes, or its targets; of a damaged run file the outcomes that are intact.

    Returns:
        The command's exit code.

    Raises:
        RunFileError: it is not a run file.
        UsageError: the output cannot be written, or has another format.
    """
    if options.out is None:
        check_stdout()
    selection = replace(options.selection, error_codes=options.error_codes)
    check_selection(selection, has_run=True)
    options = replace(options, selection=selection)
    write_targets = _targets_writer(options)
    try:
        run = open_run(Path(options.run), Console(), read_only=True)
    except DamagedRunError as error:
        if write_targets is not None:
            raise
        return _salvage(options, error)
    try:
        if options.error_codes:
            _note_unknown_codes(run, options)
        check_owners(run, options.selection)
        run.choose(_selection(options, prints_outcomes=write_targets is None))
        if write_targets is not None:
            write_targets(run)
        else:
            _write_outcomes(options, _records(run, options.selection))
        for line in left_out_lines(run, options.selection):
            Console().print(line)
    finally:
        run.close()
    return ExitCode.OK


def _note_unknown_codes(run: RunFile, options: ExportOptions) -> None:
    failed: Counter[str] = Counter()
    for tally in run.counts.tallies():
        if tally.status in NOT_DONE:
            failed[tally.error_code or ""] += tally.count
    for line in unknown_code_lines(options.error_codes, failed):
        Console().print(line)


def _selection(options: ExportOptions, *, prints_outcomes: bool) -> Selection:
    """The selection; a sample or a limit of outcomes is not spent on jobs without one."""
    selection = options.selection
    if prints_outcomes and selection.needs_all_targets() and not selection.statuses:
        with_outcome = tuple(state for state in JobState if state is not JobState.PENDING)
        return replace(selection, statuses=with_outcome)
    return selection


def _records(run: RunFile, selection: Selection) -> Iterator[OutcomeValues]:
    """The selected outcomes, and pending jobs if they were asked for, in file order."""
    outcomes = map(outcome_values, run.outcomes(only_chosen=True))
    if JobState.PENDING not in selection.statuses:
        return outcomes
    pending = map(pending_values, run.jobs.in_file_order(JobFilter.PENDING))
    return heapq.merge(outcomes, pending, key=itemgetter(0))


def _write_outcomes(options: ExportOptions, records: Iterator[OutcomeValues]) -> None:
    by_ending = "csv" if (options.out or "").lower().endswith(".csv") else "jsonl"
    is_terminal = options.out is None and sys.stdout.isatty()
    header, encode = encoder_of(options.format or by_ending, terminal=is_terminal)
    write_output(options.out, _encoded(header, encode, records))


def _encoded(
    header: bytes,
    encode: Callable[[Iterable[OutcomeValues]], bytes],
    records: Iterator[OutcomeValues],
) -> Iterator[bytes]:
    yield header
    while batch := list(islice(records, _BATCH)):
        yield encode(batch)


def _salvage(options: ExportOptions, error: DamagedRunError) -> ExitCode:
    selection = options.selection
    if selection.needs_all_targets():
        raise UsageError(f"{error.problem}; omit --sample and --limit to save what is intact")
    if selection.owner_flag is not None:
        raise UsageError(f"{error.problem}; omit {selection.owner_flag} to save what is intact")
    salvage = _salvage_of(Path(options.run))
    selected = filter(functools.partial(_is_selected, selection), salvage.outcomes())
    exported = 0

    def records() -> Iterator[OutcomeValues]:
        nonlocal exported
        for outcome in selected:
            exported += 1
            yield outcome_values(outcome)

    _write_outcomes(options, records())
    outcomes = counted(exported, "intact outcome")
    if not salvage.has_digests:
        outcomes = f"{counted(exported, 'outcome')} that cannot be checked"
    Console().print(
        f"bulkeic: {error.problem}; exported {outcomes}, "
        f"left out {salvage.damaged:,} damaged; others may be missing"
    )
    return ExitCode.FAILED


def _salvage_of(path: Path) -> Salvage:
    version = run_file_version(path)
    if version is None or version >= RUN_FILE.version:
        return Salvage(path)
    from bulkeic.store.migration.older_salvage import OlderSalvage  # noqa: PLC0415 - few need it

    return OlderSalvage(path, version)


def _is_selected(selection: Selection, outcome: Outcome) -> bool:
    target = outcome.target
    if target is None:
        in_lane, name = not (selection.accounts or selection.regions), outcome.function_name
    else:
        in_lane, name = selection.matches_lane(target.lane), target.function
    return (
        in_lane
        and selection.matches_function(name)
        and selection.matches_outcome(outcome.status, outcome.error_code)
    )


def _targets_writer(options: ExportOptions) -> Callable[[RunFile], None] | None:
    """What writes the targets of a run as a targets file or as code; ``None``: outcomes are wanted.

    Raises:
        UsageError: the options do not fit together.
    """
    if options.terraform and options.format != "terraform":
        raise UsageError("--terraform requires --format terraform")
    match options.format:
        case "targets":
            return _targets_file_writer(options)
        case "terraform" | "cloudformation":
            from bulkeic.app.commands.code_export import code_writer  # noqa: PLC0415 - few need it

            return code_writer(options)
        case _:
            return None


def _targets_file_writer(options: ExportOptions) -> Callable[[RunFile], None]:
    encode = targets_encoder(options.out)

    def write(run: RunFile) -> None:
        if run.metadata.restores is not None:
            raise UsageError(
                f"run file {quoted(str(run.path))} rolls back another run, and what it restores "
                "cannot be a targets file; export the run that it rolls back"
            )
        columns = (*TARGET_COLUMNS, WAVE_COLUMN) if run.jobs.have_waves else TARGET_COLUMNS
        write_output(options.out, encode(_targets(run), columns))
        flags = [f"--{name.replace('_', '-')}" for name in _RUN_FLAGS if _is_set(run, name)]
        if flags:
            Console().print(f"note: the run was made with {', '.join(flags)}; give them again")

    return write


def _targets(run: RunFile) -> Iterator[TargetValues]:
    roles = run.roles()
    for job in run.jobs.in_file_order():
        yield target_values(job, roles.get(job.target.lane.account_id))


def _is_set(run: RunFile, name: str) -> bool:
    return bool(getattr(run.metadata, name))
