"""Files of infrastructure code, read as targets."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bulkeic.app.setup.code_options import CodeOptions
from bulkeic.core.code_targets import code_targets
from bulkeic.core.declared_code import DeclaredCode
from bulkeic.core.errors import InputError, printable
from bulkeic.core.model import SourceLine
from bulkeic.core.rows import Row


def read_code(options: CodeOptions) -> list[DeclaredCode]:
    """What the given files declare, in the order of the options.

    Raises:
        InputError: a file cannot be read, or is not what its flag expects.
    """
    found: list[DeclaredCode] = []
    if options.terraform:
        from bulkeic.iac.terraform.show_json import read_show_json  # noqa: PLC0415 - few runs have it

        found += map(read_show_json, options.terraform)
    if options.template:
        from bulkeic.iac.cloudformation.template import read_template  # noqa: PLC0415 - as above

        found += map(read_template, options.template)
    return found


class CodeRows:
    """The targets of code as the rows of a targets file. See ``ingest.TargetRows``.

    The number of a row counts the targets of all files.

    Args:
        codes: what the files declare.
        with_lacking: also those of functions that lack a configuration (see
            ``core.code_targets``).
    """

    def __init__(self, codes: Sequence[DeclaredCode], *, with_lacking: bool = False) -> None:
        self._targets = code_targets(codes, with_lacking=with_lacking)
        first, *others = (code.file for code in codes)
        self.name = f"{first} and {len(others)} more" if others else first

    def rows(self) -> Iterator[Row | InputError]:
        """Yields the rows."""
        for line, target in enumerate(self._targets, 1):
            row = target.row
            if isinstance(row, InputError):
                yield row.at(self.place(line), 0)
            else:
                yield replace(row, line=line, item=self.place(line))

    def place(self, line: int) -> str:
        """The file and the address of a row."""
        target = self._targets[line - 1]
        return printable(f"{target.file}: {target.address}")

    def at(self, problem: InputError, line: int) -> InputError:
        """See ``TargetRows``."""
        return problem.at(self.place(line), 0)

    def source(self, line: int) -> SourceLine:
        """The file and the address of a row, for the outcome of its job."""
        return SourceLine(self.place(line))
