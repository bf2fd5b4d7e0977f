"""The values of a template's parameters.

The first row that fits decides:

=========================================  ============================================
the value of a parameter is                if
=========================================  ============================================
the one of ``--parameter``                 the user gives it
the one of the deployed stack              ``--stack`` is given, and the stack shows it
its default                                it has one that is not in Parameter Store
not known                                  else
=========================================  ============================================
"""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any

from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.errors import InputError, UsageError, quoted
from bulkeic.iac.cloudformation.template_blocks import Block

_IN_STORE = "AWS::SSM::Parameter::Value<"
_HIDDEN = "****"
_match_number = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII).fullmatch


class TemplateParameters:
    """The parameters of one template.

    Args:
        declared: the section ``Parameters``.
        given: what the user gives, by name.
        stack: returns the deployed stack; ``None``: the user names none.

    Raises:
        UsageError: the user gives a parameter that is not declared.
    """

    def __init__(
        self,
        declared: Block,
        given: Mapping[str, str],
        stack: Callable[[], DeployedStack] | None,
    ) -> None:
        self._declared = declared
        self._given = given
        self._stack = stack
        for name in given:
            if name not in declared:
                raise UsageError(
                    f"--parameter {quoted(name)}: the template has no such parameter; "
                    f"{nearest(name, declared)}"
                )

    def __contains__(self, name: str) -> bool:
        return name in self._declared

    def value(self, name: str) -> Any:
        """The value of a declared parameter: a text, or a list of texts.

        Raises:
            InputError: it is not known, or does not fit the declaration.
        """
        declared = self._declared[name]
        if not isinstance(declared, Block):
            raise InputError(f"the parameter {quoted(name)} is not a mapping")
        kind = str(declared.get("Type", "String"))
        text = self._text(name, declared, kind)
        return _converted(name, text, kind, declared.get("AllowedValues"))

    def _text(self, name: str, declared: Block, kind: str) -> str:
        if name in self._given:
            return self._given[name]
        if self._stack is not None:
            text = self._stack().parameters.get(name, _HIDDEN)
            if text != _HIDDEN:
                return text
        default = declared.get("Default")
        if default is not None and not kind.startswith(_IN_STORE):
            return scalar_text(default)
        reason = "is in Parameter Store" if default is not None else "has no default"
        way_out = "" if self._stack is not None else ", or --stack NAME to read the deployed value"
        raise InputError(
            f"the parameter {quoted(name)} {reason}; use --parameter {name}=VALUE{way_out}"
        )


def nearest(name: str, known: Mapping[str, Any]) -> str:
    """What to say about a name that is not known: the nearest one that is, or all."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    if near:
        return f"did you mean {near[0]}?"
    return f"known are {', '.join(list(known)[:10])}" if known else "it has none"


def scalar_text(value: Any) -> str:
    """A scalar as CloudFormation writes it into a text.

    Raises:
        InputError: it is not a scalar.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise InputError(f"{quoted(value)} is not a text; expected one value")


def _converted(name: str, text: str, kind: str, allowed: Any) -> Any:
    inner = kind.removeprefix(_IN_STORE).removesuffix(">") if kind.startswith(_IN_STORE) else kind
    is_list = inner == "CommaDelimitedList" or inner.startswith("List<")
    parts = [part.strip() for part in text.split(",")] if is_list else [text]
    if inner in {"Number", "List<Number>"}:
        for part in parts:
            if not _match_number(part):
                raise InputError(
                    f"the parameter {quoted(name)} has the value {quoted(part)}; expected a number"
                )
    if isinstance(allowed, list) and not kind.startswith(_IN_STORE):
        texts = [scalar_text(value) for value in allowed]
        for part in parts:
            if part not in texts:
                raise InputError(
                    f"the parameter {quoted(name)} has the value {quoted(part)}; expected one of "
                    f"{', '.join(texts[:10])}"
                )
    return parts if is_list else text
