"""The source of a run's targets: a targets file, or infrastructure code."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bulkeic.app.access.access_checks import check_value
from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import open_access
from bulkeic.app.intake.ingest import TargetRows
from bulkeic.app.options.command_options import TargetsOptions, VerifyOptions, WorkOptions
from bulkeic.aws.identity.environment import environment_region
from bulkeic.core.errors import UsageError
from bulkeic.core.targets.names import check_region
from bulkeic.output.console import Console
from bulkeic.sources.rows_file import RowsFile

if TYPE_CHECKING:
    from bulkeic.app.intake.code_files import CodeRows
    from bulkeic.core.code.declared_code import DeclaredCode


def check_code(options: TargetsOptions) -> None:
    """Checks the options that name code, and those that do not go with it.

    Raises:
        UsageError: they are invalid.
    """
    options.code.check()
    if options.code.stack is not None and options.sandbox:
        raise UsageError("--stack reads AWS, and --sandbox does not call AWS; omit one of them")
    if not options.is_source_code:
        return
    if options.format is not None:
        raise UsageError("--format is for a targets file; omit it with --terraform and --template")
    if not options.settings.is_empty():
        raise UsageError(
            "--terraform and --template declare the settings of their targets; omit the flags for "
            "settings, or give a targets file as SOURCE"
        )


def open_targets(
    options: TargetsOptions, resolver: AccountResolver, console: Console
) -> TargetRows:
    """The rows of the source; the code's if the options name no other.

    Raises:
        BulkeicError: it cannot be opened.
    """
    code = open_code(options, resolver, console)
    return RowsFile(options.source, options.format) if code is None else code


def open_code(
    options: TargetsOptions, resolver: AccountResolver, console: Console
) -> "CodeRows | None":
    """The targets of code; ``None``: the source is another file.

    A verification also compares the functions that code wants no configuration for.

    Raises:
        BulkeicError: a file of code cannot be read.
    """
    if not options.is_source_code:
        return None
    from bulkeic.app.intake.code_files import CodeRows  # noqa: PLC0415 - few runs read code

    declared = read_declared(options, resolver, console)
    return CodeRows(declared, with_lacking=isinstance(options, VerifyOptions))


def owning_code(
    targets: TargetRows, options: TargetsOptions, resolver: AccountResolver, console: Console
) -> "Sequence[DeclaredCode]":
    """The code that says what manages the targets of a new run.

    A verification needs it only if it selects by that.

    Args:
        targets: the source; if it is the code, that is not read again.
        options: of the command.
        resolver: knows the caller's account.
        console: prints what is not read of the files.

    Raises:
        BulkeicError: a file of code cannot be read.
    """
    if not options.code.files:
        return ()
    if isinstance(options, VerifyOptions) and not options.selection.needs_owners:
        return ()
    from bulkeic.app.intake.code_files import CodeRows  # noqa: PLC0415 - few runs read code

    if isinstance(targets, CodeRows):
        return targets.codes
    return read_declared(options, resolver, console)


def read_declared(
    options: TargetsOptions, resolver: AccountResolver, console: Console
) -> "Sequence[DeclaredCode]":
    """What the files of code declare, and prints what is not read of them.

    Raises:
        BulkeicError: a file of code cannot be read.
    """
    from bulkeic.app.intake.code_deployment import deployment_of  # noqa: PLC0415 - few runs read code
    from bulkeic.app.intake.code_files import read_code  # noqa: PLC0415 - as above

    region = functools.partial(default_region, options)
    found = read_code(options.code, functools.partial(deployment_of, options, resolver, region))
    for note in [note for code in found for note in code.notes]:
        console.print(f"warning: {note}")
    return found


def default_region(options: WorkOptions) -> str | None:
    """The Region of targets that do not give their own; ``None``: not known.

    Raises:
        BulkeicError: it is invalid, or the profile cannot be read.
    """
    access = options.access
    region = access.region or environment_region()
    chosen = access.profile is not None or access.endpoint_url is not None
    if chosen or not (region or options.sandbox):
        region = open_access(access).region  # checks the profile and the endpoint
    if region is not None:
        check_value("the Region of the environment or the profile", region, check_region)
    return region
