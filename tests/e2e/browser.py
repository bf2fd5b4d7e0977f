"""Drives a headless Chromium with its DevTools protocol, over a pair of pipes."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
    "--remote-debugging-pipe",
)
# Checks the condition whenever the page changes, instead of polling.
UNTIL = """new Promise((done, failed) => {
  const patience = setTimeout(() => failed(new Error(document.body.innerText)), 20000);
  const look = () => { if (%s) { watch.disconnect(); clearTimeout(patience); done(true); } };
  const watch = new MutationObserver(look);
  watch.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
  look();
})"""


class Browser:
    """A browser with one page at a time.

    Attributes:
        requests: URLs that the page requested.
        complaints: messages on its console, and uncaught exceptions.
    """

    def __init__(self, profile: Path) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._profile = profile
        self._id = 0
        self._rest = b""
        self._session: str | None = None

    def __enter__(self) -> Self:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        assert program, "Chromium is missing; run: make chromium"
        self._start(program)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._send("Browser.close")
            self._process.wait(20)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._to)
            os.close(self._from)

    @contextmanager
    def page(self) -> Iterator[Self]:
        """A new page, which knows nothing of those before it."""
        self.requests, self.complaints = [], []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        try:
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.ask(f"{domain}.enable")
            yield self
        finally:
            self._session = None
            self.ask("Target.closeTarget", targetId=target)

    def ask(self, method: str, **params: Any) -> Any:
        """Sends a command and records events until its answer arrives."""
        number = self._send(method, **params)
        while (message := self._receive()).get("id") != number:
            self._note(message)
        assert "error" not in message, (method, message)
        return message["result"]

    def open(self, url: str) -> None:
        self.ask("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        answer = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Waits until a JavaScript condition is true in the page."""
        self.evaluate(UNTIL % condition)

    def _start(self, program: str) -> None:
        commands, self._to = os.pipe()
        self._from, answers = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4, so the
        # pipes must have other numbers.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands, answers)]
        script = f'exec 3<&{ends[0]} 4>&{ends[1]} {ends[0]}<&- {ends[1]}>&-; exec "$@"'
        words = [program, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", script, "browser", *words],
            pass_fds=ends,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (commands, answers, *ends):
            os.close(end)

    def _send(self, method: str, **params: Any) -> int:
        self._id += 1
        command = {"id": self._id, "method": method, "params": params}
        if self._session is not None:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        return self._id

    def _receive(self) -> Any:
        while b"\0" not in self._rest:
            data = os.read(self._from, 65536)
            assert data, "the browser ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def _note(self, message: Any) -> None:
        note = _NOTES.get(message.get("method"))
        if note is not None and message.get("sessionId") == self._session:
            note(self, message["params"])


_NOTES: dict[str, Callable[[Browser, Any], None]] = {
    "Network.requestWillBeSent": lambda page, it: page.requests.append(it["request"]["url"]),
    "Runtime.consoleAPICalled": lambda page, it: page.complaints.append(str(it["args"])),
    "Runtime.exceptionThrown": lambda page, it: page.complaints.append(str(it)),
    "Log.entryAdded": lambda page, it: page.complaints.append(it["entry"]["text"]),
}
