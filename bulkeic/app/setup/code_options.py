"""The options that name infrastructure code."""

from typing import Annotated

import msgspec

from bulkeic.app.setup.access_options import FILE
from bulkeic.core.option_declaration import Flag, OptionGroup, Repeat

_READS_CODE = frozenset({"apply", "plan", "verify"})


class CodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The files of infrastructure code."""

    terraform: Annotated[tuple[str, ...], Flag(
        "--terraform", "What 'terraform show -json' prints of a state or a plan, - for stdin: the "
        "source of targets if there is no SOURCE, and which targets Terraform manages. Can be "
        "repeated.",
        OptionGroup.TARGETS, FILE, is_multiple=True, repeat=Repeat.STORED, commands=_READS_CODE
    )] = ()  # fmt: skip
    template: Annotated[tuple[str, ...], Flag(
        "--template", "CloudFormation or SAM template: the source of targets if there is no "
        "SOURCE, and which targets CloudFormation manages. Can be repeated.",
        OptionGroup.TARGETS, FILE, is_multiple=True, repeat=Repeat.STORED, commands=_READS_CODE
    )] = ()  # fmt: skip

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files."""
        return self.terraform + self.template
