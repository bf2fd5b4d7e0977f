"""Differences between current and wanted settings, in the format of Terraform and git."""

import sys
from typing import TextIO

from bulkeic.core.change.snapshot import ABSENT, FieldChange, differences
from bulkeic.core.errors import printable
from bulkeic.core.model import Settings, Target
from bulkeic.output.terminal.styles import Style, has_colors, rendered, styled

_CREATE, _CHANGE, _DELETE = "+", "~", "-"
_SIGN_STYLES = {_CREATE: Style.GOOD, _CHANGE: Style.WAITING, _DELETE: Style.BAD}


def diff_lines(before: Settings, after: Settings) -> list[str]:
    """A line for each field that differs, with its sign. Foreign texts are not escaped."""
    fields = differences(before, after)
    width = max((len(change.field) for change in fields), default=0) + 1
    return [
        f"{_sign(is_new=change.before is None, is_gone=change.after is None)} "
        f"{change.field + ':':<{width}} {_values(change)}"
        for change in fields
    ]


class DiffPrinter:
    """Prints the differences of one target after another.

    Signs are styled.

    Args:
        out: ``None``: stdout.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._given = out
        in_color = has_colors(is_terminal=self._out.isatty())
        self._signs = {
            sign: rendered(styled(sign, style), in_color=in_color)
            for sign, style in _SIGN_STYLES.items()
        }

    @property
    def _out(self) -> TextIO:
        # sys.stdout is looked up each time: a progress bar replaces it while it is shown.
        return sys.stdout if self._given is None else self._given

    def show(
        self,
        target: Target,
        source: str,
        before: Settings,
        after: Settings,
        managed_by: str | None = None,
    ) -> None:
        """Prints the text of a target.

        Args:
            target: see ``text``.
            source: see ``text``.
            before: see ``text``.
            after: see ``text``.
            managed_by: see ``text``.

        Raises:
            OSError: see ``write``.
        """
        self.write(self.text(target, source, before, after, managed_by))

    def text(
        self,
        target: Target,
        source: str,
        before: Settings,
        after: Settings,
        managed_by: str | None = None,
    ) -> str:
        """A line for the target, and one for each field that differs.

        Args:
            target: the target.
            source: its row, ``targets.csv:17``.
            before: the snapshot of what it has; ``ABSENT``: it will be created.
            after: the snapshot of what it should have; ``ABSENT``: it will be deleted.
            managed_by: its owner; ``None``: nothing that is known.
        """
        sign = _sign(is_new=before == ABSENT, is_gone=after == ABSENT)
        owner = "" if managed_by is None else f", managed by {managed_by}"
        name = printable(f"{target.arn}:{target.qualifier}  ({source}{owner})")
        lines = [
            f"    {self._signs[line[0]]}{printable(line[1:])}\n"
            for line in diff_lines(before, after)
        ]
        return "".join([f"{self._signs[sign]} {name}\n", *lines])

    def write(self, text: str) -> None:
        """Prints the text of one target, or of several.

        Raises:
            OSError: the output cannot be written, for example to a closed pipe.
        """
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
