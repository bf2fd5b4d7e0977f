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
_ROOMY = 16  # with fewer rows for all of the result, what to do takes one of them


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
    if not errors:
        return []
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
    table = Table("", head, rows, texts=1, optional=("accounts",))
    if screen.rows is None:  # there is room for the whole example below the row
        table = Table("", head[:-1], [row[:-1] for row in rows])
    found, *codes = lines(table, screen.width)
    shown, told = 0, [found]
    for line, group in zip(codes, errors, strict=False):
        block = [line, *_details(group, screen)]
        more = _more(len(errors) - shown - 1)
        if shown and not _has_room([*told, *block, *more], shown, screen):
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
        width, is_tight = screen.width - 4, screen.rows < _ROOMY
        hint = [line for text in hint for line in _broken(text, width, is_cut=is_tight)]
        return [f"    {text}" for text in hint]
    examples = [f"for example {text}" for text in _examples(group, screen)]
    return [f"    {text}" for text in (*examples, *hint)]


def _broken(text: str, width: int, *, is_cut: bool) -> list[str]:
    """A text as lines that fit, or only the beginning of it."""
    if is_cut and len(text) > width:
        return [f"{text[: width - 1]}…"]
    return textwrap.wrap(text, width)


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
