"""The options that name infrastructure code."""

from typing import Annotated

import msgspec

from bulkeic.app.options.access_options import FILE
from bulkeic.core.errors import InputError, UsageError, quoted
from bulkeic.core.options.option_declaration import Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import ParsedText, ValueType

_READS_CODE = frozenset({"apply", "plan", "verify"})
_LONGEST_VALUE = 4096

Parameter = tuple[str, str]
"""Name and value."""


def parse_parameter(text: str) -> Parameter:
    """Parses a parameter like ``Stage=prod``; the value may be empty, and may contain ``=``.

    Raises:
        InputError: it is invalid.
    """
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise InputError(
            f"{quoted(text)} is not a parameter; expected KEY=VALUE, such as Stage=prod"
        )
    if len(value) > _LONGEST_VALUE:
        raise InputError(f"the value of {quoted(name)} has more than {_LONGEST_VALUE} characters")
    return name, value


def write_parameter(parameter: Parameter) -> str:
    """The text that ``parse_parameter`` reads as a parameter."""
    return "=".join(parameter)


class CodeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The files of infrastructure code."""

    terraform: Annotated[tuple[str, ...], Flag(
        "--terraform", "Output of terraform show -json for a state or a plan, - for stdin. Without "
        "SOURCE, its resources are the targets. With SOURCE, it shows which targets Terraform "
        "manages. Can be repeated.",
        OptionGroup.TARGETS, FILE, is_multiple=True, repeat=Repeat.STORED, commands=_READS_CODE
    )] = ()  # fmt: skip
    template: Annotated[tuple[str, ...], Flag(
        "--template", "CloudFormation or SAM template. Without SOURCE, its resources are the "
        "targets. With SOURCE, it shows which targets CloudFormation manages. Can be repeated.",
        OptionGroup.TARGETS, FILE, is_multiple=True, repeat=Repeat.STORED, commands=_READS_CODE
    )] = ()  # fmt: skip

    parameters: Annotated[tuple[Parameter, ...], Flag(
        "--parameter", "Value of a template parameter. It wins over the value in the deployed "
        "stack and over the default. Can be repeated.", OptionGroup.TARGETS,
        ParsedText("KEY=VALUE", parse_parameter, write_parameter), "none", is_multiple=True,
        repeat=Repeat.STORED, commands=_READS_CODE
    )] = ()  # fmt: skip
    stack: Annotated[str | None, Flag(
        "--stack", "Deployed stack of the template. Generated names and parameter values are read "
        "from it.", OptionGroup.TARGETS, ValueType("NAME"),
        repeat=Repeat.STORED, commands=_READS_CODE
    )] = None  # fmt: skip

    def check(self) -> None:
        """Checks that a stack and parameters belong to one template.

        Raises:
            UsageError: they do not.
        """
        given = [("--stack", self.stack is not None), ("--parameter", bool(self.parameters))]
        for flag, is_given in given:
            if is_given and len(self.template) != 1:
                raise UsageError(
                    f"{flag} belongs to one template; give --template once, and run the command "
                    "for each template"
                )
        names = [name for name, _ in self.parameters]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"--parameter {quoted(name)} is given twice")

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files."""
        return self.terraform + self.template
