"""What a sandbox is told before it starts. Values are checked here and nowhere else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

# A day: longer is a mistake, and event loops refuse timers of years.
_LONGEST_S = 86400.0
_ACCOUNT_OR_ROLE = re.compile(r"\d{12}(/[\w+=,.@-]{1,64})?", re.ASCII)
_LANE = re.compile(r"\d{12}/[a-z]{2,}(-[a-z]+)+-\d", re.ASCII)


def _within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high (which NaN never is)."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {value!r} is not between {low} and {high}")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often Lambda calls go wrong, and how.

    The probabilities run from 0 to 1 and are drawn for each Lambda call on its own; where several
    strike one call, `bulkeic.sandbox.behavior.faults` says which wins.

    Attributes:
        throttle: probability of a 429 although there is quota; it takes no quota.
        conflict: probability of a 409 on a call that would have changed something.
        error: probability of a 500.
        slow: probability that the answer comes `slow_s` later.
        slow_s: seconds that a slow answer takes more.
        cut_before: probability that the connection is cut before the change is made.
        cut_after: probability that the connection is cut after the change was made.
        hang: probability that the call is never answered; nothing is changed.
        truncated: probability that the answer announces more bytes than come before the close.
        garbage: probability of a 200 with an HTML page instead of the answer.
        refuse: probability of a 403 for want of a permission; it takes quota.
        expired: probability that credentials of AssumeRole are said to have expired.
        retry_after_s: seconds in a `Retry-After` header (rounded up) on every 429, or None.
        latency_s: seconds that every answer of Lambda and STS takes; the median, if there is a
            99th percentile.
        latency_p99_s: seconds within which 99 of 100 answers come, log-normally distributed; None
            if all take the same time.
        settle_s: seconds that a change goes on after its answer; another change of the same
            function meets a 409 meanwhile, as it does while the first is unanswered.
        iam_propagation_s: seconds that a destination is refused for after it was first seen.

    Raises:
        ValueError: a probability outside 0..1, seconds below 0, or a 99th percentile below the
            median or without one.
    """

    throttle: float = 0.0
    conflict: float = 0.0
    error: float = 0.0
    slow: float = 0.0
    slow_s: float = 1.0
    cut_before: float = 0.0
    cut_after: float = 0.0
    hang: float = 0.0
    truncated: float = 0.0
    garbage: float = 0.0
    refuse: float = 0.0
    expired: float = 0.0
    retry_after_s: float | None = None
    latency_s: float = 0.0
    latency_p99_s: float | None = None
    settle_s: float = 0.0
    iam_propagation_s: float = 0.0

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(self)):
            value = getattr(self, name)
            if value is None:
                continue
            _within(name, value, 0, _LONGEST_S if name.endswith("_s") else 1)
        if self.latency_p99_s is not None and not 0 < self.latency_s <= self.latency_p99_s:
            raise ValueError(
                f"latency_p99_s: {self.latency_p99_s!r} is below latency_s, or that is 0"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneOptions:
    """How one lane (account and Region) behaves.

    Attributes:
        rate: Lambda control-plane calls a second; None: any.
        burst: calls that it takes at once when rested.
        faults: what goes wrong in it on purpose.

    Raises:
        ValueError: a number out of its range.
    """

    rate: float | None
    burst: float
    faults: Faults

    def __post_init__(self) -> None:
        _within("burst", self.burst, 1, float("inf"))
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate: {self.rate!r} is not above 0")


Lanes = Mapping[str, Mapping[str, float | None]]
"""What is different in single lanes: by account/Region, fields of `LaneOptions` and `Faults`."""


def lane_options(lanes: Lanes, usual: LaneOptions) -> dict[tuple[str, str], LaneOptions]:
    """How the lanes behave that are unlike the others.

    Args:
        lanes: what is different in them.
        usual: how the others behave.

    Raises:
        ValueError: a name that is no lane's, or a value out of its range.
    """
    made = {}
    for name, own in lanes.items():
        if not _LANE.fullmatch(name):
            raise ValueError(f"lanes: {name!r} is not account/Region")
        faults: dict[str, Any] = dict(own)
        quota = {key: faults.pop(key) for key in ("rate", "burst") if key in faults}
        account, _, region = name.partition("/")
        try:
            lane = replace(usual, **quota, faults=replace(usual.faults, **faults))
        except ValueError as error:
            raise ValueError(f"lanes: {name}: {error}") from None
        made[account, region] = lane
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How a sandbox listens and behaves.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        rate: Lambda control-plane calls a second for each lane (account and Region); None: any.
        burst: calls that a rested lane takes at once.
        tls_cert: PEM file of the certificate (chain) to serve HTTPS with; None: HTTP.
        tls_key: PEM file of its private key; None: it is in the certificate's file.
        any_function: every well-formed function name exists, with every qualifier, each with a
            configuration until that is deleted.
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send.
            False replaces the whole of it. No record of AWS's answers rules out either.
        verify_signatures: whether a caller has to prove with a Signature Version 4 who it is.
        secret: the secret of every access key, apart from those that AssumeRole hands out.
        external_id: the ExternalId that every role wants from who assumes it; None: none.
        external_ids: the ExternalId that the roles of one account want instead, by account ID, or
            that a single role wants, by account ID, slash and name: the latter beats the former.
        session_duration_s: seconds that the credentials of AssumeRole last, whatever is asked for;
            None: as asked for.
        faults: what goes wrong on purpose.
        lanes: what is different in single lanes.
        seed: seed of the faults: the same seed and calls give the same answers.

    Raises:
        ValueError: a number out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 0
    rate: float | None = 15.0
    burst: float = 15.0
    tls_cert: str | None = None
    tls_key: str | None = None
    any_function: bool = False
    merge_destinations: bool = False
    verify_signatures: bool = True
    secret: str = "secret"  # noqa: S105 - a sandbox's secret is public
    external_id: str | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)
    session_duration_s: float | None = None
    faults: Faults = Faults()
    lanes: Lanes = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        _within("port", self.port, 0, 65535)
        lane_options(self.lanes, self.usual)
        if self.session_duration_s is not None:
            _within("session_duration_s", self.session_duration_s, 0, _LONGEST_S)
        for key in self.external_ids:
            if not _ACCOUNT_OR_ROLE.fullmatch(key):
                raise ValueError(f"external_ids: {key!r} is neither an account nor account/role")
        if not _is_utf8(self.secret):
            raise ValueError("secret: not UTF-8")
        if self.tls_key is not None and self.tls_cert is None:
            raise ValueError("tls_key: there is no tls_cert")

    @property
    def usual(self) -> LaneOptions:
        """How a lane behaves that `lanes` does not name."""
        return LaneOptions(rate=self.rate, burst=self.burst, faults=self.faults)
