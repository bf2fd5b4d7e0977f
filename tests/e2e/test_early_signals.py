"""Signals while the command starts: it ends at once with the signal's exit code, quietly."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import Bulkeic

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
# Each is imported later than the one before, the last ones by the command itself.
MODULES = ["click.exceptions", "bulkeic.cli.commands", "msgspec", "asyncio", "anyio"]


def start(bulkeic: Bulkeic, *words: str, **options: Any) -> "subprocess.Popen[str]":
    """Starts an interpreter of its own, which reports each import on stderr."""
    env = bulkeic.env | {"PYTHONPROFILEIMPORTTIME": "1"}
    return subprocess.Popen(
        bulkeic.words(words), cwd=bulkeic.folder, env=env, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
    )  # fmt: skip


@contextmanager
def guarded(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Kills a process that hangs."""
    guard = threading.Timer(20, process.kill)
    guard.start()
    try:
        yield
    finally:
        guard.cancel()


def until_imported(process: "subprocess.Popen[str]", module: str) -> None:
    """Waits until a module was imported after those that handle signals."""
    assert process.stderr is not None
    names = []
    with guarded(process):
        for line in process.stderr:
            names.append(line.rpartition("|")[2].strip())
            if names[-1] == module and "bulkeic.cli.entry_point" in names:
                return
    pytest.fail(f"{module} was not imported after the entry point")


def rest_of_output(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Reads what is left of stdout and stderr, also what ``until_imported`` left in the buffer."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process, guarded(process):
        err = process.stderr.read()
        return process.stdout.read(), err


def messages(err: str) -> list[str]:
    return [line for line in err.splitlines() if line and not line.startswith("import time:")]


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("module", MODULES)
def test_a_signal_during_the_imports_ends_the_command_at_once(
    bulkeic: Bulkeic, number: signal.Signals, module: str
) -> None:
    # Its targets never come, so that it cannot end before the signal.
    process = start(bulkeic, "apply", "-", "--sandbox")
    until_imported(process, module)
    process.send_signal(number)
    out, err = rest_of_output(process)

    assert process.returncode == CODES[number], err
    assert (out, messages(err)) == ("", ["bulkeic: interrupted"])
    assert not list(bulkeic.folder.glob("bulkeic-runs/*"))


def test_a_hangup_that_nohup_turned_off_does_not_end_it(bulkeic: Bulkeic) -> None:
    process = start(
        bulkeic, "apply", "-", "--sandbox",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    until_imported(process, "click.exceptions")
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate("FunctionName,MaximumRetryAttempts\nfn,1\n", timeout=30)

    assert process.returncode == 0, err
