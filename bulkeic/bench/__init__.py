"""Measuring: requests as they are due, each call of theirs timed, and what they come to."""

from bulkeic.bench.feeds import RoundRobin
from bulkeic.bench.gauge import Gauge
from bulkeic.bench.lead import Lead
from bulkeic.bench.metronome import Metronome
from bulkeic.bench.stopwatch import Stopwatch
from bulkeic.bench.usage import Usage

__all__ = ["Gauge", "Lead", "Metronome", "RoundRobin", "Stopwatch", "Usage"]
