"""Run files of the commands: checked options, new runs, resumed runs, and their policy."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.access.access_checks import check_access
from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.intake.ingest import Ingest, TargetRows
from bulkeic.app.intake.owner_reading import OwnerReading, check_owner_flags
from bulkeic.app.intake.target_source import check_code, default_region, open_targets, owning_code
from bulkeic.app.options.command_options import (
    RUNS_FOLDER,
    ApplyOptions,
    PlanOptions,
    TargetsOptions,
    VerifyOptions,
    WorkOptions,
)
from bulkeic.app.run_files.new_waves import check_row_waves, read_wave_rules
from bulkeic.app.run_files.next_commands import stored_flags
from bulkeic.app.run_files.run_binding import bound, check_caller, check_place
from bulkeic.app.run_files.run_choice import check_selection, choose_jobs, left_out_lines
from bulkeic.app.run_files.run_flags import check_flags, encode_flags
from bulkeic.app.run_files.run_opening import open_run
from bulkeic.app.setup.output_files import (
    check_not_overwritten,
    check_not_read,
    check_not_used,
    check_replaceable,
)
from bulkeic.core.change.policy import Apply, ApplyPlan, Plan, Rollback, Verify, Where
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.targets.rows import Defaults
from bulkeic.output.console import Console
from bulkeic.output.files.results import STDOUT, check_stdout
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import AWS, SANDBOX, RunMetadata
from bulkeic.store.sqlite.file_checks import SQLITE_ENDS, is_run_file

STDIN = "-"


def has_run_file(options: WorkOptions) -> bool:
    """Whether the source is a run file."""
    if isinstance(options, TargetsOptions) and options.is_source_code:
        return False
    return options.source != STDIN and is_run_file(Path(options.source))


def new_run_path(options: WorkOptions) -> Path:
    """Where to create a new run file."""
    return Path(options.run or RUNS_FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}Z.db")


def new_metadata(options: WorkOptions, source: str) -> RunMetadata:
    """The metadata of a new run.

    Args:
        options: of the command that creates it.
        source: the targets file's name.
    """
    metadata = RunMetadata(
        source=source,
        place=SANDBOX if options.sandbox else AWS,
        created_at=datetime.now(UTC).isoformat(),
        planned=isinstance(options, PlanOptions),
        before_image=isinstance(options, ApplyOptions) and options.before_image is not False,
        flags=stored_flags(options),
    )
    if not isinstance(options, TargetsOptions):
        return metadata
    return replace(
        metadata,
        create_missing=options.create_missing,
        replace_destinations=options.replace_destinations,
        exact=options.is_source_code,
        where=options.where,
        made_with=encode_flags(options.stored_by_run()),
    )


def check_options(options: WorkOptions) -> None:
    """Checks options before anything is read or created.

    Raises:
        UsageError: an option is invalid, or does not go with another one.
    """
    if options.results == STDOUT and options.output == "json":
        raise UsageError("--results - and --output json both write to stdout; use one of them")
    if options.output == "json":
        check_stdout()
    if options.results not in {None, STDOUT}:
        waves_file = options.waves_file if isinstance(options, TargetsOptions) else None
        code = options.code.files if isinstance(options, TargetsOptions) else ()
        read = (options.source, options.access.accounts, waves_file, *code)
        check_not_read("--results", options.results, *read)
        if not (options.overwrite or (isinstance(options, ApplyOptions) and has_run_file(options))):
            check_not_overwritten("--results", options.results)
    if options.watch.metrics is not None:
        _check_metrics(options, options.watch.metrics)
    check_access(options.access)
    options.pace.limits()
    options.scheduler.check(options.pace.workers)
    has_run = has_run_file(options)
    check_selection(options.selection, has_run=has_run)
    if isinstance(options, TargetsOptions) and not has_run:
        check_owner_flags(options, has_code=bool(options.code.files))
    if isinstance(options, TargetsOptions):
        _check_targets(options)


def _check_metrics(options: WorkOptions, path: str) -> None:
    check_replaceable("--metrics", path)
    others = [options.source, options.access.accounts, options.run]
    others += [f"{run}{end}" for run in (options.source, options.run) if run for end in SQLITE_ENDS]
    if isinstance(options, TargetsOptions):
        others += [options.waves_file, *options.code.files]
    others += [options.junit, options.markdown] if isinstance(options, VerifyOptions) else []
    others += [] if options.results == STDOUT else [options.results]
    check_not_used("--metrics", path, *others)
    if is_run_file(Path(path)):
        raise UsageError(f"--metrics {quoted(path)} is a run file; use another file")


def check_yes(options: WorkOptions, console: Console) -> None:
    """Checks that a question can be answered, if one will be asked.

    Args:
        options: of the command.
        console: asks it.

    Raises:
        UsageError: stdin is not a terminal.
    """
    if not (options.yes or options.sandbox or console.agrees or console.can_confirm):
        raise UsageError("stdin is not a terminal; use --yes to start without being asked")


def _check_targets(options: TargetsOptions) -> None:
    if options.needs_source and not options.source:
        raise UsageError(
            "Missing argument 'SOURCE'; expected a targets file, - for stdin, or a run file; or "
            "use --terraform or --template"
        )
    check_code(options)
    if options.waves_file == STDIN == options.source:
        raise UsageError("SOURCE and --waves-file cannot both be read from stdin")
    if options.where is not None:
        _where(options.where)


@contextmanager
def run_file(
    options: TargetsOptions, resolver: AccountResolver, console: Console
) -> Iterator[RunFile]:
    """The run file to work on: the source itself, or a new one from a targets file.

    Raises:
        BulkeicError: the source cannot be read or has problems, which have been printed; or the run
            cannot be resumed.
    """
    exists = has_run_file(options)
    path = Path(options.source) if exists else new_run_path(options)
    if not exists:
        binding = functools.partial(bound, options=options, resolver=resolver)
        create_run(options, path, resolver, console, bind=binding)
    run = (
        open_run(path, console, accept_loss=options.accept_loss)
        if exists
        else RunFile(path, is_new=True)
    )
    try:
        if exists:
            choose_jobs(run, options.selection, allow_empty=options.allow_empty)
            check_resumable(run, options, resolver, console)
        _print_left_out(run, options, console)
        yield run
    finally:
        run.close()


@contextmanager
def readable_run(
    options: TargetsOptions,
    resolver: AccountResolver,
    console: Console,
    targets: TargetRows | None = None,
) -> Iterator[RunFile]:
    """A run file to read only: the source itself, or a temporary one from a targets file.

    Args:
        options: of the command.
        resolver: knows which accounts can be reached.
        console: prints problems.
        targets: see ``create_run``.

    Raises:
        BulkeicError: the source cannot be read, or has problems, which have been printed.
    """
    if has_run_file(options):
        run = open_run(
            Path(options.source), console, read_only=True, accept_loss=options.accept_loss
        )
        try:
            choose_jobs(run, options.selection, allow_empty=options.allow_empty)
            check_resumable(run, options, resolver, console, JobFilter.EVERY)
            _print_left_out(run, options, console)
            yield run
        finally:
            run.close()
        return
    import tempfile  # noqa: PLC0415 - only plans and verifications need it

    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        path = Path(folder) / "temporary.db"
        create_run(options, path, resolver, console, targets=targets)
        run = RunFile(path, is_new=True)
        try:
            _print_left_out(run, options, console)
            yield run
        finally:
            run.close()


def _print_left_out(run: RunFile, options: WorkOptions, console: Console) -> None:
    for line in left_out_lines(run, options.selection):
        console.print(line)


def create_run(
    options: TargetsOptions,
    path: Path,
    resolver: AccountResolver,
    console: Console,
    *,
    bind: Callable[[RunMetadata, list[Lane]], RunMetadata] | None = None,
    targets: TargetRows | None = None,
) -> None:
    """Creates a run file from a targets file.

    Args:
        options: of the command.
        path: of the run file.
        resolver: knows which accounts can be reached.
        console: prints problems.
        bind: see ``Ingest``.
        targets: the rows; ``None``: those of the source that the options name.

    Raises:
        BulkeicError: the targets file has problems, which have been printed; or the run cannot
            start for another reason.
    """
    targets = open_targets(options, resolver, console) if targets is None else targets
    codes = owning_code(targets, options, resolver, console)
    region, regions = default_region(options), resolver.accounts.only_regions()
    defaults = Defaults(region=region, settings=options.settings, regions=regions)
    ingest = Ingest(
        targets,
        defaults,
        path,
        resolver,
        skip_invalid=options.skip_invalid,
        allow_empty=options.allow_empty,
        selection=options.selection,
        console=console,
        metadata=replace(
            new_metadata(options, targets.name), wave_rules=read_wave_rules(options.waves_file)
        ),
        bind=bind,
        check_waves=functools.partial(check_row_waves, options, targets.name),
        read_owners=OwnerReading(options, resolver.accounts, console, codes).read,
    )
    with console.spinner(f"reading {targets.name}"):
        ingest.run(functools.partial(_check_number, options=options))


def check_resumable(
    run: RunFile,
    options: WorkOptions,
    resolver: AccountResolver,
    console: Console,
    which: JobFilter = JobFilter.PENDING,
) -> None:
    """Checks that an existing run can be worked on.

    Args:
        run: the run file.
        options: of the command.
        resolver: gets the roles that the run's rows gave.
        console: prints a note if another principal made the run.
        which: of its jobs.

    Raises:
        AccessError: STS cannot be called.
        UsageError: the run was started elsewhere or with other accounts, or has too many targets.
    """
    check_place(run, options, console)
    check_flags(run, options)
    for account_id, role_arn in run.roles().items():
        resolver.accounts.assign_role(Lane(account_id, ""), role_arn)
    lanes = work_left(run, options, which)
    if lanes or run.waves.have_unverified():
        check_caller(run, resolver, console)
    for lane, problem in resolver.refusals(lanes).items():
        raise UsageError(f"jobs of {lane} are pending, but {problem.rule}")
    if isinstance(options, TargetsOptions):
        _check_number(sum(lanes.values()), options)


def work_left(
    run: RunFile, options: WorkOptions, which: JobFilter = JobFilter.PENDING
) -> dict[Lane, int]:
    """The number of each lane's jobs to work on, with those that ``--retry-failed`` adds."""
    lanes = Counter(run.jobs.lanes(which))
    if isinstance(options, ApplyOptions) and options.retry_failed:
        for lane, codes in run.reopening.failed_codes().items():
            wanted = codes.keys() & (options.error_codes or codes)
            lanes[lane] += sum(codes[code] for code in wanted)
    return {lane: jobs for lane, jobs in lanes.items() if jobs}


