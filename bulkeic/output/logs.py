"""structlog on stderr: lines for people on a terminal, JSON for everything else."""

import logging
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO

import structlog

LogFormat = Literal["console", "json"]


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


def configure_logs(log_format: LogFormat | None, level: str) -> None:
    """Sets structlog up for the whole process.

    Args:
        log_format: ``None``: console on a terminal, else JSON.
        level: name of the lowest level that is shown, such as ``warning``.
    """
    terminal = sys.stderr.isatty()
    chosen = log_format or ("console" if terminal else "json")
    renderers: list[Any] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    time_format = "iso"
    if chosen == "console":
        renderers = [
            structlog.dev.ConsoleRenderer(
                colors=terminal,
                pad_event_to=0,
                sort_keys=False,
                # The usual one shows local variables, and those may be secrets.
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
        time_format = "%H:%M:%SZ"
    stderr: TextIO = _Stderr()  # type: ignore[assignment]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=time_format, utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(stderr),
        cache_logger_on_first_use=False,
    )
