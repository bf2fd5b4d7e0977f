"""Jobs in, outcomes out: every lane at its own pace, all lanes at once."""

from bulkeic.engine.denials import IN_A_ROW
from bulkeic.engine.engine import Engine
from bulkeic.engine.feed import MemoryFeed
from bulkeic.engine.lane import Meter
from bulkeic.engine.limits import AUTO, Limits
from bulkeic.engine.ports import Caller, Clock, Feed, Sink, SystemClock

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
