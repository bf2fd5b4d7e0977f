"""What a sandbox is told before it starts. Values are checked here and nowhere else."""

from dataclasses import dataclass, fields

# A day: longer is a mistake, and event loops refuse timers of years.
_LONGEST_S = 86400.0


def _within(name: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high (which NaN never is)."""
    if not low <= value <= high:
        raise ValueError(f"{name}: {value!r} is not between {low} and {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often Lambda calls go wrong, and how.

    The probabilities run from 0 to 1 and are drawn for each Lambda call on its own; where several
    strike one call, `bulkeic.sandbox.faults` says which wins.

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
        retry_after_s: seconds in a `Retry-After` header (rounded up) on every 429, or None.

    Raises:
        ValueError: a probability outside 0..1, or seconds below 0.
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
    retry_after_s: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name.endswith("_s"):
                _within(field.name, value, 0, _LONGEST_S)
            else:
                _within(field.name, value, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """How a sandbox listens and behaves.

    Attributes:
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        rate: Lambda control-plane calls a second for each lane (account and Region); None: any.
        burst: calls that a rested lane takes at once.
        latency_s: seconds that every answer of Lambda and STS takes.
        any_function: every well-formed function name exists, with every qualifier, each with a
            configuration until that is deleted.
        merge_destinations: an Update keeps the half of DestinationConfig that it does not send.
            False replaces the whole of it. No record of AWS's answers rules out either.
        faults: what goes wrong on purpose.
        seed: seed of the faults: the same seed and calls give the same answers.

    Raises:
        ValueError: a number out of its range.
    """

    host: str = "127.0.0.1"
    port: int = 0
    rate: float | None = 15.0
    burst: float = 15.0
    latency_s: float = 0.0
    any_function: bool = False
    merge_destinations: bool = False
    faults: Faults = Faults()
    seed: int = 0

    def __post_init__(self) -> None:
        _within("port", self.port, 0, 65535)
        _within("burst", self.burst, 1, float("inf"))
        _within("latency_s", self.latency_s, 0, _LONGEST_S)
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate: {self.rate!r} is not above 0")
