"""Reads the body of an answer within limits, and decompresses it.

No request asks for compression. A gateway may send it all the same.
"""

import zlib

import aiohttp

MAX_BODY_BYTES = 6 * 1024 * 1024
"""Bytes of a body, also once it is decompressed."""

# zlib's code for a gzip or a zlib header, whichever is there.
_ANY_HEADER = 32 + zlib.MAX_WBITS
_COMPRESSED = {"gzip", "x-gzip", "deflate"}


class AnswerTooLargeError(Exception):
    """An answer is larger than any answer of AWS."""


class ContentEncodingError(Exception):
    """An answer is compressed in a way that cannot be read."""


async def read_body(payload: aiohttp.StreamReader) -> bytes:
    """Returns a whole body.

    Raises:
        AnswerTooLargeError: it has more than ``MAX_BODY_BYTES``.
    """
    pieces: list[bytes] = []
    size = 0
    while piece := await payload.readany():
        size += len(piece)
        if size > MAX_BODY_BYTES:
            raise AnswerTooLargeError(f"more than {MAX_BODY_BYTES} bytes")
        pieces.append(piece)
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
