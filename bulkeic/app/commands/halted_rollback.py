"""The rollback of a run that was halted: ``--on-halt rollback``."""

from contextlib import closing
from pathlib import Path

import msgspec

from bulkeic.app.commands.rollback import apply_options, new_rollback
from bulkeic.app.options.command_options import ApplyOptions, RollbackOptions
from bulkeic.app.options.rollout_options import WindowOptions
from bulkeic.app.rollout.application import apply_run
from bulkeic.app.run.invocation import Invocation
from bulkeic.app.run_files.next_commands import flags_of, next_command
from bulkeic.core.errors import BulkeicError
from bulkeic.core.rollout.failure_budget import FailureBudget
from bulkeic.core.rollout.halts import halted_exit_code
from bulkeic.core.rollout.waves import Size
from bulkeic.core.summary import Summary
from bulkeic.core.targets.selection import EVERY_TARGET
from bulkeic.output.rollout_text import rollback_end_lines
from bulkeic.output.terminal.styles import Style, styled, styled_line
from bulkeic.store.run_file import RunFile

_EVERY_FAILURE = FailureBudget(Size(100, 100))
"""A rollback restores what it can, whatever fails."""


def roll_back_halted(
    path: Path, options: ApplyOptions, invocation: Invocation, halted: Summary
) -> Summary:
    """Rolls back a run that was halted, wave by wave in reverse, as a run of its own.

    Args:
        path: of the halted run, which is closed.
        options: of the command that was halted.
        invocation: of the command.
        halted: the numbers of the halted run.

    Returns:
        The numbers of the halted run, with those of the rollback and the exit code of both.
    """
    console = invocation.console
    back = _rollback_options(path, options)
    text = f" ({halted.halted}): rolling back, the last wave first"
    console.print(styled_line(styled("halted", Style.BAD), text))
    try:
        with new_rollback(back, invocation.resolver, console, in_reverse=True) as run:
            _mark(path, run.path)
            rollback = apply_run(
                run, apply_options(back, str(run.path)), invocation.with_options(back)
            )
    except (BulkeicError, OSError, KeyboardInterrupt) as error:
        is_interrupted = isinstance(error, KeyboardInterrupt)
        command = next_command("rollback", str(path), flags_of(back))
        reason = "interrupted" if is_interrupted else error
        console.print(styled_line(styled("THE ROLLBACK FAILED", Style.BAD), f": {reason}"))
        console.print(f"roll back with: {command}")
        if is_interrupted:
            raise
        commands = {"roll_back": command}
        return msgspec.structs.replace(halted, next=commands, exit_code=halted_exit_code(None))
    for line in rollback_end_lines(rollback):
        console.print(line)
    return msgspec.structs.replace(
        halted, rollback=rollback, exit_code=halted_exit_code(rollback.exit_code)
    )


def _rollback_options(path: Path, options: ApplyOptions) -> RollbackOptions:
    given = msgspec.structs.asdict(options)
    known = RollbackOptions.__struct_fields__
    beside = path.with_name(f"{path.stem}-rollback{path.suffix}")
    changed = {
        "source": str(path),
        "selection": EVERY_TARGET,
        "max_failures": _EVERY_FAILURE,
        "force": False,
        "accept_loss": False,
        "yes": True,
        "run": None if beside.exists() else str(beside),
        "results": None,
        "window": WindowOptions(),
    }
    return RollbackOptions(**{name: given[name] for name in known if name in given} | changed)


def _mark(path: Path, rollback: Path) -> None:
    """Records in a run which other one rolls it back, so that it is not resumed."""
    with closing(RunFile(path)) as run:
        run.save_metadata(
            msgspec.structs.replace(run.metadata, rolled_back_by=str(rollback.absolute()))
        )
