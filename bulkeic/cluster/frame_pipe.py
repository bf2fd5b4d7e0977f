"""Messages over a pair of pipes."""

import os

import anyio

from bulkeic.cluster.frames import FrameReader, frame

_CHUNK, _PIECE = 1 << 20, 1 << 16


class FramePipe:
    """One end of a pair of pipes, which becomes non-blocking.

    Args:
        incoming: file descriptor to read.
        outgoing: file descriptor to write.
    """

    def __init__(self, incoming: int, outgoing: int) -> None:
        for end in (incoming, outgoing):
            os.set_blocking(end, False)
        self._incoming = incoming
        self._outgoing = outgoing
        self._reader = FrameReader()
        self._unsent = bytearray()

    async def receive(self) -> bytes | None:
        """Returns the next message; ``None``: the other end has ended.

        Raises:
            OSError: the pipe cannot be read.
            ValueError: the message is too long.
        """
        while (message := self._reader.next()) is None:
            await anyio.wait_readable(self._incoming)
            data = os.read(self._incoming, _CHUNK)
            if not data:
                return None
            self._reader.feed(data)
        return message

    async def send(self, message: bytes) -> None:
        """Sends a message, after what is left of one whose sending was cancelled.

        Raises:
            OSError: the pipe cannot be written.
            ValueError: the message is too long.
        """
        self._unsent += frame(message)
        while self._unsent:
            await anyio.wait_writable(self._outgoing)
            del self._unsent[: os.write(self._outgoing, self._unsent[:_PIECE])]
