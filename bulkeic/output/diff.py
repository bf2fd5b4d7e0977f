"""Differences between current and wanted settings, in the format of Terraform and git."""

import sys
from typing import TextIO

from rich.console import Console
from rich.style import Style

from bulkeic.core.errors import printable
from bulkeic.core.model import Settings, Target
from bulkeic.core.snapshot import ABSENT, FieldChange, differences

_CREATE, _CHANGE, _DELETE = "+", "~", "-"
_COLORS = {_CREATE: "green", _CHANGE: "yellow", _DELETE: "red"}


class DiffPrinter:
    """Prints the differences of one target after another.

    Signs have colors on a terminal unless ``NO_COLOR`` is set; with ``FORCE_COLOR``, anywhere.

    Args:
        out: ``None``: stdout.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._signs = {sign: sign for sign in _COLORS}
        console = Console(file=self._out)
        if console.color_system is not None and not console.no_color:
            # Rendered once: rich would take most of the time.
            self._signs = {sign: Style(color=name).render(sign) for sign, name in _COLORS.items()}

    def show(self, target: Target, source: str, before: Settings, after: Settings) -> None:
        """Prints a line for the target, and one for each field that differs.

        Args:
            target: the target.
            source: its row, ``targets.csv:17``.
            before: the snapshot of what it has; ``ABSENT``: it will be created.
            after: the snapshot of what it should have; ``ABSENT``: it will be deleted.

        Raises:
            OSError: the output cannot be written, for example to a closed pipe.
        """
        sign = _sign(is_new=before == ABSENT, is_gone=after == ABSENT)
        name = printable(f"{target.arn}:{target.qualifier}  ({source})")
        fields = differences(before, after)
        width = max((len(change.field) for change in fields), default=0) + 1
        lines = [f"{self._signs[sign]} {name}\n"]
        for change in fields:
            sign = _sign(is_new=change.before is None, is_gone=change.after is None)
            text = f"{change.field + ':':<{width}} {printable(_values(change))}"
            lines.append(f"    {self._signs[sign]} {text}\n")
        self._write("".join(lines))

    def _write(self, text: str) -> None:
        encoding = self._out.encoding
        if encoding and not text.isascii():  # a file name that a C locale cannot encode
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self._out.write(text)


def _sign(*, is_new: bool, is_gone: bool) -> str:
    if is_new:
        return _CREATE
    return _DELETE if is_gone else _CHANGE


def _values(change: FieldChange) -> str:
    values = (change.before, change.after)
    return " -> ".join(str(value) for value in values if value is not None)
