"""Colors of outcomes: which there are, how styled text travels, and when it is shown in color.

A styled text is a string that knows which of its parts have a style, so code without styles prints
it as it is. The meaning is never in the color alone. Escape codes come from here
only, after every part was escaped: a foreign text cannot add one.
"""

import os
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple, Self

from bulkeic.core.change.reconcile import Action
from bulkeic.core.errors import printable
from bulkeic.core.model import NOT_DONE, Status
from bulkeic.core.rollout.gates import GateDecision


class Style(Enum):
    """What a text means; the value is its escape code (SGR)."""

    GOOD = "32"
    """Done: green."""
    WAITING = "33"
    """Pending or held, and what a plan will change: yellow."""
    BAD = "31"
    """Failed, unknown or halted: red."""


PENDING = "pending"
COUNT_STYLES: Mapping[str, Style] = {
    **dict.fromkeys((Status.UPDATED, Status.CREATED, Status.UNCHANGED), Style.GOOD),
    **dict.fromkeys((*NOT_DONE, Status.INVALID), Style.BAD),
    PENDING: Style.WAITING,
}
"""The style of a number of targets, by their status; statuses without one are not here."""
ACTION_STYLES: Mapping[Action, Style] = {
    Action.CREATE: Style.GOOD,
    Action.CHANGE: Style.WAITING,
    Action.DELETE: Style.BAD,
    Action.MISSING: Style.BAD,
}
"""The style of a number of targets in a plan, by what they need."""


DECISION_STYLES: Mapping[GateDecision, Style] = {
    GateDecision.CONTINUE: Style.GOOD,
    GateDecision.HOLD: Style.WAITING,
    GateDecision.HALT: Style.BAD,
}
"""The style of what a gate decides."""


class Mark(NamedTuple):
    """A part of a text that has a style; the positions are as in a slice."""

    start: int
    end: int
    style: Style


class StyledText(str):
    """A string, parts of which have a style. As a string it has no escape codes.

    Attributes:
        marks: the parts, in order; they do not overlap.
    """

    __slots__ = ("marks",)
    marks: tuple[Mark, ...]

    def __new__(cls, text: str, marks: Iterable[Mark] = ()) -> Self:
        """See the class."""
        found = super().__new__(cls, text)
        found.marks = tuple(marks)
        return found


def styled_line(*parts: str) -> str:
    """Joins texts; those that are styled keep their styles."""
    at, marks = 0, []
    for part in parts:
        marks += [Mark(at + start, at + end, style) for start, end, style in marks_of(part)]
        at += len(part)
    text = "".join(parts)
    return StyledText(text, marks) if marks else text


def styled(text: str, style: Style | None) -> str:
    """A text in a style; an empty text and ``None`` have none."""
    if style is None or not text:
        return text
    return StyledText(text, [Mark(0, len(text), style)])


def styled_count(count: int, style: Style | None, words: str = "") -> str:
    """A number in a style, unless it is 0, with words that belong to it."""
    text = f"{count:,} {words}".rstrip()
    return styled(text, style if count else None)


def styled_list(parts: Iterable[str], separator: str = ", ") -> str:
    """Joins texts with a separator; those that are styled keep their styles."""
    found: list[str] = []
    for part in parts:
        found += [separator, part] if found else [part]
    return styled_line(*found)


def marks_of(text: str) -> tuple[Mark, ...]:
    """The parts of a text that have a style; a plain string has none."""
    return text.marks if isinstance(text, StyledText) else ()


def rendered(text: str, *, in_color: bool) -> str:
    """A text for a terminal: its control characters are escaped, its styles are escape codes.

    Args:
        text: of any origin.
        in_color: whether styles are shown.
    """
    if not in_color:
        return printable(text)
    found, at = [], 0
    for start, end, style in marks_of(text):
        found += [printable(text[at:start]), _colored(printable(text[start:end]), style)]
        at = end
    return "".join([*found, printable(text[at:])])


def _colored(text: str, style: Style) -> str:
    return f"\x1b[{style.value}m{text}\x1b[0m"


def has_colors(*, is_terminal: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether an output shows colors; the first rule that holds decides.

    =======================================  ======
    ``NO_COLOR``                             no
    ``FORCE_COLOR`` or ``CLICOLOR_FORCE``    yes
    it is not a terminal                     no
    ``TERM`` is ``dumb`` or ``unknown``      no
    ``CLICOLOR=0``                           no
    else                                     yes
    =======================================  ======

    An empty variable counts as not set, and so does ``0`` of those that force colors.

    Args:
        is_terminal: whether it is a terminal.
        environment: the environment variables.
    """
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "") not in {"", "0"} for name in _FORCING):
        return True
    is_dumb = environment.get("TERM", "").lower() in {"dumb", "unknown"}
    return is_terminal and not is_dumb and environment.get("CLICOLOR") != "0"


_FORCING = ("FORCE_COLOR", "CLICOLOR_FORCE")
