"""Files of infrastructure code, read as targets."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from bulkeic.app.setup.code_options import CodeOptions
from bulkeic.core.declared_code import DeclaredCode
from bulkeic.core.errors import InputError
from bulkeic.core.rows import Row

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

        found += map(read_show_json, options.terraform)
    if options.template:
        from bulkeic.iac.cloudformation.template import read_template  # noqa: PLC0415 - as above

        deployment = find_deployment()
        found += [read_template(file, deployment) for file in options.template]
    return found


class CodeRows:
    """The configurations of code as the rows of a targets file. See ``ingest.TargetRows``.

    The line of a row is that of its resource, if there is one file and each resource has a line of
    its own. Otherwise it is a number that counts the configurations of all files.

    Args:
        codes: what the files declare.

    Attributes:
        notes: what is not read of the files.
    """

    def __init__(self, codes: Sequence[DeclaredCode]) -> None:
        self._configs = [config for code in codes for config in code.configs]
        self.notes = [note for code in codes for note in code.notes]
        lines = [config.line for config in self._configs]
        has_lines = len(codes) == 1 and 0 not in lines and len(set(lines)) == len(lines)
        self._lines = lines if has_lines else list(range(1, len(lines) + 1))
        self._addresses = {
            line: config.address for line, config in zip(self._lines, self._configs, strict=True)
        }
        first, *others = (code.file for code in codes)
        self.name = f"{first} and {len(others)} more" if others else first

    def rows(self) -> Iterator[Row | InputError]:
        """Yields the rows."""
        for line, config in zip(self._lines, self._configs, strict=True):
            if config.problem is not None:
                problem = config.problem
                rule = f"{problem.rule} ({config.address})"
                yield InputError(
                    rule, field=problem.field, line=problem.line, source=problem.source
                )
                continue
            yield replace(config.row, line=line, item=config.address)

    def place(self, line: int) -> str:
        """The address of a row's configuration."""
        return self._addresses[line]
