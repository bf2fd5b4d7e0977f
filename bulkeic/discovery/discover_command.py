"""``bulkeic discover``: writes the functions of accounts and Regions as a targets file."""

from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import first_cause, run_async
from bulkeic.app.options.command_options import RUNS_FOLDER
from bulkeic.app.run.engine_source import OpenPageReaders
from bulkeic.app.run.session import INTERRUPTED, INTERRUPTED_TWICE
from bulkeic.app.run.surroundings import Surroundings, Terminal
from bulkeic.app.setup.open_files import allow_open_files
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.core.errors import BulkeicError, RunFileError, UsageError
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Lane
from bulkeic.core.summary import Traffic
from bulkeic.discovery.discover_checks import check_discovery
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.criteria import Criteria
from bulkeic.discovery.model.discovery_summary import DiscoverySummary, discovery_exit_code
from bulkeic.discovery.model.found_rows import found_columns
from bulkeic.discovery.report.discovery_text import discovery_lines, start_lines
from bulkeic.discovery.report.follow_up_commands import plan_found, resume_discovery
from bulkeic.discovery.run.discovery_binding import (
    check_discovery_file,
    check_discovery_place,
    default_discovery_path,
    new_discovery_metadata,
    stored_criteria,
    with_stored_scope,
)
from bulkeic.discovery.run.discovery_session import LAMBDA, DiscoverySession
from bulkeic.discovery.run.found_targets import FoundTargets
from bulkeic.output.files.new_file import check_new_file, free_name, write_new_file
from bulkeic.output.files.results import write_stdout
from bulkeic.output.files.targets_codec import targets_encoder
from bulkeic.output.formatting import counted
from bulkeic.output.logs import configure_logs
from bulkeic.output.rollout_text import stopped_lines
from bulkeic.output.summary_json import print_summary
from bulkeic.store.discovery.discovery_creation import create_discovery_file
from bulkeic.store.discovery.discovery_file import DiscoveryFile


def discover(options: DiscoverOptions, open_engines: OpenPageReaders | None = None) -> int:
    """Finds functions, and writes them as a targets file.

    Args:
        options: of the command.
        open_engines: opens the workers that read pages; ``None``: this process reads them.

    Returns:
        The command's exit code.

    Raises:
        BulkeicError: why nothing was found; there is no new discovery file then.
    """
    configure_logs(options.log.log_format, options.log.log_level, sanitize)
    allow_open_files(options.pace.concurrency)
    terminal = Terminal()
    summary = find_functions(options, terminal, open_engines)
    if options.output != "json":
        return summary.exit_code
    return print_summary(summary, terminal.console)


def find_functions(
    options: DiscoverOptions,
    surroundings: Surroundings,
    open_readers: OpenPageReaders | None = None,
) -> DiscoverySummary:
    """Does what ``discover`` does, in any surroundings: the discovery in numbers.

    Args:
        options: of the command.
        surroundings: what it runs in.
        open_readers: opens the workers that read pages; ``None``: this process reads them.

    Raises:
        BulkeicError: why nothing was found; there is no new discovery file then.
    """
    check_discovery(options)
    if options.out is not None:
        check_new_file("--out", options.out)
    path = Path(options.run) if options.run else default_discovery_path(RUNS_FOLDER)
    is_new = not path.exists()
    if is_new:
        create_discovery_file(path, new_discovery_metadata(options))
    discovery = _Discovery(options, DiscoveryFile(path), surroundings, open_readers, is_new=is_new)
    try:
        return discovery.run()
    except (BulkeicError, KeyboardInterrupt):
        discovery.delete_unused()
        raise
    finally:
        discovery.close()


