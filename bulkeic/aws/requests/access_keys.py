"""The credentials that sign a request."""

import math
from typing import Any

import msgspec

from bulkeic.aws.answers.sanitizer import register_secrets


class AccessKeys(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """The credentials that sign a request. ``sanitize`` removes their values from texts.

    Attributes:
        token: session token; ``None`` for long-term keys.
        expires_at: Unix time in seconds; ``inf``: never, or not known.
    """

    access_key: str
    secret_key: str
    token: str | None = None
    expires_at: float = math.inf

    def is_same(self, other: "AccessKeys | None") -> bool:
        """Whether both sign alike. AWS does not see ``expires_at``."""
        return other is not None and (self.access_key, self.secret_key, self.token) == (
            other.access_key,
            other.secret_key,
            other.token,
        )

    def __post_init__(self) -> None:
        """Registers the values as secrets."""
        register_secrets(self)

    def secrets(self) -> tuple[str, ...]:
        """Returns the values that must never be shown."""
        return (self.access_key, self.secret_key, self.token or "")

    def __repr__(self) -> str:
        """Shows no secrets."""
        return "AccessKeys(***)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Shows no secrets."""
        return []
