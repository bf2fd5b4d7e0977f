"""The headers of an answer, as they were received."""

from collections.abc import Iterator, Mapping
from typing import TypeVar, overload

T = TypeVar("T")

_SPACE = " \t"


class AnswerHeaders(Mapping[str, str]):
    """Finds headers in the head of an answer when they are asked for; most are not.

    Names match in any case. The first of several headers with one name holds.

    Args:
        head: status line and headers, valid, with the empty line at the end.
        lower: the head in lower case.
    """

    __slots__ = ("_head", "_lower")

    def __init__(self, head: bytes, lower: bytes) -> None:
        self._head = head
        self._lower = lower

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str | T, /) -> str | T: ...
    def get(self, name: str, default: T | None = None, /) -> str | T | None:
        """Returns the value of a header."""
        key = f"\r\n{name}:".lower().encode()
        found = self._lower.find(key)
        if found < 0:
            return default
        begin = found + len(key)
        value = self._head[begin : self._head.find(b"\r\n", begin)]
        return value.decode(errors="surrogateescape").strip(_SPACE)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        lines = self._lower.split(b"\r\n")[1:-2]
        return iter(dict.fromkeys(line.partition(b":")[0].decode() for line in lines))

    def __len__(self) -> int:
        return sum(1 for _ in self)
