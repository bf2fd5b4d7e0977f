"""Finds out who manages the targets of a new run, by their tags and by code, before the first call.

The first row that fits decides whether tags are read.

==========================================  ========
the command                                 reads
==========================================  ========
has ``--no-read-tags``                      no tags
has ``--sandbox``                           no tags: its functions have none
has ``--read-tags``, ``--skip-managed`` or  tags
``--only-managed``
is ``plan`` or ``apply``, and calls AWS     tags
itself
else                                        no tags
==========================================  ========
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import anyio

from bulkeic.app.access.runtime import first_cause, open_access, run_async
from bulkeic.app.options.command_options import TargetsOptions, VerifyOptions
from bulkeic.app.run_files.run_binding import place
from bulkeic.core.accounts import Accounts
from bulkeic.core.code.ownership import Owner
from bulkeic.core.errors import ServiceError, UsageError
from bulkeic.core.model import Job, Lane
from bulkeic.core.permissions import GET_RESOURCES
from bulkeic.output.console import Console
from bulkeic.output.formatting import counted
from bulkeic.store.loader import Loader
from bulkeic.store.run_metadata import AWS

if TYPE_CHECKING:
    from bulkeic.aws.inventory.inventory_services import InventoryServices
    from bulkeic.core.code.code_owners import CodeOwners
    from bulkeic.core.code.declared_code import DeclaredCode

_CONCURRENT_LANES = 40
_BATCH = 100  # as many functions as one call can name
_MOST_UNANSWERED = 10
_TAGS, _CODE = "tags", "code"


def check_owner_flags(options: TargetsOptions, *, has_code: bool = False) -> None:
    """Checks the flags of a new run before anything is read.

    Args:
        options: of the command.
        has_code: whether code says who manages the targets.

    Raises:
        UsageError: owners are asked for that cannot be known.
    """
    if options.read_tags and options.sandbox:
        raise UsageError("--read-tags does not go with --sandbox, whose functions have no tags")
    flag = options.selection.owner_flag
    if flag is None or has_code:
        return
    if options.sandbox:
        raise UsageError(
            f"{flag} needs tags, and the functions of --sandbox have none; rehearse it on the "
            "functions of bulkeic sandbox"
        )
    if options.read_tags is False:
        raise UsageError(f"{flag} needs tags; omit --no-read-tags")


def reads_tags(options: TargetsOptions) -> bool:
    """Whether a command reads the tags of the functions of a new run; see the table above."""
    if options.read_tags is False or options.sandbox:
        return False
    if options.read_tags or options.selection.needs_owners:
        return True
    return not isinstance(options, VerifyOptions) and place(options) == AWS


def is_unreachable(failures: int, *, has_answer: bool) -> bool:
    """Whether to read no more tags, because no lane can reach the service that has them.

    A network may allow only calls of Lambda. Each lane would then wait for all its retries.

    Args:
        failures: number of lanes whose tags could not be read.
        has_answer: whether the service has answered for any lane.
    """
    return failures >= _MOST_UNANSWERED and not has_answer


class OwnerReading:
    """Stores who manages the targets of a run.

    Args:
        options: of the command.
        accounts: how each account is reached.
        console: prints which tags could not be read.
        codes: code that may declare the targets.
    """

    def __init__(
        self,
        options: TargetsOptions,
        accounts: Accounts,
        console: Console,
        codes: Sequence["DeclaredCode"] = (),
    ) -> None:
        self._options = options
        self._accounts = accounts
        self._console = console
        self._codes = codes
        self._code_owners: CodeOwners | None = None
        self._failures: dict[Lane, ServiceError] = {}
        self._has_answer = False

    def read(self, loader: Loader) -> str | None:
        """Reads the owners of the jobs that were loaded.

        Args:
            loader: has the jobs, and gets their owners.

        Returns:
            What they were read from (see ``RunMetadata.owner_sources``); ``None``: nothing.

        Raises:
            RunFileError: the run file cannot be written.
            UsageError: tags that the selection needs cannot be read.
        """
        by_tags = reads_tags(self._options)
        if self._codes:
            from bulkeic.core.code.code_owners import owners_of  # noqa: PLC0415 - few runs have code

            self._code_owners = owners_of(self._codes)
        if not by_tags and not self._codes:
            return None
        lanes = loader.lanes()
        if by_tags and lanes:
            try:
                run_async(functools.partial(self._read_lanes, loader, lanes))
            except BaseExceptionGroup as group:
                raise first_cause(group) from None
            self._report_failures()
        for lane in list(self._failures) if by_tags else lanes:
            self._read_code(loader, lane)
        return " ".join([_TAGS] * by_tags + [_CODE] * bool(self._codes))

    async def _read_lanes(self, loader: Loader, lanes: Sequence[Lane]) -> None:
        from bulkeic.aws.inventory.inventory_services import InventoryServices  # noqa: PLC0415 - the SDK takes longer than all else
        from bulkeic.aws.lambda_caller import LambdaCaller  # noqa: PLC0415 - as above

        access, timeout_s = open_access(self._options.access), self._options.pace.timeout_s
        limiter = anyio.CapacityLimiter(_CONCURRENT_LANES)
        async with LambdaCaller(
            access,
            accounts=self._accounts,
            session=self._options.access.role_session((GET_RESOURCES,)),
            timeout_s=timeout_s,
            concurrency=_CONCURRENT_LANES,
        ) as caller:
            services = InventoryServices(access, caller.credentials, timeout_s=timeout_s)
            async with services as inventory, anyio.create_task_group() as tasks:
                for lane in lanes:
                    tasks.start_soon(self._read_lane, loader, inventory, lane, limiter)

    async def _read_lane(
        self,
        loader: Loader,
        inventory: "InventoryServices",
        lane: Lane,
        limiter: anyio.CapacityLimiter,
    ) -> None:
        """Stores the owners of a lane's targets as its tags come; a lane that fails has none."""
        number = loader.lane_id(lane)
        async with limiter:
            if is_unreachable(len(self._failures), has_answer=self._has_answer):
                self._failures[lane] = next(iter(self._failures.values()))
                return
            try:
                for jobs in loader.owners.jobs(lane, number, _BATCH):
                    arns = {job.target.arn: job.target.function for job in jobs}
                    tags = await inventory.tags_of_functions(lane, arns)
                    self._has_answer = True
                    loader.owners.save(number, self._owners(jobs, tags))
            except ServiceError as error:
                self._failures[lane] = error
                self._has_answer |= error.is_denied
                loader.owners.forget(number)
            else:
                loader.owners.mark_read(number)

    def _read_code(self, loader: Loader, lane: Lane) -> None:
        if self._code_owners is not None:
            number = loader.lane_id(lane)
            for jobs in loader.owners.jobs(lane, number, _BATCH):
                loader.owners.save(number, self._owners(jobs, {}))

    def _owners(
        self, jobs: Sequence[Job], tags: dict[str, dict[str, str]]
    ) -> list[tuple[int, Owner]]:
        """The owners of jobs, each with the job's ``seq``."""
        from bulkeic.core.code.owner_tags import owner_of  # noqa: PLC0415 - not every run has owners

        by_tags = {name: owner_of(found) for name, found in tags.items()}
        found = []
        for job in jobs:
            owner = by_tags.get(job.target.function)
            if self._code_owners is not None:
                owner = self._code_owners.combined(owner, job.target, job.settings)
            if owner is not None:
                found.append((job.seq, owner))
        return found

    def _report_failures(self) -> None:
        """Prints which tags could not be read; they are refused if the selection needs them."""
        if not self._failures:
            return
        first = next(iter(self._failures.values()))
        problem = f"cannot read the tags of functions in {counted(len(self._failures), 'lane')}"
        allow = f"allow {GET_RESOURCES}, or " * first.is_denied
        flag = self._options.selection.owner_flag
        if flag is not None:
            raise UsageError(
                f"{problem}, which {flag} needs, so nothing was sent; {allow}omit {flag}: {first}"
            )
        self._console.print(
            f"note: {problem}, so it is not known what manages their targets; {allow}use "
            f"--no-read-tags: {first}"
        )
