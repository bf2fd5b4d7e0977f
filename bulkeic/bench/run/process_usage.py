"""What this process takes of the machine."""

import resource
import sys
import time

from bulkeic.bench.model.measurements import ClientUsage

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
_MB = 1e6


class ProcessUsage:
    """CPU and memory since it was made, or begun anew."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Begins anew."""
        self._cpu_s = time.process_time()
        self._at = time.monotonic()

    def client(self) -> ClientUsage:
        """What has been taken since."""
        cpu_s = time.process_time() - self._cpu_s
        elapsed_s = time.monotonic() - self._at
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
        return ClientUsage(
            cpu_s=cpu_s, cpu_share=cpu_s / elapsed_s if elapsed_s > 0 else 0.0, rss_mb=most / _MB
        )
