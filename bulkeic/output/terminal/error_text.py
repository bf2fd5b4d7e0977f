"""The error codes of a run as lines of text: how often each came, an example, and what to do."""

import textwrap
from collections.abc import Sequence

from bulkeic.core.model import Outcome
from bulkeic.core.report.run_report import ErrorGroup
from bulkeic.output.formatting import counted
from bulkeic.output.tables import Table, lines
from bulkeic.output.terminal.screen import Screen
from bulkeic.output.terminal.styles import Style, styled, styled_line

_MESSAGE_CHARACTERS = 160
_SHOWN_CODES = 5
_MOST_CODES = 10


def error_lines(errors: Sequence[ErrorGroup], screen: Screen) -> list[str]:
    """A line for each error code, with an example, and one with what to do.

    Args:
        errors: most frequent first.
        screen: where they are shown.
    """
    shown = [group for group in errors if screen.in_full or group.example is not None]
    shown = shown if screen.in_full else shown[:_SHOWN_CODES]
    found = []
    for group in shown:
        where = f" in {group.accounts:,} accounts" if group.accounts > 1 else ""
        code = styled(group.code, Style.BAD)
        first, *more = _examples(group, screen) or [""]
        example = f", for example {first}" if first else ""
        found.append(styled_line(f"  {group.count:>7,} ", code, where, example))
        found += [f"          {text}" for text in more]
        found += [f"          {group.hint}"] if group.hint else []
    return found + _more(len(errors) - len(shown))


def error_table_lines(errors: Sequence[ErrorGroup], screen: Screen) -> list[str]:
    """A table of error codes with what to do, in at most half of the screen.

    Args:
        errors: most frequent first.
        screen: where they are shown.
    """
    head = ("error", "targets", "accounts", "example")
    rows = [
        (
            styled(group.code, Style.BAD),
            f"{group.count:,}",
            f"{group.accounts:,}",
            "" if group.example is None else example_text(group.example),
        )
        for group in errors[: None if screen.in_full else _MOST_CODES]
    ]
    if not rows:
        return []
    table = Table("", head, rows, texts=1, optional=("accounts",))
    found, *codes = lines(table, screen.width)
    shown, told = 0, [found]
    for line, group in zip(codes, errors, strict=False):
        block = [line, *_details(group, screen)]
        if shown and not _has_room([*told, *block], shown, screen):
            break
        told += block
        shown += 1
    return told + _more(len(errors) - shown)


def _has_room(told: Sequence[str], shown: int, screen: Screen) -> bool:
    if screen.in_full:
        return True
    if screen.rows is None:
        return shown < _SHOWN_CODES
    return screen.height_of(told) <= screen.rows // 2


def _details(group: ErrorGroup, screen: Screen) -> list[str]:
    """What is below the row of an error code: what to do, and in full every example."""
    hint = [] if group.hint is None else [group.hint]
    if screen.rows is not None:
        hint = [part for text in hint for part in textwrap.wrap(text, screen.width - 4)]
    examples = _examples(group, screen) if screen.in_full else []
    return [f"    {text}" for text in (*examples, *hint)]


def _examples(group: ErrorGroup, screen: Screen) -> list[str]:
    """The first example; in full every one, with its request id."""
    if not screen.in_full:
        return [example_text(each) for each in group.examples[:1]]
    return [f"{example_text(each)}{_request(each)}" for each in group.examples]


def _request(outcome: Outcome) -> str:
    return "" if outcome.request_id is None else f" (request id {outcome.request_id})"


def _more(unshown: int) -> list[str]:
    return [f"  and {counted(unshown, 'more error code')}"] if unshown > 0 else []


def example_text(outcome: Outcome) -> str:
    """One outcome that failed: its row, its function and the message."""
    message = outcome.error_message or ""
    if len(message) > _MESSAGE_CHARACTERS:
        message = f"{message[:_MESSAGE_CHARACTERS]}…"
    return f"{outcome.source} {outcome.function_name}: {message}"
