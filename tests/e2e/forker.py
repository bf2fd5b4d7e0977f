"""The process that forks commands for ``forks``: a script, so that it imports no test code."""

import atexit
import gc
import importlib.metadata
import io
import json
import os
import pkgutil
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

NUMBER = 4
STREAMS = ("stdin", "stdout", "stderr")
STATUS = len(STREAMS)


def command() -> Callable[[], Any]:
    """The function that the console script calls, after importing everything that it may import."""
    [entrance] = importlib.metadata.entry_points(group="console_scripts", name="bulkeic")
    package = importlib.import_module(entrance.module.partition(".")[0])
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for later in ("anyio._backends._asyncio", "uvloop"):
        importlib.import_module(later)
    return entrance.load()  # type: ignore[no-any-return]


def received(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next request and its streams; exits when the tests have ended."""
    head, streams, _, _ = socket.recv_fds(requests, NUMBER, len(STREAMS) + 1)
    if not head:
        requests.close()
        sys.exit()
    body = b""
    while missing := int.from_bytes(head) - len(body):
        body += requests.recv(missing)
    return json.loads(body), streams


def open_stream(number: int, name: str) -> None:
    """Opens a standard stream as a starting interpreter does."""
    before = getattr(sys, name)
    stream = io.TextIOWrapper(
        open(number, "wb" if number else "rb", closefd=False),  # noqa: SIM115 - it stays open
        encoding=before.encoding,
        errors=before.errors,
        newline="\n",
        line_buffering=name == "stderr",
    )
    setattr(sys, name, stream)
    setattr(sys, f"__{name}__", stream)


def become(asked: dict[str, Any], streams: list[int]) -> None:
    """Turns a fork into a process like the console script."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in enumerate(STREAMS):
        os.dup2(streams[number], number)
        os.close(streams[number])
        open_stream(number, name)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv[:] = asked["words"]


def keep(asked: dict[str, Any], streams: list[int]) -> None:
    """Forks a command and sends its process id, then its exit code; returns only in the command."""
    status = streams.pop(STATUS)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as in a starting interpreter
    if not (fork := os.fork()):
        os.close(status)
        become(asked, streams)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for stream in streams:
        os.close(stream)
    os.write(status, fork.to_bytes(NUMBER))
    _, ended = os.waitpid(fork, 0)
    with suppress(BrokenPipeError):  # the test has ended
        os.write(status, os.waitstatus_to_exitcode(ended).to_bytes(NUMBER, signed=True))
    os._exit(0)


def forked() -> Callable[[], Any]:
    """Serves requests; returns only in forks."""
    number, script = sys.argv[1:]
    sys.path[0] = os.path.dirname(script)  # noqa: PTH120 - as the interpreter does
    enter = command()
    requests = socket.socket(fileno=int(number))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its socket instead
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no one waits for the children
    while True:
        asked, streams = received(requests)
        if not os.fork():
            requests.close()
            keep(asked, streams)
            return enter
        for stream in streams:
            os.close(stream)


def run_to_end(enter: Callable[[], Any]) -> NoReturn:
    """Calls the function of the console script, and exits as an interpreter does.

    Only the modules stay: to take them apart, a fork would first copy the memory of all of them,
    which takes more time than most commands.
    """
    code = 0
    try:
        enter()
    except SystemExit as end:
        code = int(end.code or 0)
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - as multiprocessing does
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run_to_end(forked())
