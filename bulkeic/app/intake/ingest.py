"""A targets file → a new run file, or a list of all problems and no file."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import until_stopped
from bulkeic.app.run_files.run_choice import check_flags_text
from bulkeic.core.errors import BulkeicError, InputError, UsageError
from bulkeic.core.model import Job, Lane, Target
from bulkeic.core.targets.destinations import destination_warnings, self_destination_problems
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.core.targets.selection import EVERY_TARGET, Selection
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.store.loader import Duplicate, Loader
from bulkeic.store.run_metadata import RunMetadata

_MEMOIZED = 1024


class TargetRows(Protocol):
    """The rows of a source of targets.

    Attributes:
        name: of the source, printable.
    """

    name: str

    def rows(self) -> Iterator[Row | InputError]:
        """Yields the rows, and the problems of rows that cannot be decoded."""

    def place(self, line: int) -> str:
        """How messages name the row of a line."""

    def at(self, problem: InputError, line: int) -> InputError:
        """The problem of the row of a line, with its place."""


def jobs_of(targets: TargetRows, defaults: Defaults) -> Iterator[Job]:
    """The jobs of a targets file, in file order.

    Args:
        targets: the file.
        defaults: values for what a row does not set.

    Raises:
        InputError: the first invalid row, with file, line and field.
    """
    parser = RowParser(targets.name, defaults)
    for seq, row in enumerate(targets.rows()):
        if isinstance(row, InputError):
            raise row
        try:
            yield parser.job(seq, row)
        except InputError as problem:
            raise row.located(problem, targets.name) from None


class BadInputError(BulkeicError):
    """A targets file has problems, which have been printed; nothing was sent."""


class Ingest:
    """Creates a run file from one targets file.

    Args:
        targets: the file.
        defaults: values for what a row does not set.
        path: of the run file to create.
        resolver: knows which accounts can be reached.
        allow_empty: accept a file without targets.
        selection: of its targets; the others are not loaded.
        skip_invalid: give invalid rows the outcome ``invalid``, instead of refusing the file.
        console: prints problems.
        metadata: of the run.
        bind: completes the metadata, given the lanes of the run; ``None``: they are complete.
        check_waves: takes whether rows give their waves (``have_waves``), and raises if flags do
            not go with that.
        read_owners: stores who manages the targets, and returns what was read for that (see
            ``RunMetadata.owner_sources``).
    """

    def __init__(
        self,
        targets: TargetRows,
        defaults: Defaults,
        path: Path,
        resolver: AccountResolver,
        *,
        skip_invalid: bool,
        allow_empty: bool = True,
        selection: Selection = EVERY_TARGET,
        console: Console,
        metadata: RunMetadata,
        bind: Callable[[RunMetadata, list[Lane]], RunMetadata] | None = None,
        check_waves: Callable[..., None] | None = None,
        read_owners: Callable[[Loader], str | None] | None = None,
    ) -> None:
        self._read_owners_of = read_owners
        self._owner_sources: str | None = None
        self._metadata = metadata
        self._bind = bind
        self._check_waves = check_waves
        self._targets = targets
        self._defaults = defaults
        self._resolver = resolver
        self._skip_invalid = skip_invalid
        self._allow_empty = allow_empty
        self._selection = selection
        self._left_out = 0
        self._problems = console.problems()
        self._warnings = console.problems("warning: ")
        self._warnings_of = functools.lru_cache(_MEMOIZED)(destination_warnings)
        self._warned: set[str] = set()
        self._reported = self._warnings if skip_invalid else self._problems
        self._accounts = resolver.accounts
        self._make_loader = functools.partial(Loader, path, metadata)

    def run(self, check_number: Callable[[int], None]) -> None:
        """Creates the run file; if anything is raised, there is none.

        STS is called only after every row is known to be valid, and only if a row does not name its
        account.

        Args:
            check_number: takes the number of targets, and raises if there are too many.

        Raises:
            BadInputError: the file has problems, which have been printed.
            BulkeicError: the run cannot start for another reason.
        """
        self._loader = self._make_loader()
        try:
            self._read()
            lanes = self._loader.lanes()
            open_regions = _open_regions(lanes)
            self._find_duplicates([lane for lane in lanes if lane.region not in open_regions])
            self._refuse_if_bad()
            if self._check_waves is not None:
                self._check_waves(have_waves=self._loader.have_waves)
            self._resolve_accounts()
            self._refuse_if_bad()
            self._read_owners(is_selected=False)
            self._select()
            lanes = self._loader.lanes()
            self._find_duplicates([lane for lane in lanes if lane.region in open_regions])
            self._refuse_if_bad()
            self._warnings.print_all()
            check_number(self._loader.count())
            self._read_owners(is_selected=True)
            self._loader.set_roles(self._accounts.row_roles())
            self._store_metadata()
            self._loader.finish()
        except BaseException:
            self._loader.discard()
            raise

    def _read_owners(self, *, is_selected: bool) -> None:
        """Reads who manages the targets: before they are selected only if that decides.

        Args:
            is_selected: whether they were selected.
        """
        if self._read_owners_of is not None and is_selected != self._selection.needs_owners:
            self._owner_sources = self._read_owners_of(self._loader)

    def _select(self) -> None:
        """Leaves out what can be selected only now: all targets and their accounts are known."""
        if self._selection.is_everything():
            return
        self._left_out += self._loader.keep_only(self._selection)
        if not self._allow_empty and not self._loader.count():
            raise UsageError(
                f"none of the {counted(self._left_out, 'target')} of {self._targets.name} is "
                f"selected; {check_flags_text(self._selection)}, or use --allow-empty"
            )

    def _store_metadata(self) -> None:
        metadata = replace(self._metadata, owner_sources=self._owner_sources)
        if self._left_out:
            metadata = replace(metadata, left_out=str(self._left_out))
        if self._bind is not None:
            metadata = self._bind(metadata, self._loader.lanes())
        self._loader.set_metadata(metadata)

    def _is_selected(self, target: Target) -> bool:
        """Whether a target can be selected, as far as it is known before all rows are read."""
        selection = self._selection
        return selection.matches_lane(target.lane) and selection.matches_function(target.function)

    def _read(self) -> None:
        selects_all = self._selection.is_everything()
        parser = RowParser(self._targets.name, self._defaults, exact=self._metadata.exact)
        job, add, assign_role = parser.job, self._loader.add, self._accounts.assign_role
        seq = -1
        for seq, row in enumerate(until_stopped(self._targets.rows())):
            if not isinstance(row, Row):
                self._refuse(seq, row.line, "", [row])
                continue
            try:
                found = job(seq, row)
            except InputError:
                given = row.values.get("FunctionArn") or row.values.get("FunctionName") or ""
                self._refuse(seq, row.line, str(given), parser.problems(row))
                continue
            if not selects_all and not self._is_selected(found.target):
                self._left_out += 1
                continue
            other = None
            if found.role_arn:
                other = assign_role(found.target.lane, found.role_arn, row.line)
            if other is None:
                self._warn_of_destinations(found)
                add(found)
            else:
                problem = row.located(other, self._targets.name)
                self._refuse(seq, row.line, found.function_name, [problem])
        if seq < 0 and not self._allow_empty:
            raise UsageError(
                f"{self._targets.name} has no targets; use --allow-empty if it may be empty"
            )

    def _warn_of_destinations(self, job: Job) -> None:
        """Prints each warning once, for the first row that it applies to."""
        for warning in self._warnings_of(job.settings):
            if warning.rule not in self._warned:
                self._warned.add(warning.rule)
                self._warnings.add([self._at(job.source.line, warning.rule, warning.field)])

    def _refuse(self, seq: int, line: int, given: str, problems: list[InputError]) -> None:
        self._reported.add(problems)
        if self._skip_invalid:
            self._loader.add_invalid(seq, line, given, _text(problems))

    def _refuse_if_bad(self) -> None:
        if self._problems.count:
            self._warnings.print_all()
            self._problems.print_all()
            raise BadInputError(
                f"{self._targets.name}: {counted(self._problems.count, 'problem')}, "
                "nothing was sent; fix them, or skip the invalid rows with --skip-invalid"
            )

    def _find_duplicates(self, lanes: list[Lane]) -> None:
        refused: set[int] = set()
        for duplicate in self._loader.duplicates(lanes):
            if duplicate.agree:
                self._warnings.add([self._at(duplicate.lines[1], self._same(duplicate))])
                self._loader.drop_duplicate(duplicate)
                continue
            problem = self._at(duplicate.lines[1], self._other_settings(duplicate))
            self._reported.add([problem])
            for seq in duplicate.seqs:
                if self._skip_invalid and seq not in refused:
                    refused.add(seq)
                    self._loader.invalidate(seq, duplicate.lane_id, problem.rule)

    def _resolve_accounts(self) -> None:
        unknown = [lane for lane in self._loader.lanes() if not lane.account_id]
        if unknown:
            account = self._resolver.own_account(unknown[0])
            self._loader.set_account(account)
            two_roles = self._accounts.move_role(unknown[0].region, account)
            if two_roles is not None:  # no single row is to blame: refused even with --skip-invalid
                self._problems.add([two_roles.at(self._targets.name, two_roles.line)])
            self._refuse_own_destinations([Lane(account, lane.region) for lane in unknown])
        for lane, problem in self._resolver.refusals(self._loader.lanes()).items():
            self._refuse_lane(lane, problem)

    def _refuse_own_destinations(self, lanes: list[Lane]) -> None:
        for lane in lanes:
            for job in self._loader.jobs_with_function_destinations(lane):
                itself = self_destination_problems(job.target, job.settings)
                problems = [self._targets.at(problem, job.source.line) for problem in itself]
                self._reported.add(problems)
                if problems and self._skip_invalid:
                    number = self._loader.lane_id(lane)
                    self._loader.invalidate(job.seq, number, _text(problems))

    def _refuse_lane(self, lane: Lane, problem: InputError) -> None:
        problem = self._at(self._loader.first_line(lane), problem.rule, problem.field)
        rows = self._loader.count_of(lane)
        self._reported.add([problem], rows=rows, account_id=lane.account_id)
        if self._skip_invalid:
            self._loader.invalidate_lane(lane, problem.rule)

    def _at(self, line: int, rule: str, field: str = "") -> InputError:
        return self._targets.at(InputError(rule, field=field), line)

    def _same(self, duplicate: Duplicate) -> str:
        return f"the same target and settings as {self._targets.place(duplicate.lines[0])}; merged"

    def _other_settings(self, duplicate: Duplicate) -> str:
        first = self._targets.place(duplicate.lines[0])
        return f"the same target as {first}, with other settings; keep one of them"


def _open_regions(lanes: list[Lane]) -> set[str]:
    """Regions in which rows with and without an account may name the same target."""
    unknown = {lane.region for lane in lanes if not lane.account_id}
    return unknown & {lane.region for lane in lanes if lane.account_id}


def _text(problems: list[InputError]) -> str:
    """The problems of one row as the error message of its outcome."""
    return "; ".join(str(InputError(problem.rule, field=problem.field)) for problem in problems)
