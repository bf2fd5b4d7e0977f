"""What a user can choose of a benchmark, as types."""

import msgspec

from bulkeic.app.setup.options import TargetsOptions
from bulkeic.bench.model.measurements import BenchOperation
from bulkeic.bench.model.workload import LoadFlags
from bulkeic.core.model import Settings

# Nothing of it is ever sent: a list of functions, without any settings, will do as well.
_NO_MATTER = Settings(maximum_retry_attempts=0)


class BenchOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``bench``.

    Attributes:
        source: targets file or run file; empty: none.
        load: what is put on.
        operation: what is called.
        functions: so many functions, named as the sandbox names those that it makes up.
        repeat: how often all loads are put on.
        seed: of the order of targets, and of the jitter of retries.
        forecast: a targets file; how long ``apply`` would take for it.
        html: a page to be written.
        yes: whether to go ahead without asking.
        words: the command line behind ``bulkeic``.
    """

    source: str = ""
    settings: Settings = _NO_MATTER
    load: LoadFlags = LoadFlags()
    operation: BenchOperation = BenchOperation.GET
    functions: int | None = None
    repeat: int = 1
    seed: int = 0
    forecast: str | None = None
    html: str | None = None
    yes: bool = False
    words: list[str] = msgspec.field(default_factory=list)

    def settled(self) -> list[tuple[str, object]]:
        """See ``TargetsOptions``; nobody has given the settings."""
        return [(name, given) for name, given in super().settled() if name != "settings"]
