"""What SIGINT, SIGTERM and SIGHUP do outside of a session: they end the process, never loudly.

=============================  ====================================================
while                          a signal
=============================  ====================================================
modules are imported           ends the process at once: there is nothing to clean up
a command works                raises ``KeyboardInterrupt``, so that files are cleaned up
it is already interrupted      ends the process at once
the process ends               ends the process at once
=============================  ====================================================

A command that calls Lambda counts signals instead (see ``app.run.signals``).
"""

import os
import signal
import sys
from types import FrameType

_STDERR = 2
_SIGNAL_EXIT = 128
_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_at_once_on_signals() -> None:
    """Makes signals end the process at once, except a SIGHUP that ``nohup`` has turned off."""
    _handle(_end_at_once)


def interrupt_on_signals() -> None:
    """Makes the first signal raise ``KeyboardInterrupt``, and the next one end the process."""
    sys.unraisablehook = _end_if_interrupted
    _handle(_interrupt)


def signal_exit_code(error: BaseException) -> int:
    """The exit code of an interrupted command: 128 and the number of the signal."""
    while error.__cause__ is not None:  # click wraps the interrupt
        error = error.__cause__
    number = error.args[0] if error.args and isinstance(error.args[0], int) else signal.SIGINT
    return _SIGNAL_EXIT + number


def _handle(handler: "signal._HANDLER") -> None:
    for number in _NUMBERS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    try:
        os.write(_STDERR, b"bulkeic: interrupted\n")
    except OSError:  # nothing reads stderr any more
        pass
    finally:
        os._exit(_SIGNAL_EXIT + number)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    end_at_once_on_signals()
    raise KeyboardInterrupt(number)


def _end_if_interrupted(event: "sys.UnraisableHookArgs") -> None:
    """Ends the process if Python swallowed the interrupt, which a destructor cannot raise."""
    if isinstance(event.exc_value, KeyboardInterrupt):
        _end_at_once(signal_exit_code(event.exc_value) - _SIGNAL_EXIT, None)
    sys.__unraisablehook__(event)
