"""Logs on stderr: readable lines on a terminal, JSON everywhere else.

The standard library's ``logging`` collects records. structlog renders them; it is imported when the
first one is shown, because most runs show none.
"""

import functools
import logging
import sys
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO

from bulkeic.core.errors import printable

LogFormat = Literal["console", "json"]
Cleaner = Callable[[str], str]

_OURS = logging.getLogger("bulkeic")


class _Stderr:
    """Writes to what ``sys.stderr`` is at that moment: a progress bar replaces it while shown.

    A closed stderr does not end a run. Each line is one write, so that lines of workers never mix.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class _Renderer(logging.Handler):
    """Renders our records, and the warnings of libraries: their finer levels may hold secrets."""

    def __init__(self, log_format: LogFormat, level: int, clean: Cleaner) -> None:
        super().__init__(level)
        self._format = log_format
        self._clean = clean

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(f"{_OURS.name}."):
            details = record.__dict__.get("details", {})
            if record.exc_info:
                details = {**details, "exc_info": record.exc_info}
            self._log.log(record.levelno, record.getMessage(), **details)
        elif record.levelno >= logging.WARNING:
            self._log.log(record.levelno, self._clean(record.getMessage()), logger=record.name)
            # It may quote what a source of credentials has answered.
            quotes_credentials = record.name.endswith(".credentials")
            if record.exc_info and not quotes_credentials and self.level <= logging.DEBUG:
                self._log.debug("traceback", logger=record.name, exc_info=record.exc_info)

    @functools.cached_property
    def _log(self) -> Any:
        import structlog  # noqa: PLC0415 - it imports rich, and most runs log nothing

        renderer: Any = structlog.processors.JSONRenderer()
        time_format = "iso"
        if self._format == "console":
            renderer = structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=0,
                sort_keys=False,
                exception_formatter=structlog.dev.plain_traceback,
            )
            time_format = "%H:%M:%SZ"
        stderr: TextIO = _Stderr()  # type: ignore[assignment]
        return structlog.wrap_logger(
            structlog.WriteLogger(stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt=time_format, utc=True),
                _as_printable,
                structlog.processors.ExceptionRenderer(functools.partial(_traceback, self._clean)),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG),
        )


def configure_logs(log_format: LogFormat | None, level: str, clean: Cleaner) -> None:
    """Configures the logs of the whole process.

    Args:
        log_format: ``None``: console on a terminal, else JSON.
        level: the name of the lowest level that is logged, for example ``warning``.
        clean: removes secrets from a text of unknown content.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    chosen = log_format or ("console" if sys.stderr.isatty() else "json")
    _OURS.setLevel(number)
    logging.getLogger().handlers[:] = [_Renderer(chosen, number, clean)]


def keep_silent() -> None:
    """Logs nothing unless the program configures logging: no record is printed as a last resort."""
    if not _OURS.handlers:
        _OURS.addHandler(logging.NullHandler())


def reset_logs() -> None:
    """Undoes ``configure_logs``."""
    _OURS.setLevel(logging.NOTSET)
    logging.getLogger().handlers.clear()


def are_logs_configured() -> bool:
    """Whether ``configure_logs`` was called."""
    return any(isinstance(handler, _Renderer) for handler in logging.getLogger().handlers)


def _traceback(clean: Cleaner, exc_info: Any) -> str:
    # No local variables; line by line, because clean truncates long texts.
    lines = "".join(traceback.format_exception(*exc_info)).rstrip("\n").split("\n")
    return "\n".join(printable(clean(line)) for line in lines)


def _as_printable(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Escapes control characters in all texts of an event."""
    return {
        name: printable(value) if isinstance(value, str) else value for name, value in event.items()
    }
