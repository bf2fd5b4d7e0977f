"""Which workers make the calls: a number of processes, or the address of a Dask scheduler."""

import re
from typing import Any

import msgspec

from bulkeic.core.errors import InputError, quoted
from bulkeic.core.options.option_values import Integer, ValueType

_EXPECTED = "tls://HOST:PORT, for example tls://scheduler.internal:8786"
_HIGHEST_PORT = 65_535
_match_address = re.compile(
    r"(tls|tcp)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", re.ASCII
).fullmatch


class SchedulerAddress(msgspec.Struct, frozen=True):
    """Where a Dask scheduler listens.

    Attributes:
        scheme: ``tls`` or ``tcp``.
        host: a name, or an IP address without brackets.
        port: its port.
    """

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def is_encrypted(self) -> bool:
        """Whether connections to it are encrypted, and both ends show a certificate."""
        return self.scheme == "tls"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it. A name is not loopback, but for localhost."""
        import ipaddress  # noqa: PLC0415 - hardly any command needs it

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_scheduler_address(text: str) -> SchedulerAddress:
    """Reads the address of a scheduler.

    Raises:
        InputError: it is not one.
    """
    found = _match_address(text)
    if found is None or not 0 < int(found[3]) <= _HIGHEST_PORT:
        raise InputError(f"{quoted(text)} is not the address of a scheduler; expected {_EXPECTED}")
    return SchedulerAddress(found[1], found[2].strip("[]"), int(found[3]))


class WorkersValue(ValueType):
    """A number of worker processes on this machine, or the address of a scheduler with workers.

    Args:
        number: the valid numbers.
    """

    def __init__(self, number: Integer) -> None:
        expected = f"{number.expected}, or {_EXPECTED}"
        super().__init__("N|ADDRESS", "a number of workers or an address", expected)
        self._number = number

    def parse(self, text: str) -> int | SchedulerAddress:
        """See ``ValueType``."""
        if "://" in text:
            return parse_scheduler_address(text)
        try:
            number: int = self._number.parse(text)
        except InputError:
            raise self.invalid(text) from None
        return number

    def format(self, value: Any) -> str:
        """See ``ValueType``."""
        return str(value)
