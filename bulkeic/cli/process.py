"""The process: its streams, its errors and its exit code."""

import gc
import io
import os
import sys
from contextlib import suppress

import click

from bulkeic.cli.commands import cli
from bulkeic.cli.ending_signals import end_at_once_on_signals, signal_exit_code
from bulkeic.core.errors import BulkeicError, StoppedError, printable
from bulkeic.core.exit_codes import ExitCode

_STDERR = 2


def _open_closed_streams() -> None:
    """Prevents a file that is opened later from getting the number of a closed stream.

    That holds for workers and other processes that this one starts, too.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - it takes no keyword
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0, "r")
    sys.stderr = sys.stderr or os.fdopen(_STDERR, "w")


def _flush_streams() -> None:
    """Prevents Python from changing the exit code where nothing reads a stream any more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _print_error(text: str) -> None:
    with suppress(OSError):  # nothing reads stderr any more
        click.echo(printable(text), err=True)


def _print_click_error(error: click.ClickException) -> None:
    """Prints an error of click, which repeats the user's words, escaped."""
    text = io.StringIO()
    error.show(file=text)
    for line in text.getvalue().removesuffix("\n").split("\n"):
        _print_error(line)


def _print_internal_error(error: Exception) -> None:
    """Prints an unforeseen error without secrets, and logs its traceback at level debug."""
    import logging  # noqa: PLC0415 - only imported when it is needed

    from bulkeic.aws.answers.sanitizer import sanitize  # noqa: PLC0415
    from bulkeic.output.logs import are_logs_configured  # noqa: PLC0415

    advice = ""
    if are_logs_configured():
        logging.getLogger("bulkeic.cli").debug("internal error", exc_info=error)
        advice = " with --log-level debug"
    _print_error(f"bulkeic: internal error, please report it{advice}: {sanitize(repr(error))}")


def tune_collector() -> None:
    """Collects garbage rarely: there are few cycles, and a collection visits every module."""
    gc.set_threshold(50_000, 20, 20)


def run_command() -> int:
    """Runs the command line, and prints every error as one line.

    Returns:
        The exit code.
    """
    try:
        return int(cli(standalone_mode=False))
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        _print_click_error(error)
        return ExitCode.USAGE
    except BulkeicError as error:
        _print_error(f"bulkeic: {error}")
        return ExitCode.STOPPED if isinstance(error, StoppedError) else ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort) as error:
        _print_error("bulkeic: interrupted")
        return signal_exit_code(error)
    except Exception as error:  # noqa: BLE001 - a bug is one line, too
        _print_internal_error(error)
        return ExitCode.STOPPED  # something may have been sent


def _complete_word() -> int:
    from bulkeic.cli.completion.word_completion import complete_word  # noqa: PLC0415 - only then

    return complete_word()


def main() -> None:
    """Runs the command line, and ends the process."""
    tune_collector()
    _open_closed_streams()
    code = _complete_word() if "_BULKEIC_COMPLETE" in os.environ else run_command()
    end_at_once_on_signals()
    _flush_streams()
    if code >= ExitCode.INTERRUPTED:
        os._exit(code)  # at once: a thread may be writing to a pipe that nothing reads
    gc.freeze()  # the last collection skips what is left
    sys.exit(code)
