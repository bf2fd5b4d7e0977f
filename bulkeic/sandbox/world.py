"""All that a sandbox's services share and change."""

from random import Random

from bulkeic.sandbox.caller import Guard
from bulkeic.sandbox.calls import Rules
from bulkeic.sandbox.changes import Changes
from bulkeic.sandbox.destinations import Propagation
from bulkeic.sandbox.faults import Fate, draw, latency_s
from bulkeic.sandbox.names import check_place
from bulkeic.sandbox.options import SandboxOptions
from bulkeic.sandbox.quota import Quota
from bulkeic.sandbox.stats import Stats
from bulkeic.sandbox.store import Config, Fleet

MISSING = "-missing"
UNCONFIGURED = "-unconfigured"
_DEFAULT_RETRIES = 2
_DEFAULT_AGE_S = 21600


class World:
    """The fleet, its quota, its faults and what was counted.

    Attributes:
        options: what the sandbox was told.
        faults: what goes wrong now.
        fleet: the functions.
        guard: who tells callers apart.
        quota: the lanes' quota.
        stats: the counts.
        changes: the changes that go on.
        connections: how many are open.

    Args:
        options: what the sandbox is told.
        wall_s: Unix time in seconds that default configurations were last changed at.
    """

    def __init__(self, options: SandboxOptions, wall_s: float) -> None:
        default = Config(_DEFAULT_RETRIES, _DEFAULT_AGE_S, None, None, int(wall_s * 1000))
        self.options = options
        self.faults = options.faults
        self.fleet = Fleet(default, any_function=options.any_function)
        self.guard = Guard(options.secret, verify_signatures=options.verify_signatures)
        self.quota = Quota(options.rate, options.burst)
        self.stats = Stats()
        self.changes = Changes()
        self._propagation = Propagation()
        self.connections = 0
        # Faults are to be repeatable, and their dice not to depend on how many calls STS gets.
        self._dice = Random(options.seed)  # noqa: S311
        self._latency_dice = Random(f"latency {options.seed}")  # noqa: S311

    def draw(self) -> Fate:
        """Decide what goes wrong with the next call."""
        return draw(self._dice, self.faults)

    def rules(self) -> Rules:
        """What changes are made by now."""
        lag_s = self.faults.iam_propagation_s
        return Rules(self.options.merge_destinations, self._propagation, lag_s)

    def latency_s(self) -> float:
        """Decide how many seconds the next answer takes."""
        return latency_s(self._latency_dice, self.faults)

    def hold(self, account_id: str, region: str, function_name: str, qualifier: str) -> None:
        """Make a function as `Sandbox.hold` says.

        Raises:
            ValueError: a part that does not have its form.
        """
        check_place(account_id, region, function_name, qualifier)
        if function_name.endswith(MISSING):
            return
        config = None if function_name.endswith(UNCONFIGURED) else self.fleet.default
        self.fleet.hold((account_id, region), function_name, qualifier, config)
