"""A run is bound to where it was made: its endpoint, and the account that made it.

==========================================  =====================
a command that works on the run             is
==========================================  =====================
calls another endpoint, or the sandbox      refused, names both
    instead of AWS, or the other way round
has credentials of another account          refused, names both
has another principal of the same account   allowed, with a note
calls AWS or another endpoint, and the run  allowed, with a note
    does not record which one it called
else                                        allowed
==========================================  =====================

A run is not bound to an account if no lane needs the caller's own credentials: then the accounts
file names a profile for each of them.
"""

import json
from collections.abc import Iterable

from msgspec.structs import replace

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import open_access
from bulkeic.app.options.command_options import WorkOptions
from bulkeic.core.caller_identity import CallerIdentity
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.options.option_declaration import declared_options
from bulkeic.output.console import Console
from bulkeic.store.records.session_origin import SessionOrigin
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import AWS, NOT_RECORDED, SANDBOX, RunMetadata
from bulkeic.version import __version__


def place(options: WorkOptions) -> str:
    """Where calls go: ``AWS``, ``SANDBOX`` or the URL of another endpoint."""
    if options.sandbox:
        return SANDBOX
    return open_access(options.access).endpoint("lambda") or AWS


def bound(
    metadata: RunMetadata,
    lanes: Iterable[Lane],
    *,
    options: WorkOptions,
    resolver: AccountResolver,
) -> RunMetadata:
    """The metadata of a new run, with where it is made and by whom.

    Args:
        metadata: the rest.
        lanes: of the run.
        options: of the command that makes it.
        resolver: asks STS.

    Raises:
        AccessError: STS cannot be called.
    """
    caller = resolver.caller(lanes)
    metadata = replace(metadata, place=place(options))
    if caller is None:
        return metadata
    return replace(metadata, account_id=caller.account_id, caller_arn=caller.arn)


def session_origin(options: WorkOptions, resolver: AccountResolver) -> SessionOrigin:
    """Who works on a run, with which version and flags; STS is not asked for that.

    Args:
        options: of the command.
        resolver: knows the caller if STS was asked.
    """
    caller = resolver.known_caller
    words = [word for option in declared_options(type(options)) for word in option.words(options)]
    # Not by msgspec, which refuses file names that are not UTF-8.
    return SessionOrigin(__version__, None if caller is None else caller.arn, json.dumps(words))


def check_place(run: RunFile, options: WorkOptions, console: Console) -> None:
    """Checks that a command calls the endpoint on which a run was made.

    Raises:
        UsageError: it calls another one.
    """
    made_on, here = run.metadata.place or NOT_RECORDED, place(options)
    if _normalized(made_on) == _normalized(here):
        return
    if made_on == NOT_RECORDED and here != SANDBOX:
        console.print(
            f"note: an older bulkeic made run file {quoted(str(run.path))} on AWS or another "
            f"endpoint and did not record which; this command calls {here}"
        )
        return
    raise UsageError(
        f"run file {quoted(str(run.path))} was made on {made_on}, but this command calls {here}; "
        f"{_way_back(made_on, options)}"
    )


def check_caller(run: RunFile, resolver: AccountResolver, console: Console) -> None:
    """Checks that the account that made a run works on it; another principal is a printed note.

    Raises:
        AccessError: STS cannot be called.
        UsageError: the credentials are those of another account.
    """
    made_by = run.metadata.caller
    if made_by is None:
        return
    caller = resolver.own_identity(next(iter(run.lanes()), None))
    name = quoted(str(run.path))
    if not made_by.is_same_account(caller):
        raise UsageError(
            f"run file {name} was made by {made_by}, but these credentials belong to {caller}; "
            f"use credentials of account {made_by.account_id}"
        )
    if made_by.principal != caller.principal:
        console.print(f"note: {made_by.arn} made run file {name}, and {caller.arn} continues it")


def caller_lines(run: RunFile) -> list[str]:
    """Who made a run, for people."""
    caller: CallerIdentity | None = run.metadata.caller
    return [] if caller is None else [f"called by {caller}"]


def _normalized(made_on: str) -> str:
    return made_on.rstrip("/").lower()


def _way_back(made_on: str, options: WorkOptions) -> str:
    if made_on == SANDBOX:
        return "use it with --sandbox"
    if made_on not in {AWS, NOT_RECORDED}:
        return f"use it with --endpoint-url {made_on}"
    if options.sandbox:
        return "use it without --sandbox"
    return "omit --endpoint-url, and unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_LAMBDA"
