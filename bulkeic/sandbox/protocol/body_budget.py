"""A limit on the bytes of all request bodies that the sandbox holds at the same time."""

BODIES_LIMIT = 128 * 1024 * 1024


class BodyBudget:
    """The bytes of request bodies that connections hold.

    Attributes:
        held: bytes held now.

    Args:
        limit: the most bytes to hold.
    """

    __slots__ = ("_limit", "held")

    def __init__(self, limit: int = BODIES_LIMIT) -> None:
        self._limit = limit
        self.held = 0

    def reserve(self, size: int) -> bool:
        """Hold more bytes; return False, and hold none of them, if the limit does not allow it."""
        if self.held + size > self._limit:
            return False
        self.held += size
        return True

    def release(self, size: int) -> None:
        """Hold fewer bytes."""
        self.held -= size
