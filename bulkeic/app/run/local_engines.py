"""The engines of a session in this process."""

from contextlib import nullcontext

from bulkeic.app.access.runtime import open_access
from bulkeic.app.access.session_policy import role_session
from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.run.engine_factory import EngineFactory
from bulkeic.app.run.engine_source import Announce
from bulkeic.app.run.run_sandbox import open_run_sandbox
from bulkeic.core.accounts import Accounts
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile


def open_local_engines(
    run: RunFile, options: WorkOptions, accounts: Accounts, console: Console, announce: Announce
) -> EngineFactory:
    """Opens the engines of a session in this process.

    Args:
        run: the run file.
        options: how to work.
        accounts: how each account is reached.
        console: not used.
        announce: not used.
    """
    del console, announce
    access = open_run_sandbox(run) if options.sandbox else nullcontext(open_access(options.access))
    return EngineFactory(
        access,
        accounts,
        role_session(options, run.metadata),
        options.pace.limits(),
        timeout_s=options.pace.timeout_s,
    )
