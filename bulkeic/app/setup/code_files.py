"""Files of infrastructure code, read as targets."""

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bulkeic.app.setup.code_options import CodeOptions
from bulkeic.core.declared_code import DeclaredCode
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
    """The configurations of code as the rows of a targets file. See ``ingest.TargetRows``.

    The number of a row counts the configurations of all files.

    Args:
        codes: what the files declare.
    """

    def __init__(self, codes: Sequence[DeclaredCode]) -> None:
        self._configs = [config for code in codes for config in code.configs]
        first, *others = (code.file for code in codes)
        self.name = f"{first} and {len(others)} more" if others else first

    def rows(self) -> Iterator[Row]:
        """Yields the rows."""
        for number, config in enumerate(self._configs, 1):
            yield replace(config.row, line=number, item=config.address)

    def place(self, line: int) -> str:
        """The address of a row's configuration."""
        return self._configs[line - 1].address
