"""The exceptions that bulkeic raises on purpose, and how foreign values are printed.

Every text is one line that is safe to print: foreign values are quoted, with control characters
escaped, and cut to a length that fits a terminal.
"""

_MAX_CHARACTERS = 80
_JSON_WORDS = {True: "true", False: "false"}


def quoted(value: object) -> str:
    """A foreign value, quoted and escaped so that it cannot harm a terminal.

    Args:
        value: anything; strings are quoted, everything else keeps its ``repr``.

    Returns:
        One line of at most about 80 characters, without control characters.
    """
    if isinstance(value, str):
        value = value[: _MAX_CHARACTERS + 1]
    try:
        text = _JSON_WORDS[value] if isinstance(value, bool) else repr(value)
    except (
        ValueError,
        RecursionError,
    ):  # a number with thousands of digits, a list that holds itself
        text = f"this {type(value).__name__}"
    return text if len(text) <= _MAX_CHARACTERS + 2 else f"{text[:_MAX_CHARACTERS]}…"


def printable(text: str) -> str:
    """The text with every control character escaped."""
    return text if text.isprintable() else "".join(map(_escape, text))


def _escape(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


class BulkeicError(Exception):
    """Base of every error that bulkeic raises on purpose; the text is one line for people."""


class UsageError(BulkeicError):
    """An invalid flag or argument, or an invalid combination."""


class InputError(BulkeicError):
    """One problem in a targets file.

    Attributes:
        source: name of the file as the user gave it, or ``<stdin>``; empty: no file.
        line: number of the line that the row begins on, from 1; 0: the file as a whole.
        field: name of the field; empty: the row as a whole.
        rule: what is wrong and what is expected, one line.
    """

    def __init__(self, rule: str, *, field: str = "", line: int = 0, source: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.field = field
        self.line = line
        self.source = source

    def at(self, source: str, line: int) -> "InputError":
        """The same problem with a file and a line."""
        return InputError(self.rule, field=self.field, line=line, source=source)

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        return printable(": ".join(part for part in (place, self.field, self.rule) if part))


class RunFileError(BulkeicError):
    """A run file that cannot be created, opened, read or written."""


class DamagedRunError(RunFileError):
    """A run file that is damaged, or that may lack outcomes.

    Attributes:
        problem: what is wrong with it; the text also has the way out.
    """

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(f"{problem}; {way_out}")
        self.problem = problem


class StoppedError(BulkeicError):
    """A run that failed after it started; some targets may have been changed."""


class AccessError(BulkeicError):
    """AWS cannot be reached, or there are no usable credentials."""


class ServiceError(BulkeicError):
    """A service other than Lambda and STS refused, could not be reached, or gave a wrong answer.

    Attributes:
        code: AWS's error code, or the SDK's name of the transport error.
        message: the problem and a way out, without ``place`` and ``code``.
        is_denied: whether the caller lacks a permission, so that a retry would fail too.
        place: the account and Region; empty: the message names it.
    """

    def __init__(self, code: str, message: str, *, is_denied: bool, place: str = "") -> None:
        self.code = code
        self.message = printable(message)
        self.is_denied = is_denied
        self.place = place
        super().__init__(f"{place}: {code}: {self.message}" if place else self.message)