class _Discovery:
    """One invocation.

    Args:
        options: of the command.
        file: the discovery file.
        surroundings: what it runs in.
        open_readers: opens the workers that read pages; ``None``: this process reads them.
        is_new: whether this invocation has created it.
    """

    def __init__(
        self,
        options: DiscoverOptions,
        file: DiscoveryFile,
        surroundings: Surroundings,
        open_readers: OpenPageReaders | None,
        *,
        is_new: bool,
    ) -> None:
        self._open_readers = open_readers
        self._given = options
        self._file = file
        self._is_new = is_new
        self._is_open = True
        self._surroundings = surroundings
        self._console = surroundings.console
        self._traffic = Traffic()

    def close(self) -> None:
        """Closes the discovery file."""
        if self._is_open:
            self._is_open = False
            self._file.close()

    def run(self) -> DiscoverySummary:
        """Finds what remains to be found, and writes all targets."""
        file, options = self._file, self._given
        check_discovery_file(file, options)
        criteria = stored_criteria(file)
        stopped = None
        if not file.is_complete(
            needs_inventory=self._needs_inventory(), needs_tags=criteria.needs_tags
        ):
            check_discovery_place(file, options)
            scoped = with_stored_scope(options, file)
            for line in start_lines(scoped) if self._is_new else ():
                self._console.print(line)
            stopped = self._work(scoped, criteria)
        found = FoundTargets(file, criteria)
        problem = self._write(found, criteria) if stopped is None else None
        return self._end(found, stopped or problem, is_written=stopped is None and problem is None)

    def _work(self, options: DiscoverOptions, criteria: Criteria) -> str | None:
        """Works in a session: why it stopped early, or ``None``.

        Raises:
            BulkeicError: nothing was found in this discovery.
        """
        resolver = AccountResolver(options.access, options.pace.timeout_s, sandbox=False)
        for account in self._file.accounts().values():
            if account.role_arn is not None:
                resolver.accounts.assign_role(Lane(account.account_id, ""), account.role_arn)
        with self._surroundings.interruptions() as interruptions:
            session = DiscoverySession(
                options, self._file, criteria, resolver, console=self._console,
                interruptions=interruptions, open_readers=self._open_readers,
            )  # fmt: skip
            try:
                run_async(session.run)
            except BaseExceptionGroup as group:
                return self._failed(first_cause(group))
            except BulkeicError as error:
                return self._failed(error)
            finally:
                self._traffic = replace(session.traffic, elapsed_s=session.elapsed())
        return session.stopped

    def _needs_inventory(self) -> bool:
        return with_stored_scope(self._given, self._file).source != LAMBDA

    def _failed(self, error: BaseException) -> str:
        """Why a session failed; without places or an inventory there is nothing to resume."""
        if not isinstance(error, BulkeicError):
            raise error
        if isinstance(error, UsageError) or self._is_unused():
            raise error
        return str(error)

    def _is_unused(self) -> bool:
        metadata = self._file.metadata
        has_content = metadata.has_inventory if self._needs_inventory() else metadata.has_places
        return self._is_new and not has_content

    def delete_unused(self) -> None:
        """Deletes a discovery file that this invocation has created for nothing."""
        if self._is_open and self._is_unused():
            self._delete()

    def _write(self, found: FoundTargets, criteria: Criteria) -> str | None:
        """Writes the targets: why that failed, or ``None``."""
        out = self._given.out
        columns = found_columns(with_config=criteria.with_config)
        pieces = targets_encoder(out)(found.rows(), columns)
        try:
            if out is None:
                write_stdout(pieces)
            else:
                write_new_file("--out", out, pieces)
        except UsageError as error:
            return str(error)
        except KeyboardInterrupt:  # the next signal ends the process
            return INTERRUPTED
        return None

    def _end(
        self, found: FoundTargets, stopped: str | None, *, is_written: bool
    ) -> DiscoverySummary:
        """Prints the result."""
        if not is_written and stopped != INTERRUPTED_TWICE:
            _count_targets(found)
        file, options, tally = self._file, self._given, found.tally
        deleted = file.deleted_functions()
        if deleted:
            self._console.print(
                f"{counted(deleted, 'function')} left out, because deleted meanwhile"
            )
        unread = tally.unread()
        code = discovery_exit_code(is_stopped=stopped is not None, has_unread=bool(unread))
        summary = DiscoverySummary(
            out=options.out if is_written else None,
            run=str(file.path),
            lanes=tally.lanes(),
            unread=unread,
            pending=len(file.unread_lanes()) if stopped is not None else 0,
            traffic=self._traffic,
            exit_code=ExitCode.INTERRUPTED if stopped == INTERRUPTED_TWICE else code,
        )
        if code == ExitCode.OK and options.run is None:
            self._delete()
            summary = replace(summary, run=None)
        summary = replace(summary, next=self._next(summary, is_written=is_written))
        for line in stopped_lines(stopped):
            self._console.print(line)
        for line in discovery_lines(summary, self._console.screen(in_full=options.verbose)):
            self._console.print(line)
        return summary

    def _next(self, summary: DiscoverySummary, *, is_written: bool) -> dict[str, str]:
        options, found = self._given, {}
        if options.out is not None and is_written and summary.targets:
            found["plan"] = plan_found(options.out, options)
        if summary.exit_code != ExitCode.OK:
            if options.out is not None and is_written:
                options = replace(options, out=free_name(options.out))
            found["resume"] = resume_discovery(str(self._file.path), options)
        return found

    def _delete(self) -> None:
        self._is_open = False
        self._file.delete()


def _count_targets(found: FoundTargets) -> None:
    """Counts the targets that were found, as far as the discovery file can be read.

    A signal ends the counting, and not the process: the command that resumes must be printed.
    """
    found.forget_targets()
    with suppress(RunFileError, KeyboardInterrupt):
        for _ in found.rows():
            pass
