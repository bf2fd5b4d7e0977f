"""Who starts a session of work on a run, and how."""

import json

import msgspec


class SessionOrigin(msgspec.Struct, frozen=True):
    """Where a session comes from.

    Attributes:
        version: of bulkeic.
        caller_arn: the principal whose credentials were used; ``None``: each account has its own
            profile, or nothing was called but the sandbox.
        flags: the words of the given flags as a JSON array.
    """

    version: str | None = None
    caller_arn: str | None = None
    flags: str | None = None

    @property
    def words(self) -> list[str]:
        """The words of the given flags."""
        # Not by msgspec, which refuses file names that are not UTF-8.
        try:
            decoded = json.loads(self.flags or "[]")
        except (ValueError, RecursionError):  # a changed run file
            return []
        return list(map(str, decoded)) if isinstance(decoded, list) else []
