"""CPU and memory that this process uses."""

import resource
import sys
import time

from bulkeic.bench.model.measurements import ClientUsage

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_MB = 1e6


class ProcessUsage:
    """Measures CPU and memory since its creation or its last restart."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Measures from now on."""
        self._cpu_s = time.process_time()
        self._started_at = time.monotonic()

    def client(self) -> ClientUsage:
        """The usage so far."""
        cpu_s = time.process_time() - self._cpu_s
        elapsed_s = time.monotonic() - self._started_at
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
        return ClientUsage(
            cpu_s=cpu_s, cpu_share=cpu_s / elapsed_s if elapsed_s > 0 else 0.0, rss_mb=peak / _MB
        )
