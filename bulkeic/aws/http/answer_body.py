"""The body of an answer within limits, decompressed.

No request asks for compression. A gateway may send it all the same.
"""

import zlib

MAX_BODY_BYTES = 6 * 1024 * 1024
"""Bytes of a body, also once it is decompressed."""

MAX_BODIES_BYTES = 32 * 1024 * 1024
"""Bytes of all bodies that are being read at once."""

# zlib's code for a gzip or a zlib header, whichever is there.
_ANY_HEADER = 32 + zlib.MAX_WBITS
_COMPRESSED = {"gzip", "x-gzip", "deflate"}


class AnswerTooLargeError(Exception):
    """An answer is larger than any answer of AWS."""


class ContentEncodingError(Exception):
    """An answer is compressed in a way that cannot be read."""


class BodyMemory:
    """Counts the bytes of all bodies that are being read: they share the memory of one process."""

    def __init__(self) -> None:
        self._bytes = 0

    def reserve(self, size: int) -> None:
        """Counts further bytes of a body.

        Raises:
            AnswerTooLargeError: all bodies together have more than ``MAX_BODIES_BYTES``.
        """
        self._bytes += size
        if self._bytes > MAX_BODIES_BYTES:
            raise AnswerTooLargeError("too many large answers at once")

    def release(self, size: int) -> None:
        """Subtracts the bytes of a body that is no longer being read."""
        self._bytes -= size


BODIES = BodyMemory()
"""The bodies of all connections."""


def check_body_size(size: int) -> None:
    """Checks how many bytes of a body were received.

    Raises:
        AnswerTooLargeError: more than ``MAX_BODY_BYTES``.
    """
    if size > MAX_BODY_BYTES:
        raise AnswerTooLargeError(f"more than {MAX_BODY_BYTES} bytes")


def decoded_body(body: bytes, encoding: str | None) -> bytes:
    """Returns a body without its ``Content-Encoding``.

    Args:
        body: as received.
        encoding: the header's value; ``None``: there is none.

    Raises:
        AnswerTooLargeError: it has more than ``MAX_BODY_BYTES``.
        ContentEncodingError: the encoding is unknown, or the body does not have it.
    """
    name = (encoding or "").strip().lower()
    if name in {"", "identity"} or not body:
        return body
    if name not in _COMPRESSED:
        raise ContentEncodingError("the answer has an unknown Content-Encoding")
    decoder = zlib.decompressobj(_ANY_HEADER)
    try:
        decoded = decoder.decompress(body, MAX_BODY_BYTES)
    except zlib.error:
        raise ContentEncodingError(f"the answer is not valid {name}") from None
    if decoder.unconsumed_tail:
        raise AnswerTooLargeError(f"more than {MAX_BODY_BYTES} bytes once decompressed")
    if not decoder.eof or decoder.unused_data:
        raise ContentEncodingError(f"the answer is not valid {name}")
    return decoded
