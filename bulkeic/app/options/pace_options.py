"""The options of pace: how fast a command calls Lambda, and for how long it retries."""

from typing import Annotated, Literal

import msgspec

from bulkeic.core.options.option_declaration import Flag, OptionGroup
from bulkeic.core.options.option_values import CallRate, Duration, Integer, Number, Percentage
from bulkeic.core.options.scheduler_address import SchedulerAddress, WorkersValue
from bulkeic.engine.limits import EngineLimits

RUNS = frozenset({"apply", "plan", "verify", "rollback"})
WRITES = frozenset({"apply", "rollback"})
POSITIVE_DURATION = Duration(is_above=True)

_LIMITS = EngineLimits()
_PACED = RUNS | {"discover"}


class PaceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How fast to call, and when to give up.

    A command leaves a field at its default if it does not have the flag.
    """

    rate: Annotated[float | Literal["auto"], Flag(
        "--rate", "Calls per second for each lane (account and Region), auto to find the limit, or "
        "unlimited.", OptionGroup.PACE, CallRate("auto"), commands=_PACED
    )] = _LIMITS.rate  # fmt: skip
    headroom: Annotated[float, Flag(
        "--headroom", "Share of the limit that --rate auto leaves to other callers.",
        OptionGroup.PACE, Percentage(90), commands=_PACED)] = _LIMITS.headroom  # fmt: skip
    burst: Annotated[float | None, Flag(
        "--burst", "Calls that a lane can make at once after a pause.", OptionGroup.PACE,
        Number(1, placeholder="CALLS"), "the rate", commands=_PACED)] = None  # fmt: skip
    concurrency: Annotated[int, Flag(
        "--concurrency", "Maximum number of calls in flight, over all lanes.", OptionGroup.PACE,
        Integer(1, 10_000, placeholder="CALLS"), commands=_PACED
    )] = _LIMITS.concurrency  # fmt: skip
    workers: Annotated[int | SchedulerAddress | None, Flag(
        "--workers", "Make the calls in this many worker processes, each with its own lanes and "
        "--concurrency. One process is enough for some 500 lanes. An address, for example "
        "tls://scheduler.internal:8786, uses the workers of a Dask scheduler; see bulkeic worker.",
        OptionGroup.PACE, WorkersValue(Integer(1, 64)), "none: in this process", commands=_PACED
    )] = None  # fmt: skip
    max_attempts: Annotated[int, Flag(
        "--max-attempts", "Maximum number of attempts for each target, without throttles and "
        "conflicts.", OptionGroup.PACE,
        Integer(1, 1000))] = _LIMITS.max_attempts  # fmt: skip
    throttle_budget_s: Annotated[float, Flag(
        "--throttle-budget", "How long to retry a target that is throttled or in conflict.",
        OptionGroup.PACE, Duration(0), commands=_PACED
    )] = _LIMITS.throttle_budget_s  # fmt: skip
    wait_for_iam_s: Annotated[float, Flag(
        "--wait-for-iam", "How long to retry a target whose destination is refused. A new role or "
        "destination needs a minute or two until Lambda accepts it.", OptionGroup.PACE,
        Duration(0), commands=WRITES)] = _LIMITS.wait_for_iam_s  # fmt: skip
    timeout_s: Annotated[float, Flag(
        "--timeout", "Time limit for one call.", OptionGroup.PACE, POSITIVE_DURATION
    )] = 10.0  # fmt: skip
    give_up_after_s: Annotated[float, Flag(
        "--give-up-after", "Stop a lane after this time without any response; stop the run if no "
        "lane has had one.", OptionGroup.PACE, POSITIVE_DURATION
    )] = _LIMITS.give_up_after_s  # fmt: skip
    max_denied: Annotated[int, Flag(
        "--max-denied", "Stop a lane after access to this many targets in a row was denied. "
        "0 means never.", OptionGroup.PACE, Integer(0), commands=_PACED
    )] = _LIMITS.max_denied  # fmt: skip

    def limits(self) -> EngineLimits:
        """How hard the engine may work."""
        return EngineLimits(
            rate=self.rate,
            burst=self.burst,
            headroom=self.headroom,
            concurrency=self.concurrency,
            max_attempts=self.max_attempts,
            throttle_budget_s=self.throttle_budget_s,
            wait_for_iam_s=self.wait_for_iam_s,
            give_up_after_s=self.give_up_after_s,
            max_denied=self.max_denied,
        )
