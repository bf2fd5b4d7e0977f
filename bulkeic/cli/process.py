"""The process: its streams, its errors and its exit code."""

import gc
import io
import os
import signal
import sys
from contextlib import suppress

import click

from bulkeic.cli.commands import cli
from bulkeic.core.errors import BulkeicError, StoppedError, printable

_STDERR = 2
_USAGE_EXIT = 2
_STOPPED_EXIT = 3
_INTERRUPTED_EXIT = 130


def _fill_closed_streams() -> None:
    """Keeps a file that is opened later from being taken for a stream that was closed."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, "r")
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w")


def _end_in_good_order_on_signals() -> None:
    """Takes SIGTERM and SIGHUP for Ctrl-C, but for a SIGHUP that ``nohup`` has turned off."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def _let_go_of_streams() -> None:
    """Keeps Python from ending with a code of its own where nobody reads any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _tell(text: str) -> None:
    with suppress(OSError):  # nobody reads it any more
        click.echo(printable(text), err=True)


def _show(error: click.ClickException) -> None:
    """Shows an error of click's own, which repeats the user's words."""
    shown = io.StringIO()
    error.show(file=shown)
    for line in shown.getvalue().removesuffix("\n").split("\n"):
        _tell(line)


def _clean(text: str) -> str:
    """A text without secrets: an error that nobody foresaw may hold anything."""
    from bulkeic.aws.sanitizer import sanitize  # noqa: PLC0415 - imported only where it is needed

    return sanitize(text)


def tune_collector() -> None:
    """Collects seldom: few cycles are made, and a collection looks at all that is imported."""
    gc.set_threshold(50_000, 20, 20)


def main() -> None:
    """The installed command. Every error that was foreseen is one line and an exit code."""
    tune_collector()
    _fill_closed_streams()
    _end_in_good_order_on_signals()
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        _show(error)
        code = _USAGE_EXIT
    except BulkeicError as error:
        _tell(f"bulkeic: {error}")
        code = _STOPPED_EXIT if isinstance(error, StoppedError) else _USAGE_EXIT
    except (KeyboardInterrupt, click.Abort):
        _tell("bulkeic: interrupted")
        code = _INTERRUPTED_EXIT
    except Exception as error:  # noqa: BLE001 - a bug is one line, too
        _tell(f"bulkeic: internal error, please report it: {_clean(repr(error))}")
        code = _USAGE_EXIT
    _let_go_of_streams()
    if code == _INTERRUPTED_EXIT:
        os._exit(code)  # out now: a thread may be writing to a pipe that nobody reads
    gc.freeze()  # what is left need not be looked at once more before it goes
    sys.exit(code)
