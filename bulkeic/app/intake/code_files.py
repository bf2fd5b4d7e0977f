"""Files of infrastructure code, read as targets."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bulkeic.app.options.code_options import CodeOptions
from bulkeic.core.code.code_targets import CodeTarget, code_targets
from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.errors import InputError, printable
from bulkeic.core.model import SourceLine
from bulkeic.core.targets.rows import Row

if TYPE_CHECKING:
    from bulkeic.iac.cloudformation.deployment import Deployment


def read_code(
    options: CodeOptions, find_deployment: Callable[[], "Deployment"]
) -> list[DeclaredCode]:
    """What the given files declare, in the order of the options.

    Args:
        options: name the files.
        find_deployment: returns where and with what templates are deployed.

    Raises:
        InputError: a file cannot be read, or is not what its flag expects.
        BulkeicError: AWS cannot be asked for what a template leaves open.
    """
    found: list[DeclaredCode] = []
    if options.terraform:
        from bulkeic.iac.terraform.show_json import read_show_json  # noqa: PLC0415 - few runs have it

        found += [read_show_json(file).code for file in options.terraform]
    if options.template:
        from bulkeic.iac.cloudformation.template import read_template  # noqa: PLC0415 - as above

        deployment = find_deployment()
        found += [read_template(file, deployment) for file in options.template]
    return found


class CodeRows:
    """The targets of code as the rows of a targets file. See ``ingest.TargetRows``.

    The line of a row is that of its resource, if there is one file and each resource has a line of
    its own. Otherwise it is a number that counts the targets of all files.

    Args:
        codes: what the files declare.
        with_lacking: also those of functions that lack a configuration (see
            ``core.code.code_targets``).

    Attributes:
        codes: what the files declare.
    """

    def __init__(self, codes: Sequence[DeclaredCode], *, with_lacking: bool = False) -> None:
        self._targets = code_targets(codes, with_lacking=with_lacking)
        self.codes = codes
        lines = [target.line for target in self._targets]
        has_lines = len(codes) == 1 and 0 not in lines and len(set(lines)) == len(lines)
        numbers = lines if has_lines else range(1, len(lines) + 1)
        self._by_line = dict(zip(numbers, self._targets, strict=True))
        first, *others = (code.file for code in codes)
        self.name = f"{first} and {len(others)} more" if others else first

    def rows(self) -> Iterator[Row | InputError]:
        """Yields the rows."""
        for line, target in self._by_line.items():
            row = target.row
            if isinstance(row, InputError):
                yield row.at(_place(target, row.line), 0)
            else:
                yield replace(row, line=line, item=self.place(line))

    def place(self, line: int) -> str:
        """The file and the address of a row, and its line if people write the file."""
        return _place(self._by_line[line])

    def at(self, problem: InputError, line: int) -> InputError:
        """See ``TargetRows``."""
        return problem.at(self.place(line), 0)

    def source(self, line: int) -> SourceLine:
        """The file and the address of a row, for the outcome of its job."""
        return SourceLine(self.place(line))


def _place(target: CodeTarget, line: int = 0) -> str:
    """The place of a target; ``line`` is better known than that of its resource."""
    line = line or target.line
    file = f"{target.file}:{line}" if line else target.file
    return printable(f"{file}: {target.address}")
