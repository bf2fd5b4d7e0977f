"""Opens run files for commands; one that an older bulkeic made is migrated first."""

from pathlib import Path

from bulkeic.core.errors import DamagedRunError, RunFileError, quoted
from bulkeic.output.console import Console
from bulkeic.store.run_file import RunFile
from bulkeic.store.schema import VERSION
from bulkeic.store.sqlite.file_checks import may_need_migration


def open_run(
    path: Path, console: Console, *, read_only: bool = False, accept_loss: bool = False
) -> RunFile:
    """Opens a run file, after it was migrated if an older bulkeic made it.

    If it cannot be migrated, and is only read, a temporary copy of it is migrated instead.

    Args:
        path: of the run file.
        console: prints that it was migrated, and where the file is kept as it was.
        read_only: only read.
        accept_loss: open it although its last outcomes may be lost.

    Raises:
        DamagedRunError: it is damaged, or its last outcomes may be lost.
        RunFileError: it cannot be opened or migrated, is not a run file, or is in use.
    """
    if may_need_migration(path):
        copy = _migrate(path, console, read_only=read_only, accept_loss=accept_loss)
        if copy is not None:
            return copy
    return RunFile(path, read_only=read_only, accept_loss=accept_loss)


def _migrate(path: Path, console: Console, *, read_only: bool, accept_loss: bool) -> RunFile | None:
    """Migrates a run file; if that is not possible, a copy to read."""
    from bulkeic.store.migration.run_migration import migrate  # noqa: PLC0415 - few files need it

    try:
        with console.spinner(f"migrating {path.name}"):
            done = migrate(path, accept_loss=accept_loss)
    except DamagedRunError:
        raise
    except RunFileError as error:
        if not read_only:
            raise
        from bulkeic.store.migration.migrated_copy import MigratedCopy  # noqa: PLC0415 - as above

        copy = MigratedCopy(path, accept_loss=accept_loss)
        console.print(f"note: reading a migrated temporary copy; {error}")
        return copy
    if done is not None:
        console.print(
            f"migrated run file {quoted(str(path))} from version {done.version} to {VERSION}; "
            f"the file as it was is kept as {quoted(str(done.kept))}"
        )
    return None
