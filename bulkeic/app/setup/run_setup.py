"""Run files: made from a targets file, or opened to go on; and the rules that they hold."""

import functools
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bulkeic.app.runtime import open_access
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.ingest import Loading
from bulkeic.app.setup.options import TargetsOptions, WorkOptions
from bulkeic.app.setup.run_metadata import (
    AWS,
    BEFORE_IMAGE,
    CREATED_AT,
    PLACE,
    PLANNED,
    RESTORES,
    SANDBOX,
    place_of,
)
from bulkeic.app.setup.where_expression import parse_where
from bulkeic.aws.environment import environment_region
from bulkeic.core.accounts import parse_external_id, parse_role, parse_session_name
from bulkeic.core.errors import InputError, UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.names import check_region
from bulkeic.core.policy import Apply, ApplyPlan, Plan, Rollback, Verify
from bulkeic.core.rows import Defaults
from bulkeic.output.console import Console
from bulkeic.output.results import STDOUT, check_stdout
from bulkeic.sources.rows_file import RowsFile
from bulkeic.store.database import is_run_file
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

RUNS_FOLDER = Path("bulkeic-runs")
_STDIN = "-"


def is_run(options: WorkOptions) -> bool:
    """Whether the source is a run file."""
    return options.source != _STDIN and is_run_file(Path(options.source))


def new_path(options: WorkOptions) -> Path:
    """Where a new run file is made."""
    return Path(options.run or RUNS_FOLDER / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}Z.db")


def place(options: WorkOptions) -> str:
    """Where the calls go to."""
    return SANDBOX if options.sandbox else AWS


def endpoint(options: WorkOptions) -> str:
    """What is called, for people: the endpoint that was given, or the place."""
    return options.access.endpoint_url or place(options)


def origin(options: WorkOptions) -> dict[str, str]:
    """Facts that a run file keeps of how it was begun."""
    return {PLACE: place(options), CREATED_AT: datetime.now(UTC).isoformat()}


def check(options: WorkOptions) -> None:
    """Refuses what cannot be, before anything is read or made.

    Raises:
        UsageError: options that cannot be, alone or together.
    """
    if options.results == STDOUT and options.output == "json":
        raise UsageError("--results - and --output json both want stdout; give one of them")
    if options.output == "json":
        check_stdout()
    if options.results not in {None, STDOUT}:
        check_not_read("--results", options.results, options.source, options.access.accounts)
    access = options.access
    for flag, value, checked in (
        ("--region", access.region, check_region),
        ("--role-arn", access.role_arn, parse_role),
        ("--external-id", access.external_id, parse_external_id),
        ("--role-session-name", access.role_session_name, parse_session_name),
    ):
        if value is not None:
            _check_flag(flag, value, checked)
    options.limits()
    if isinstance(options, TargetsOptions):
        _check_targets(options)


def check_not_read(flag: str, written: str, *read: str | None) -> None:
    """Refuses to write to a file that is read.

    Raises:
        UsageError: it is one of them; those that are ``None``, or empty, are none at all.
    """
    for path in read:
        if path and _same_file(written, path):
            raise UsageError(f"{flag} {quoted(written)} is the file that is read")


def check_yes(options: WorkOptions, *, yes: bool) -> None:
    """Refuses to begin where nobody can be asked.

    Raises:
        UsageError: stdin is no terminal.
    """
    if not yes and not options.sandbox and not sys.stdin.isatty():
        raise UsageError("stdin is no terminal to ask on; say --yes to go ahead without asking")


def _check_targets(options: TargetsOptions) -> None:
    if options.where is not None:
        parse_where(options.where)
    if not is_run(options):
        return
    for name, given in options.settled():
        if given:
            raise UsageError(
                f"{quoted(options.source)} is a run file, in which {name} cannot be changed; leave "
                "that out, or start a new run from the targets file"
            )


def _same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def _check_flag(where: str, value: str, checked: Callable[[str], object]) -> None:
    try:
        checked(value)
    except InputError as problem:
        raise UsageError(f"{where}: {problem.rule}") from None


def make(options: TargetsOptions, path: Path, reach: AccountResolver, screen: Console) -> None:
    """Makes a run file of a targets file.

    Raises:
        BulkeicError: the targets file has problems, which have been told; or anything else that
            keeps the run from starting.
    """
    targets = RowsFile(options.source, options.format)
    defaults = Defaults(
        region=_default_region(options),
        settings=options.settings,
        regions=reach.accounts.only_regions(),
    )
    loading = Loading(
        targets,
        defaults,
        path,
        reach,
        skip_invalid=options.skip_invalid,
        screen=screen,
        origin=origin(options) | options.facts(),
    )
    with screen.busy(f"reading {targets.name}"):
        loading.run(functools.partial(_check_number, options=options))


