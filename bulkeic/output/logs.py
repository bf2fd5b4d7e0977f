"""Logs on stderr, by structlog: readable lines on a terminal, JSON everywhere else."""

import functools
import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, ExcInfo

from bulkeic.core.errors import printable

LogFormat = Literal["console", "json"]
Cleaner = Callable[[str], str]


class _Stderr:
    """Writes to what ``sys.stderr`` is at that moment: a progress bar replaces it while shown.

    A closed stderr does not end a run.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class _Libraries(logging.Handler):
    """Logs the warnings of libraries in our format; their finer levels may hold secrets."""

    def __init__(self, clean: Cleaner) -> None:
        super().__init__(logging.WARNING)
        self._clean = clean

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, self._clean(record.getMessage()), logger=record.name)
        quotes_credentials = record.name.endswith(".credentials")  # what their source has answered
        if record.exc_info and not quotes_credentials:
            log.debug("traceback", logger=record.name, exc_info=record.exc_info)


def configure_logs(log_format: LogFormat | None, level: str, clean: Cleaner) -> None:
    """Configures structlog for the whole process.

    Args:
        log_format: ``None``: console on a terminal, else JSON.
        level: the name of the lowest level that is logged, for example ``warning``.
        clean: removes secrets from a text of unknown content.
    """
    terminal = sys.stderr.isatty()
    chosen = log_format or ("console" if terminal else "json")
    renderer: Any = structlog.processors.JSONRenderer()
    time_format = "iso"
    if chosen == "console":
        renderer = structlog.dev.ConsoleRenderer(
            colors=terminal,
            pad_event_to=0,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
        time_format = "%H:%M:%SZ"
    stderr: TextIO = _Stderr()  # type: ignore[assignment]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=time_format, utc=True),
            _as_printable,
            structlog.processors.ExceptionRenderer(functools.partial(_traceback, clean)),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().handlers[:] = [_Libraries(clean)]


def _traceback(clean: Cleaner, exc_info: ExcInfo) -> str:
    # No local variables; line by line, because clean truncates long texts.
    lines = "".join(traceback.format_exception(*exc_info)).rstrip("\n").split("\n")
    return "\n".join(printable(clean(line)) for line in lines)


def _as_printable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Escapes control characters in all texts of an event."""
    return {
        name: printable(value) if isinstance(value, str) else value for name, value in event.items()
    }
