"""Jobs in, outcomes out: every lane at its own pace, all lanes at once."""

from typing import TYPE_CHECKING

from bulkeic.lazy import imported_from

if TYPE_CHECKING:
    from bulkeic.engine.denials import IN_A_ROW
    from bulkeic.engine.engine import Engine
    from bulkeic.engine.feed import MemoryFeed
    from bulkeic.engine.lane import Meter
    from bulkeic.engine.limits import AUTO, Limits
    from bulkeic.engine.ports import Caller, Clock, Feed, Sink, SystemClock
else:
    __getattr__ = imported_from(
        __name__,
        {
            "denials": ("IN_A_ROW",),
            "engine": ("Engine",),
            "feed": ("MemoryFeed",),
            "lane": ("Meter",),
            "limits": (
                "AUTO",
                "Limits",
            ),
            "ports": (
                "Caller",
                "Clock",
                "Feed",
                "Sink",
                "SystemClock",
            ),
        },
    )

__all__ = [
    "AUTO",
    "IN_A_ROW",
    "Caller",
    "Clock",
    "Engine",
    "Feed",
    "Limits",
    "MemoryFeed",
    "Meter",
    "Sink",
    "SystemClock",
]
