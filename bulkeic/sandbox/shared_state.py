"""The state that all requests share."""

from dataclasses import replace
from random import Random

from bulkeic.sandbox.auth.principal import Authenticator
from bulkeic.sandbox.behavior.account_options import AccountRules
from bulkeic.sandbox.behavior.destination_checks import DestinationPropagation, DestinationRules
from bulkeic.sandbox.behavior.faults import DrawnFaults, Faults, draw_faults
from bulkeic.sandbox.behavior.pending_updates import PendingUpdates
from bulkeic.sandbox.behavior.quota import Quota, get_function_limits
from bulkeic.sandbox.behavior.sandbox_options import (
    LaneOverrides,
    SandboxOptions,
    resolve_lane_overrides,
)
from bulkeic.sandbox.protocol.body_budget import BodyBudget
from bulkeic.sandbox.protocol.router import RoutedOperation
from bulkeic.sandbox.state.fleet import Fleet, Lane, StoredConfig
from bulkeic.sandbox.state.function_arns import check_function_identity
from bulkeic.sandbox.state.function_facts import FunctionFacts
from bulkeic.sandbox.state.invented_lanes import InventedLanes
from bulkeic.sandbox.state.sandbox_alarms import SandboxAlarms
from bulkeic.sandbox.state.sandbox_calendars import SandboxCalendars
from bulkeic.sandbox.stats.call_stats import CallStats
from bulkeic.sandbox.stats.target_calls import TargetCalls

MISSING = "-missing"
UNCONFIGURED = "-unconfigured"
_DEFAULT_RETRIES = 2
_DEFAULT_AGE_S = 21600


class SharedState:
    """The fleet, its quotas and faults, and the counts of calls.

    Attributes:
        options: the options that the sandbox started with.
        faults: the current faults of lanes without an override.
        lane_overrides: the current overrides of single lanes.
        accounts: what accounts have and deny; can be replaced.
        fleet: the functions.
        authenticator: identifies the sender of a request.
        stats: the counts of calls.
        target_calls: the counts for each target.
        alarms: the alarms of CloudWatch.
        calendars: the change calendars of Systems Manager.
        pending_updates: the writes that are not finished.
        connections: number of open connections.
        bodies: the bytes of request bodies that they hold.
        invented_lanes: the lanes that were called and have no functions.

    Args:
        options: the options that the sandbox starts with.
        wall_s: Unix time in seconds, for LastModified of default configurations.
    """

    def __init__(self, options: SandboxOptions, wall_s: float) -> None:
        default = StoredConfig(_DEFAULT_RETRIES, _DEFAULT_AGE_S, None, None, int(wall_s * 1000))
        self.options = options
        self.fleet = Fleet(default, any_function=options.any_function)
        self.accounts = AccountRules(options.accounts)
        self.authenticator = Authenticator(
            options.secret, verify_signatures=options.verify_signatures
        )
        self._quota = Quota(options.rate, options.burst)
        self._get_function_quota = Quota(*get_function_limits(options.rate))
        self.set_faults(options.faults, options.lanes)
        self.stats = CallStats()
        self.target_calls = TargetCalls()
        self.alarms = SandboxAlarms(options.alarms, any_name=options.any_alarm, wall_s=wall_s)
        self.calendars = SandboxCalendars(options.calendars, any_name=options.any_calendar)
        self.pending_updates = PendingUpdates()
        self.connections = 0
        self.bodies = BodyBudget()
        self.invented_lanes = InventedLanes()
        self._propagation = DestinationPropagation()
        # A generator for latency alone: STS calls take latency, but must not shift the faults.
        self._fault_rng = Random(options.seed)  # noqa: S311
        self._latency_rng = Random(f"latency {options.seed}")  # noqa: S311

    def set_faults(self, faults: Faults, lane_overrides: LaneOverrides) -> None:
        """Replace the faults and the overrides of single lanes.

        Raises:
            ValueError: a lane's name or value is invalid; nothing is changed.
        """
        default = replace(self.options.lane_default, faults=faults)
        overrides = resolve_lane_overrides(lane_overrides, default)
        self.faults, self.lane_overrides = faults, lane_overrides
        self._lane_faults = {lane: own.faults for lane, own in overrides.items()}
        self._quota.set_overrides({lane: (own.rate, own.burst) for lane, own in overrides.items()})
        self._get_function_quota.set_overrides(
            {lane: get_function_limits(own.rate) for lane, own in overrides.items()}
        )

    def faults_of(self, lane: Lane) -> Faults:
        """Return the current faults of (account, Region)."""
        return self._lane_faults.get(lane, self.faults) if self._lane_faults else self.faults

    def take_quota(self, operation: RoutedOperation, lane: Lane, now: float) -> bool:
        """Take a call from the quota of (account, Region); return False if none is left."""
        quota = self._get_function_quota if operation.has_own_quota else self._quota
        return quota.take(lane, now)

    def draw_faults(self, lane: Lane) -> DrawnFaults:
        """Decide which faults strike the next call of (account, Region)."""
        return draw_faults(self._fault_rng, self.faults_of(lane))

    def draw_latency_quantile(self) -> float:
        """Draw the quantile of the next call's latency, 0 to 1: once for each call."""
        return self._latency_rng.random()

    def destination_rules(self, lane: Lane) -> DestinationRules:
        """Return the rules for destinations in (account, Region)."""
        lag_s = self.faults_of(lane).iam_propagation_s
        return DestinationRules(self.options.merge_destinations, self._propagation, lag_s)

    def add_function(
        self,
        account_id: str,
        region: str,
        function_name: str,
        qualifier: str,
        *,
        facts: FunctionFacts | None = None,
    ) -> None:
        """Add a function, and replace its facts if there are any; see `Sandbox.add_function`.

        Raises:
            ValueError: a part is malformed.
        """
        check_function_identity(account_id, region, function_name, qualifier)
        if function_name.endswith(MISSING):
            return
        config = None if function_name.endswith(UNCONFIGURED) else self.fleet.default
        lane = (account_id, region)
        self.fleet.add(lane, function_name, qualifier, config)
        if facts is not None:
            self.fleet.describe(lane, function_name, facts)
