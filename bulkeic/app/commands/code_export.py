"""``bulkeic export --format terraform`` and ``cloudformation``: what targets have now, as code."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import msgspec

from bulkeic.app.options.command_options import ExportOptions
from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.code.code_owners import owners_of
from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.errors import UsageError, printable, quoted
from bulkeic.core.model import Lane, Settings
from bulkeic.iac.cloudformation.import_templates import import_templates
from bulkeic.iac.terraform.import_file import LaneConfigs, import_file
from bulkeic.iac.terraform.known_addresses import KnownAddresses
from bulkeic.iac.terraform.resources import DEFAULT_RETRIES
from bulkeic.iac.terraform.show_json import read_show_json
from bulkeic.iac.terraform.state_addresses import known_addresses
from bulkeic.output.console import Console
from bulkeic.output.files.new_file import write_new_file
from bulkeic.output.files.results import write_output
from bulkeic.output.formatting import counted
from bulkeic.store.run_file import RunFile

_ENDINGS = (".tf", ".tofu")
_COMMANDS = "import-commands.sh"
_SHOWN_ADDRESSES = 20


def code_writer(options: ExportOptions) -> Callable[[RunFile], None]:
    """What writes the configurations of a run's targets as code, and prints what it leaves out.

    Raises:
        UsageError: the options do not fit together.
        InputError: a state cannot be read, or is something else.
    """
    out = options.out
    if options.format == "cloudformation":
        if out is None:
            raise UsageError("--format cloudformation writes several files; add --out FOLDER")
        return partial(_Export(()).write_templates, folder=out)
    if out is not None and not out.endswith(_ENDINGS):
        raise UsageError(
            f"--out {quoted(out)}: Terraform does not read such a file; "
            f"expected a name that ends in {' or '.join(_ENDINGS)}"
        )
    states = [read_show_json(path, can_be_empty=True) for path in options.terraform]
    declared = [state.code for state in states]
    return partial(_Export(declared).write_terraform, out=out, known=known_addresses(states))


class _Export:
    """Writes the known configurations of a run, and counts the targets that it leaves out.

    Args:
        declared: what code declares already; its configurations are left out.
    """

    def __init__(self, declared: Sequence[DeclaredCode]) -> None:
        self._owners = owners_of(declared)
        self._exported = self._unknown = self._unset = self._declared = self._without_retries = 0
        self._differing = 0
        self._shown_addresses: list[str] = []

    def write_terraform(self, run: RunFile, out: str | None, known: KnownAddresses) -> None:
        """Writes a new file, or stdout, with import blocks and resources."""
        write_output(out, import_file(self._lanes(run), known))
        self._print_notes(run)
        if self._without_retries:
            Console().print(
                f"note: {counted(self._without_retries, 'configuration')} without "
                f"MaximumRetryAttempts; the AWS provider sets {DEFAULT_RETRIES}, which is "
                "Lambda's default, and terraform plan shows that as a change"
            )

    def write_templates(self, run: RunFile, folder: str) -> None:
        """Writes a folder with templates, the resources to import, and the commands that do so."""
        path = _new_folder(folder)
        write_new_file("--out", str(path / _COMMANDS), self._template_commands(run, path))
        self._print_notes(run)
        if self._exported:
            Console().print(
                f"the commands that import the resources are in {quoted(str(path / _COMMANDS))}"
            )

    def _template_commands(self, run: RunFile, folder: Path) -> Iterator[bytes]:
        """Writes the files of each template before its commands."""
        yield b"# Run the commands of each stack in this folder, with credentials of its account.\n"
        for lane, configs in self._lanes(run):
            for each in import_templates(lane, configs):
                write_new_file("--out", str(folder / each.template_file), [each.template])
                write_new_file("--out", str(folder / each.resources_file), [each.resources])
                yield f"\n{each.commands()}".encode()

    def _lanes(self, run: RunFile) -> Iterator[LaneConfigs]:
        """The lanes with configurations to export."""
        for lane in run.lanes():
            configs = self._configs(run, lane)
            first = next(configs, None)
            if first is not None:
                yield lane, chain([first], configs)

    def _configs(self, run: RunFile, lane: Lane) -> Iterator[KnownConfig]:
        for target, settings in run.configs.of_lane(lane):
            if settings is None:
                self._unknown += 1
            elif settings == ABSENT:
                self._unset += 1
            elif declared := self._owners.config_of(target):
                self._declared += 1
                if _differ(declared.settings, settings):
                    self._add_differing(declared.name)
            else:
                self._exported += 1
                self._without_retries += settings.maximum_retry_attempts is None
                yield KnownConfig(target, settings)

    def _add_differing(self, address: str) -> None:
        self._differing += 1
        if len(self._shown_addresses) < _SHOWN_ADDRESSES:
            self._shown_addresses.append(printable(address))

    def _print_notes(self, run: RunFile) -> None:
        show = Console().print
        if run.metadata.rolled_back_by is not None:
            show(f"note: {quoted(run.metadata.rolled_back_by)} rolled this run back; export that")
        if not self._exported:
            show("note: there is no configuration to export")
        left_out = {
            "whose configuration is not known": self._unknown,
            "without a configuration": self._unset,
        }
        parts = [f"{counted(count, 'target')} {why}" for why, count in left_out.items() if count]
        if parts:
            show(f"note: left out {' and '.join(parts)}")
        if self._declared:
            show(self._declared_note())

    def _declared_note(self) -> str:
        note = f"note: left out {counted(self._declared, 'configuration')} of the Terraform state"
        if not self._differing:
            return note
        hidden = self._differing - len(self._shown_addresses)
        listed = ", ".join([*self._shown_addresses, *([f"{hidden:,} more"] if hidden else [])])
        return f"{note}; change the code of those with other values there: {listed}"


def _differ(declared: Settings | None, settings: Settings) -> bool:
    """Whether code declares other settings; it may not say which ones it declares."""
    return declared is not None and _with_defaults(declared) != _with_defaults(settings)


def _with_defaults(settings: Settings) -> Settings:
    if settings.maximum_retry_attempts is None:
        return msgspec.structs.replace(settings, maximum_retry_attempts=DEFAULT_RETRIES)
    return settings


def _new_folder(path: str) -> Path:
    """Creates a folder, unless there is an empty one.

    Raises:
        UsageError: there is something else, or it cannot be created.
    """
    folder = Path(path)
    try:
        folder.mkdir(exist_ok=True)
        is_empty = next(folder.iterdir(), None) is None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise UsageError(f"--out {quoted(path)}: {reason}") from None
    if not is_empty:
        raise UsageError(f"--out {quoted(path)} is not empty; use another folder")
    return folder
