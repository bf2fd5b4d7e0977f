"""What both transports know of an exchange: its response, its timing, and who trusts it."""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec


class RawResponse(msgspec.Struct, frozen=True, gc=False):
    """An HTTP response.

    Attributes:
        status: the HTTP status.
        headers: their names match in any case.
        body: whole, and decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class ExchangeTiming(Protocol):
    """Times one exchange on the wire, without the work before and after it."""

    async def before_send(self) -> None:
        """Returns when the request must be written; its connection is open."""

    def response_received(self) -> None:
        """Records that the whole response was received."""


IsTrusted = Callable[[RawResponse], bool]
"""Whether a response can belong to its request."""
