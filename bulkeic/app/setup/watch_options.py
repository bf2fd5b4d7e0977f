"""The options of those who watch a run."""

import msgspec


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches a run."""
