"""A proxy on loopback that records every byte in both directions, goes silent, and cuts."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class FrameRecorder:
    """Relays TCP connections to a port of this machine.

    Attributes:
        port: where it listens.
        seen: all bytes so far.
    """

    def __init__(self, port: int) -> None:
        self.seen = bytearray()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._flow = threading.Event()
        self._flow.set()
        self._start(self._accept)

    def go_silent(self) -> None:
        """Keeps the connections, and passes nothing on."""
        self._flow.clear()

    def go_on(self) -> None:
        """Passes on what has arrived meanwhile, and all that follows."""
        self._flow.set()

    def cut(self) -> None:
        """Ends every connection. New ones are accepted."""
        for each in self._sockets:
            if each is not self._listener:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.go_on()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join()
        for each in self._sockets:
            each.close()

    def _start(self, work: "object", *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._sockets.append(near)
                far = socket.create_connection(("127.0.0.1", self._target))
                self._sockets.append(far)
                self._start(self._relay, near, far)
                self._start(self._relay, far, near)

    def _relay(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.seen += data
                self._flow.wait()
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextmanager
def frame_recorder(port: int) -> Iterator[FrameRecorder]:
    """Runs a recorder in front of a port."""
    recorder = FrameRecorder(port)
    try:
        yield recorder
    finally:
        recorder.close()
