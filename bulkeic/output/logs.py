"""structlog on stderr: lines for people on a terminal, JSON for everything else."""

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
    """Whatever ``sys.stderr`` is at the moment: a progress bar puts itself in its place.

    That nobody reads it any more is no reason to end a run.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


class _Libraries(logging.Handler):
    """What libraries log as a warning, in our form; more than that may hold secrets."""

    def __init__(self, clean: Cleaner) -> None:
        super().__init__(logging.WARNING)
        self._clean = clean

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, self._clean(record.getMessage()), logger=record.name)
        if record.exc_info:
            log.debug("its traceback", logger=record.name, exc_info=record.exc_info)


def configure_logs(log_format: LogFormat | None, level: str, clean: Cleaner) -> None:
    """Sets structlog up for the whole process.

    Args:
        log_format: ``None``: console on a terminal, else JSON.
        level: name of the lowest level that is shown, such as ``warning``.
        clean: takes secrets out of a text of which nobody knows what is in it.
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

    def traceback_of(exc_info: ExcInfo) -> str:
        # Without local variables, and line by line, since clean cuts what is very long.
        lines = "".join(traceback.format_exception(*exc_info)).rstrip("\n").split("\n")
        return "\n".join(printable(clean(line)) for line in lines)

    stderr: TextIO = _Stderr()  # type: ignore[assignment]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=time_format, utc=True),
            _as_printable,
            structlog.processors.ExceptionRenderer(traceback_of),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stderr),
        cache_logger_on_first_use=False,
    )
    logging.getLogger().handlers[:] = [_Libraries(clean)]


def _as_printable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Texts without anything that a terminal would act on."""
    return {
        name: printable(value) if isinstance(value, str) else value for name, value in event.items()
    }
