"""The installed command as a subprocess, and the sandboxes that it calls."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .browser import Browser
from .forks import Forks, Process

ACCOUNT = "123456789012"
REGION = "us-east-1"
SECRET = "secret"

STREAMS = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}

COMMAND = shutil.which("bulkeic", path=str(Path(sys.executable).parent))


def environment() -> dict[str, str]:
    """The environment of the command: without AWS settings and configuration, with credentials."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "BULKEIC_", "OTEL_", "PYTHON"))
        and not name.lower().endswith("_proxy")
    } | {
        "AWS_ACCESS_KEY_ID": f"AKIA{ACCOUNT}",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONWARNINGS": "error",
        "XDG_CONFIG_HOME": os.devnull,
    }


class Result:
    """The exit code and output of a command."""

    def __init__(self, process: "subprocess.CompletedProcess[str]") -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()

    @property
    def summary(self) -> Any:
        return json.loads(self.out)


class Bulkeic:
    """Runs the installed command in a folder of its own, without AWS settings of the machine.

    Args:
        folder: where it runs.
        forks: forks the command; ``None``: each command starts an interpreter.
    """

    def __init__(self, folder: Path, forks: Forks | None = None) -> None:
        self.folder = folder
        self._forks = forks
        self.started: list[Process] = []
        self.env = environment()

    def __call__(self, *words: object, stdin: str | None = None, **env: str | None) -> Result:
        """Runs the command to its end; ``None`` removes an environment variable."""
        called = {name: value for name, value in (self.env | env).items() if value is not None}
        given = subprocess.DEVNULL if stdin is None else subprocess.PIPE
        process = self._start(words, called, stdin=given)
        out, err = process.communicate(stdin, timeout=60)
        result = Result(subprocess.CompletedProcess([], process.wait(), out, err))
        assert "Traceback" not in result.err, result.err
        return result

    def start(self, *words: object, **options: Any) -> Process:
        """Starts the command, with the options of ``subprocess.Popen``."""
        return self._start(words, self.env | options.pop("env", {}), **options)

    def _start(self, words: tuple[object, ...], env: dict[str, str], **options: Any) -> Process:
        options = STREAMS | options
        process: Process
        if self._forks and self._forks.serves(env) and options.keys() == STREAMS.keys():
            process = self._forks.start(self.words(words), cwd=self.folder, env=env, **options)
        else:
            process = subprocess.Popen(
                self.words(words), cwd=self.folder, env=env, text=True, **options
            )
        self.started.append(process)
        return process

    def asked(self, answer: str, *words: object) -> tuple[int, bytes]:
        """Answers the question of a command on a terminal: its exit code and its output."""
        ours, theirs = pty.openpty()
        try:
            process = self.start(*words, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL)
            os.close(theirs)
            screen = b""
            while b"update them? [y/N]" not in screen:
                screen += os.read(ours, 4096)
            os.write(ours, answer.encode())
            try:
                while piece := os.read(ours, 4096):
                    screen += piece
            except OSError:  # the other end of the terminal is closed
                pass
            return process.wait(20), screen
        finally:
            os.close(ours)

    def end(self) -> None:
        """Kills commands that a test left running."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def words(self, words: tuple[object, ...]) -> list[str]:
        assert COMMAND is not None
        return [COMMAND, *map(str, words)]

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def outcomes(self, name: str) -> list[dict[str, Any]]:
        """Reads outcomes from a JSON Lines file in the folder."""
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


class Server:
    """A sandbox in a process of its own."""

    def __init__(self, process: Process) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()
        assert self.url.startswith(("http://127.0.0.1:", "https://127.0.0.1:")), self.url

    def window(self, name: str, data: Any = None, method: str = "GET") -> Any:
        body = None if data is None else json.dumps(data).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{name}", body, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as response:
            return json.loads(response.read())

    def stats(self) -> Any:
        return self.window("stats")

    def calls(self, operation: str = "UpdateFunctionEventInvokeConfig") -> int:
        return int(self.stats()["by_operation"].get(operation, 0))

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        _, err = self._process.communicate(timeout=10)
        assert "Traceback" not in err, err


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks | None]:
    """Forks commands; with ``BULKEIC_REAL=1``, each command starts an interpreter instead."""
    if os.environ.get("BULKEIC_REAL"):
        yield None
    else:
        assert COMMAND is not None
        with Forks(COMMAND, environment()) as forks:
            yield forks


@pytest.fixture
def bulkeic(tmp_path: Path, forks: Forks | None) -> Iterator[Bulkeic]:
    command = Bulkeic(tmp_path, forks)
    yield command
    command.end()


@pytest.fixture
def sandbox(bulkeic: Bulkeic) -> Iterator[Callable[..., Server]]:
    """Starts sandboxes that stop with the test; words are flags of ``bulkeic sandbox``."""
    with ExitStack() as stack:

        def start(*words: object) -> Server:
            server = Server(bulkeic.start("sandbox", *words))
            stack.callback(server.stop)
            return server

        yield start


@pytest.fixture(scope="session")
def lasting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    command = Bulkeic(tmp_path_factory.mktemp("server"))
    server = Server(command.start("sandbox", "--rate", "unlimited"))
    yield server
    server.stop()


@pytest.fixture
def server(lasting_server: Server) -> Server:
    """A sandbox without a quota, where any function exists, in its initial state."""
    lasting_server.window("faults", {}, "PUT")
    lasting_server.window("state", {}, "PUT")
    lasting_server.window("reset-stats", {}, "POST")
    return lasting_server


@pytest.fixture(scope="module")
def lasting_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser") / "profile") as browser:
        yield browser


@pytest.fixture
def browser(lasting_browser: Browser) -> Iterator[Browser]:
    """A browser with a new page."""
    with lasting_browser.page() as browser:
        yield browser