def _check_number(targets: int, options: TargetsOptions) -> None:
    limit = options.max_targets
    if limit is not None and targets > limit:
        raise UsageError(
            f"more targets ({targets:,}) than --max-targets {limit:,}; nothing was sent; "
            "raise the limit, or select fewer targets"
        )


def apply_policy(run: RunFile, *, force: bool = False) -> Apply | ApplyPlan | Rollback:
    """How ``apply`` treats the targets of a run."""
    metadata = run.metadata
    if metadata.restores is not None:
        return Rollback(planned=metadata.planned, force=force)
    if metadata.planned:
        return ApplyPlan(
            create_missing=metadata.create_missing,
            replace_destinations=metadata.replace_destinations,
            force=force,
            exact=metadata.exact,
        )
    return _apply(metadata, force=force)


def plan_policy(run: RunFile, *, force: bool = False) -> Plan:
    """How ``plan`` treats the targets of a run."""
    metadata = run.metadata
    if metadata.restores is not None:
        return Plan(Rollback(planned=True, force=force))
    return Plan(_apply(metadata, force=force))


def verify_policy(run: RunFile) -> Verify:
    """How ``verify`` treats the targets of a run; those left out by ``--where`` are not read."""
    if run.metadata.restores is not None:
        return Verify(Rollback(), finds_missing=True)
    return Verify(_apply(replace(run.metadata, where=None)), finds_missing=True)


def _apply(metadata: RunMetadata, *, force: bool = False) -> Apply:
    return Apply(
        before_image=metadata.before_image,
        create_missing=metadata.create_missing,
        replace_destinations=metadata.replace_destinations,
        force=force,
        exact=metadata.exact,
        where=None if metadata.where is None else _where(metadata.where),
    )


def _where(expression: str) -> Where:
    from bulkeic.app.where.where_expression import parse_where  # noqa: PLC0415 - few runs have one

    return parse_where(expression)
