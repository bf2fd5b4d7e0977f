"""Jobs in, outcomes out: every lane at its own pace, all lanes at once."""

from bulkeic.engine.engine import Engine, Limits
from bulkeic.engine.feed import MemoryFeed
from bulkeic.engine.lane import Meter
from bulkeic.engine.ports import Caller, Clock, Feed, Sink, SystemClock

__all__ = [
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
