"""A loopback server of a test: a thread for each connection, and nothing is printed."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class QuietHandler(BaseHTTPRequestHandler):
    """Reads and answers requests; a test says what."""

    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        """The body of the request."""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def reply(
        self, status: int, content: bytes = b"", headers: Mapping[str, str] = _NO_HEADERS
    ) -> None:
        """Answers the request."""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Keeps quiet."""


@contextmanager
def serve_loopback(handler: type[QuietHandler]) -> Iterator[str]:
    """Serves as long as a ``with`` block lives; yields the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
