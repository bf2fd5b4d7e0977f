"""All that a sandbox's services share and change."""

from dataclasses import replace
from random import Random

from bulkeic.sandbox.api.request_context import CheckRules
from bulkeic.sandbox.auth.principal import Authenticator
from bulkeic.sandbox.behavior.destination_checks import Propagation
from bulkeic.sandbox.behavior.faults import Fate, draw
from bulkeic.sandbox.behavior.pending_updates import PendingUpdates
from bulkeic.sandbox.behavior.quota import Quota, get_function_limits
from bulkeic.sandbox.behavior.sandbox_options import Faults, Lanes, SandboxOptions, lane_options
from bulkeic.sandbox.protocol.router import RoutedOperation
from bulkeic.sandbox.state.fleet import Fleet, Lane, StoredConfig
from bulkeic.sandbox.state.function_arns import check_place
from bulkeic.sandbox.stats.call_stats import CallStats
from bulkeic.sandbox.stats.target_calls import TargetCalls

MISSING = "-missing"
UNCONFIGURED = "-unconfigured"
_DEFAULT_RETRIES = 2
_DEFAULT_AGE_S = 21600


class SharedState:
    """The fleet, its quotas, its faults and what was counted.

    Attributes:
        options: what the sandbox was told.
        faults: what goes wrong now, in most lanes.
        lanes: what is different now in single lanes.
        fleet: the functions.
        guard: who tells callers apart.
        stats: the counts.
        targets: the counts of each target.
        changes: the changes that go on.
        connections: how many are open.

    Args:
        options: what the sandbox is told.
        wall_s: Unix time in seconds that default configurations were last changed at.
    """

    def __init__(self, options: SandboxOptions, wall_s: float) -> None:
        default = StoredConfig(_DEFAULT_RETRIES, _DEFAULT_AGE_S, None, None, int(wall_s * 1000))
        self.options = options
        self.fleet = Fleet(default, any_function=options.any_function)
        self.guard = Authenticator(options.secret, verify_signatures=options.verify_signatures)
        self._quota = Quota(options.rate, options.burst)
        self._get_function_quota = Quota(*get_function_limits(options.rate))
        self._own_faults: dict[Lane, Faults] = {}
        self.set_faults(options.faults, options.lanes)
        self.stats = CallStats()
        self.targets = TargetCalls()
        self.changes = PendingUpdates()
        self._propagation = Propagation()
        self.connections = 0
        # Faults are to be repeatable, and their dice not to depend on how many calls STS gets.
        self._dice = Random(options.seed)  # noqa: S311
        self._latency_dice = Random(f"latency {options.seed}")  # noqa: S311

    def set_faults(self, faults: Faults, lanes: Lanes) -> None:
        """Change what goes wrong, and what is different in single lanes.

        Raises:
            ValueError: a lane's name or value is none; nothing is changed.
        """
        own = lane_options(lanes, replace(self.options.usual, faults=faults))
        self.faults, self.lanes = faults, lanes
        self._own_faults = {lane: each.faults for lane, each in own.items()}
        self._quota.set_own({lane: (each.rate, each.burst) for lane, each in own.items()})
        self._get_function_quota.set_own(
            {lane: get_function_limits(each.rate) for lane, each in own.items()}
        )

    def faults_of(self, lane: Lane) -> Faults:
        """What goes wrong now in (account, Region)."""
        return self._own_faults.get(lane, self.faults) if self._own_faults else self.faults

    def take_quota(self, operation: RoutedOperation, lane: Lane, now: float) -> bool:
        """Take a call from the quota of (account, Region), or say that there is none."""
        quota = self._get_function_quota if operation.has_own_quota else self._quota
        return quota.take(lane, now)

    def draw(self, faults: Faults) -> Fate:
        """Decide which of these faults strike the next call."""
        return draw(self._dice, faults)

    def rules(self, faults: Faults) -> CheckRules:
        """What changes are made by where these faults strike."""
        lag_s = faults.iam_propagation_s
        return CheckRules(self.options.merge_destinations, self._propagation, lag_s)

    def latency_chance(self) -> float:
        """Throw the die of the next answer's latency: once for each call, whatever it is."""
        return self._latency_dice.random()

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
