"""Messages on a stream of bytes: each after its length in four bytes, big-endian."""

import struct

_LENGTH = struct.Struct(">I")
MOST_BYTES = 64 * 1024 * 1024
"""The longest message."""


def frame(message: bytes) -> bytes:
    """A message with its length before it.

    Raises:
        ValueError: it is too long.
    """
    if len(message) > MOST_BYTES:
        raise ValueError(f"a message of {len(message):,} bytes is too long")
    return _LENGTH.pack(len(message)) + message


class FrameReader:
    """Puts messages together from pieces of a stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Adds the next bytes."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Removes and returns the next message; ``None``: it is not complete.

        Raises:
            ValueError: its length cannot be right.
        """
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MOST_BYTES:
            raise ValueError(f"a message of {length:,} bytes is too long")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        message = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return message
