"""What targets have and what they are to have, on stdout, in the form of Terraform and git."""

import sys
from typing import TextIO

from rich.console import Console
from rich.style import Style

from bulkeic.core.errors import printable
from bulkeic.core.model import Settings, Target
from bulkeic.core.snapshot import ABSENT, FieldChange, differences

_CREATE, _CHANGE, _DELETE = "+", "~", "-"
_COLOURS = {_CREATE: "green", _CHANGE: "yellow", _DELETE: "red"}


class DiffPrinter:
    """Shows target by target what is not as it should be.

    Signs have colours on a terminal, unless ``NO_COLOR`` is set; ``FORCE_COLOR`` is as a terminal.

    Args:
        out: ``None``: stdout.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._signs = {sign: sign for sign in _COLOURS}
        console = Console(file=self._out)
        if console.color_system is not None and not console.no_color:
            # Rendered once: what rich does for a text takes longer than all the rest.
            self._signs = {sign: Style(color=name).render(sign) for sign, name in _COLOURS.items()}

    def show(self, target: Target, source: str, before: Settings, after: Settings) -> None:
        """A line for the target, and one for each field that differs.

        Args:
            target: what it is about.
            source: where its row stands, ``targets.csv:17``.
            before: the image that it has; ``ABSENT``: none, so it is created.
            after: the image that it is to have; ``ABSENT``: none, so it is deleted.

        Raises:
            OSError: it cannot be written; a pipe that nobody reads any more is one case.
        """
        sign = _sign(is_new=before == ABSENT, is_gone=after == ABSENT)
        name = printable(f"{target.arn}:{target.qualifier}  ({source})")
        fields = differences(before, after)
        width = max((len(each.field) for each in fields), default=0) + 1
        lines = [f"{self._signs[sign]} {name}\n"]
        for each in fields:
            sign = _sign(is_new=each.before is None, is_gone=each.after is None)
            text = f"{each.field + ':':<{width}} {printable(_values(each))}"
            lines.append(f"    {self._signs[sign]} {text}\n")
        self._write("".join(lines))

    def _write(self, text: str) -> None:
        encoding = self._out.encoding
        if encoding and not text.isascii():  # the name of a file, which a C locale cannot say
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self._out.write(text)


def _sign(*, is_new: bool, is_gone: bool) -> str:
    if is_new:
        return _CREATE
    return _DELETE if is_gone else _CHANGE


def _values(difference: FieldChange) -> str:
    values = (difference.before, difference.after)
    return " -> ".join(str(value) for value in values if value is not None)
