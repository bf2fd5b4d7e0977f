"""Reads the body of an answer within limits, and decompresses it.

No request asks for compression. A gateway may send it all the same.
"""

import zlib

import aiohttp

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


class BodyReader:
    """Reads bodies, one at a time or many at once, within limits."""

    def __init__(self) -> None:
        self._bytes = 0

    async def read(self, payload: aiohttp.StreamReader) -> bytes:
        """Returns a whole body.

        Raises:
            AnswerTooLargeError: it has more than ``MAX_BODY_BYTES``, or all bodies that are being
                read have more than ``MAX_BODIES_BYTES``.
        """
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := await payload.readany():
                size += len(piece)
                self._bytes += len(piece)
                if size > MAX_BODY_BYTES:
                    raise AnswerTooLargeError(f"more than {MAX_BODY_BYTES} bytes")
                if self._bytes > MAX_BODIES_BYTES:
                    raise AnswerTooLargeError("too many large answers at once")
                pieces.append(piece)
        finally:
            self._bytes -= size
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


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