def _default_region(options: WorkOptions) -> str | None:
    access = options.access
    region = access.region or environment_region()
    chosen = access.profile is not None or access.endpoint_url is not None
    if chosen or not (region or options.sandbox):
        region = open_access(access).region  # refuses a profile or an endpoint that is none
    if region is not None:
        _check_flag("the Region of the environment or the profile", region, check_region)
    return region


def check_opened(
    run: RunFile, options: WorkOptions, reach: AccountResolver, which: JobFilter = JobFilter.PENDING
) -> None:
    """Makes sure that a run that is there already can be gone on with.

    Args:
        run: the run file.
        options: how to go on.
        reach: the accounts that can be worked on.
        which: of its jobs.

    Raises:
        AccessError: STS does not tell whose the credentials are.
        UsageError: it was begun elsewhere, or with other accounts, or has too many targets.
    """
    check_place(run, options)
    for account_id, role_arn in run.roles().items():
        reach.accounts.assign_role(Lane(account_id, ""), role_arn)
    lanes = run.jobs.lanes(which)
    for lane, problem in reach.refusals(lanes).items():
        raise UsageError(f"jobs of {lane} are pending, but {problem.rule}")
    if isinstance(options, TargetsOptions):
        _check_number(sum(lanes.values()), options)


@contextmanager
def opened(options: TargetsOptions, reach: AccountResolver, screen: Console) -> Iterator[RunFile]:
    """A run file that is only looked at; one of a targets file is gone afterwards.

    Raises:
        BulkeicError: the source cannot be read, or has problems, which have been told.
    """
    if is_run(options):
        run = RunFile(Path(options.source), read_only=True)
        try:
            check_opened(run, options, reach, JobFilter.EVERY)
            yield run
        finally:
            run.close()
        return
    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        path = Path(folder) / "looked-at.db"
        make(options, path, reach, screen)
        run = RunFile(path, is_new=True)
        try:
            yield run
        finally:
            run.close()


def check_place(run: RunFile, options: WorkOptions) -> None:
    """Makes sure that a run is gone on with where it was begun.

    Raises:
        UsageError: it was begun elsewhere.
    """
    begun = place_of(run)
    if begun != place(options):
        raise UsageError(
            f"run file {quoted(str(run.path))} was begun on {begun}; carry on with it "
            f"{'with' if begun == SANDBOX else 'without'} --sandbox"
        )


def _check_number(targets: int, options: TargetsOptions) -> None:
    most = options.max_targets
    if most is not None and targets > most:
        raise UsageError(
            f"{targets:,} targets are more than --max-targets {most:,} allows; nothing was sent"
        )


def is_guarded(run: RunFile) -> bool:
    """Whether a run's targets have to be what they are known to have been."""
    return PLANNED in run.facts or RESTORES in run.facts


def apply_policy(run: RunFile, *, force: bool = False) -> Apply | ApplyPlan | Rollback:
    """How apply treats the targets of a run."""
    facts = run.facts
    if RESTORES in facts:
        return Rollback(planned=PLANNED in facts, force=force)
    if PLANNED in facts:
        return ApplyPlan(
            create_missing="create_missing" in facts,
            replace_destinations="replace_destinations" in facts,
            force=force,
        )
    return _apply(run, force=force)


def plan_policy(run: RunFile, *, force: bool = False) -> Plan:
    """How plan treats the targets of a run."""
    is_rollback = RESTORES in run.facts
    return Plan(Rollback(planned=True, force=force) if is_rollback else _apply(run, force=force))


def verify_policy(run: RunFile) -> Verify:
    """How verify treats the targets of a run: those that ``--where`` left out are not read."""
    is_rollback = RESTORES in run.facts
    return Verify(Rollback() if is_rollback else msgspec.structs.replace(_apply(run), where=None))


def _apply(run: RunFile, *, force: bool = False) -> Apply:
    facts = run.facts
    return Apply(
        before_image=BEFORE_IMAGE in facts,
        create_missing="create_missing" in facts,
        replace_destinations="replace_destinations" in facts,
        force=force,
        where=parse_where(facts["where"]) if "where" in facts else None,
    )
